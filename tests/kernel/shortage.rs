//! A node that has run out of something, or does not say what it knows: errors say so, and nothing is taken for gone.

use std::fs;
use std::path::PathBuf;

use cni_harness::{Call, Node, Oracle, script};
use plumb_tests::binaries;
use plumb_tests::configuration::{dual_stack, pool, with};
use plumb_tests::state::records;
use serde_json::{Value, json};

/// A program that does something first, in a mount namespace of its own, and then is plumb.
fn after(node: &Node, name: &str, commands: &str) -> PathBuf {
    let path = node.scratch().join(name);
    let plumb = binaries::plumb();
    let text = format!(
        "#!/bin/sh\nexec unshare -m sh -c '{commands} && exec {}'\n",
        plumb.display()
    );
    script::write(&path, &text);
    path
}

/// With each number of descriptors, from too few to begin with to enough, for each verb.
#[test]
fn with_too_few_descriptors_nothing_is_taken_for_gone() {
    let node = plumb_tests::node();
    let (pod, other) = (node.pod(), node.pod());
    let clean = Oracle::new(&node);
    let limited = |limit: usize| {
        let path = node.scratch().join(format!("limit-{limit}"));
        let plumb = binaries::plumb();
        let text = format!("#!/bin/sh\nulimit -n {limit}\nexec {}\n", plumb.display());
        script::write(&path, &text);
        path
    };
    let mut failures = 0;
    for limit in 4..16 {
        let limited = limited(limit);
        let result = node.add(&pod, &dual_stack());
        let attached = Oracle::new(&node);
        let gc_without_list = Call::new(&node, "GC", &dual_stack());
        for call in [
            Call::check(&node, &pod, &dual_stack(), &result),
            Call::status(&node, &dual_stack()),
            Call::gc(&node, &dual_stack(), &[(&pod, "eth0")]),
            gc_without_list,
            Call::add(&node, &other, &dual_stack()),
            Call::add(&node, &pod, &dual_stack()),
            Call::delete(&node, &pod, &dual_stack()),
        ] {
            let is_add = call.environment()["CNI_COMMAND"] == "ADD";
            let is_del = call.environment()["CNI_COMMAND"] == "DEL";
            let outcome = call.program(&limited).run();
            match outcome.code {
                Some(0) if is_del => clean.assert_unchanged(),
                Some(0) if is_add => node.delete(&other, &dual_stack()),
                Some(0) => attached.assert_unchanged(),
                _ => {
                    let error = outcome.expect_failure();
                    let said = format!("{} {}", error.message, error.details);
                    let is_honest = said.contains("open files") || error.code == 106;
                    assert!(is_honest, "{limit} descriptors\n{outcome}");
                    failures += 1;
                }
            }
            // What an ADD could not undo is undone by a DEL.
            node.delete(&other, &dual_stack());
        }
        node.delete(&pod, &dual_stack());
        clean.assert_unchanged();
    }
    assert!(
        failures > 20,
        "only {failures} calls had too few descriptors"
    );
}

/// Where the kernel does not say which boot this is, all records would seem to be of another one, whose links and
/// namespaces are gone.
#[test]
fn a_boot_that_cannot_be_read_is_not_another_one() {
    let node = plumb_tests::node();
    let (pod, other) = (node.pod(), node.pod());
    let clean = Oracle::new(&node);
    let boot = "/proc/sys/kernel/random/boot_id";
    for (name, commands) in [
        ("no-proc", "mount -t tmpfs none /proc".to_owned()),
        ("empty-boot", format!("mount --bind /dev/null {boot}")),
    ] {
        let blind = after(&node, name, &commands);
        let result = node.add(&pod, &pool());
        let attached = Oracle::new(&node);
        let calls = [
            (Call::check(&node, &pod, &pool(), &result), false),
            (Call::gc(&node, &pool(), &[]), true),
            (Call::new(&node, "GC", &pool()), true),
            (Call::add(&node, &pod, &pool()), false),
            (Call::add(&node, &other, &pool()), false),
            (Call::delete(&node, &pod, &pool()), true),
        ];
        for (call, needs_boot) in calls {
            let outcome = call.program(&blind).run();
            match (needs_boot, outcome.succeeded()) {
                (true, _) => drop(outcome.expect_error(100, boot)),
                (false, true) => {}
                (false, false) => drop(outcome.expect_failure()),
            }
            attached.assert_unchanged();
            assert_eq!(records().len(), 1, "{:?}\n{outcome}", records());
        }
        node.delete(&pod, &pool());
        clean.assert_unchanged();
    }
}

/// What the record of an attachment says of a value.
fn change_header(change: impl Fn(&mut Value)) {
    let [record] = &records()[..] else {
        panic!("one record: {:?}", records())
    };
    let text = fs::read_to_string(record).expect("read the record");
    let (first, rest) = text.split_once('\n').expect("a line");
    let mut header: Value = serde_json::from_str(first).expect("a header");
    change(&mut header["header"]);
    fs::write(record, format!("{header}\n{rest}")).expect("write the record");
}

/// The clock was set back after the ADD: its record seems to be of a time to come.
#[test]
fn a_clock_that_was_set_back_keeps_no_record() {
    let node = plumb_tests::node();
    let clean = Oracle::new(&node);
    let collecting = with(pool(), json!({"cni.dev/valid-attachments": []}));
    let changes: [fn(&mut Value); 3] = [
        |header| header["since"] = json!(4_102_444_800_000_u64),
        // As an earlier release wrote it.
        |header| {
            let header = header.as_object_mut().expect("an object");
            header.insert("since".into(), json!(4_102_444_800_000_u64));
            header.remove("uptime");
        },
        // Of an earlier boot, which lasted longer.
        |header| {
            header["uptime"] = json!(u64::MAX);
            header["boot"] = json!("another");
        },
    ];
    for change in changes {
        let pod = node.pod();
        node.add(&pod, &pool());
        change_header(change);
        Call::new(&node, "GC", &collecting).run().expect_silence();
        assert!(records().is_empty(), "{:?}", records());
        // Of another boot nothing in the kernel is left, as far as plumb knows.
        pod.remove();
        clean.assert_unchanged();
    }
}
