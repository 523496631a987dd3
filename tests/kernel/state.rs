//! The state folder when the disk, its mount or its files are in a bad way.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use cni_harness::{Call, Oracle};
use nix::mount::{MsFlags, mount};
use plumb_tests::configuration::{dual_stack, pool, with};
use plumb_tests::policy;
use plumb_tests::state::{STATE_FOLDER, leases, records, state_files};
use serde_json::{Value, json};

/// A page of tmpfs.
const PAGE: usize = 4096;

/// Gives the state folder a file system of its own.
fn small_disk(pages: usize) {
    fs::create_dir_all(STATE_FOLDER).expect("make the state folder");
    let options = format!("size={},mode=700", pages * PAGE);
    mount(
        Some("tmpfs"),
        STATE_FOLDER,
        Some("tmpfs"),
        MsFlags::empty(),
        Some(options.as_str()),
    )
    .expect("mount a small disk");
}

/// Fills the disk but for some pages.
fn fill(free: usize) {
    let path = Path::new(STATE_FOLDER).join("filler");
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(&path)
        .expect("open the filler");
    while file.write(&[b'x'; PAGE]).is_ok() {}
    let length = file.metadata().expect("look at the filler").len();
    file.set_len(length.saturating_sub((free * PAGE) as u64))
        .expect("make room");
}

fn empty() {
    let _ = fs::remove_file(Path::new(STATE_FOLDER).join("filler"));
}

/// Whatever room is left: the ADD works, or it fails and leaves nothing.
#[test]
fn add_on_a_full_disk_works_or_leaves_nothing() {
    let node = plumb_tests::node();
    small_disk(256);
    // The store exists before the disk is full.
    let first = node.pod();
    node.add(&first, &pool());
    node.delete(&first, &pool());
    let pod = node.pod();
    let mut failures = 0;
    let mut successes = 0;
    for free in 0..40 {
        empty();
        fill(free);
        let outcome = Call::add(&node, &pod, &dual_stack()).run();
        if outcome.succeeded() {
            outcome.expect_result();
            successes += 1;
        } else {
            outcome.expect_error(107, STATE_FOLDER);
            failures += 1;
            assert!(
                pod.link("eth0").is_none(),
                "with {free} pages left eth0 stayed\n{outcome}"
            );
        }
        empty();
        node.delete(&pod, &dual_stack());
        assert!(pod.link("eth0").is_none(), "{outcome}");
        assert!(leases(STATE_FOLDER).is_empty(), "{outcome}");
        assert!(records().is_empty(), "{:?}", records());
    }
    assert!(
        failures > 0 && successes > 0,
        "{failures} failures, {successes} successes: the disk was never at its limit"
    );
}

/// The store itself cannot be made.
#[test]
fn the_first_add_on_a_full_disk_fails_cleanly() {
    let node = plumb_tests::node();
    small_disk(64);
    let pod = node.pod();
    for free in 0..8 {
        for file in fs::read_dir(STATE_FOLDER)
            .expect("read the state folder")
            .flatten()
        {
            let _ = fs::remove_file(file.path());
        }
        fill(free);
        let outcome = Call::add(&node, &pod, &pool()).run();
        if !outcome.succeeded() {
            outcome.expect_error(107, STATE_FOLDER);
            assert!(
                pod.link("eth0").is_none(),
                "with {free} pages left eth0 stayed\n{outcome}"
            );
        }
        empty();
        node.delete(&pod, &pool());
        assert!(pod.link("eth0").is_none(), "{outcome}");
        assert!(records().is_empty(), "{:?}", records());
    }
}

/// A runtime may not ask twice: the interface goes the first time, whatever the disk says.
#[test]
fn del_on_a_full_disk_takes_the_interface_away() {
    let node = plumb_tests::node();
    small_disk(256);
    for free in 0..12 {
        let pod = node.pod();
        empty();
        node.add(&pod, &pool());
        fill(free);
        let outcome = Call::delete(&node, &pod, &pool()).run();
        assert!(
            pod.link("eth0").is_none(),
            "with {free} pages left eth0 stayed\n{outcome}"
        );
        if !outcome.succeeded() {
            outcome.expect_error(107, "");
        }
        empty();
        node.delete(&pod, &pool());
        assert!(leases(STATE_FOLDER).is_empty(), "{outcome}");
        assert!(records().is_empty(), "{:?}", records());
    }
}

#[test]
fn a_read_only_state_folder_is_told_and_del_still_succeeds() {
    let node = plumb_tests::node();
    let pod = node.pod();
    small_disk(64);
    let none: Option<&str> = None;
    mount(
        none,
        STATE_FOLDER,
        none,
        MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY,
        none,
    )
    .expect("remount read-only");
    let oracle = Oracle::new(&node);
    Call::add(&node, &pod, &pool())
        .run()
        .expect_error(107, STATE_FOLDER);
    oracle.assert_unchanged();
    Call::status(&node, &pool())
        .run()
        .expect_one_of(&[50, 107], STATE_FOLDER);
    // There is nothing to take back: a pod that was never attached must go away.
    node.delete(&pod, &pool());
}

#[test]
fn a_state_folder_that_becomes_read_only_does_not_keep_the_interface() {
    let node = plumb_tests::node();
    let pod = node.pod();
    small_disk(256);
    node.add(&pod, &pool());
    let none: Option<&str> = None;
    mount(
        none,
        STATE_FOLDER,
        none,
        MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY,
        none,
    )
    .expect("remount read-only");
    let outcome = Call::delete(&node, &pod, &pool()).run();
    if !outcome.succeeded() {
        outcome.expect_error(107, "");
    }
    assert!(pod.link("eth0").is_none(), "eth0 stayed\n{outcome}");
    mount(none, STATE_FOLDER, none, MsFlags::MS_REMOUNT, none).expect("remount");
    node.delete(&pod, &pool());
    assert!(leases(STATE_FOLDER).is_empty(), "{outcome}");
}

#[test]
fn a_network_names_a_state_folder_where_the_policy_allows_it() {
    let node = plumb_tests::node();
    policy::write("[folders]\nchosen-by-networks = true\n");
    let pod = node.pod();
    let configuration = with(pool(), json!({"stateFolder": "/run/deep/er/state"}));
    let result = node.add(&pod, &configuration);
    assert!(state_files().is_empty(), "{:?}", state_files());
    assert!(
        !leases("/run/deep/er/state").is_empty(),
        "the lease is elsewhere"
    );
    Call::check(&node, &pod, &configuration, &result)
        .run()
        .expect_silence();
    node.delete(&pod, &configuration);
    assert!(leases("/run/deep/er/state").is_empty());
    // Records hold configurations, which may hold secrets.
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &fs::metadata("/run/deep/er/state")
            .expect("it exists")
            .permissions(),
    );
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[test]
fn a_state_folder_that_is_a_file_is_told() {
    let node = plumb_tests::node();
    let pod = node.pod();
    fs::write(STATE_FOLDER, "x").expect("write a file");
    let oracle = Oracle::new(&node);
    Call::add(&node, &pod, &pool())
        .run()
        .expect_error(107, STATE_FOLDER);
    oracle.assert_unchanged();
}

/// A record that nobody can read is reported with its path and kept for a person.
#[test]
fn a_record_that_cannot_be_read_is_reported_and_set_aside() {
    let node = plumb_tests::node();
    let garbage: [&[u8]; 4] = [b"{", b"{}\n", b"\xff\xfe\n", b"{\"layout\": 999}\n"];
    for bytes in garbage {
        let pod = node.pod();
        node.add(&pod, &pool());
        let [record] = records()[..]
            .to_vec()
            .try_into()
            .unwrap_or_else(|records| panic!("{records:?}"));
        fs::write(&record, bytes).expect("overwrite the record");
        let outcome = Call::delete(&node, &pod, &pool()).run();
        outcome.expect_silence();
        assert!(
            leases(STATE_FOLDER).is_empty(),
            "the address was not given back\n{outcome}"
        );
        assert!(!record.exists(), "{} is still in the way", record.display());
        // A file without one whole line is that of an ADD which did nothing yet.
        if bytes.ends_with(b"\n") {
            assert!(
                outcome.stderr.contains(STATE_FOLDER),
                "the path is not in it\n{outcome}"
            );
            let kept = state_files()
                .iter()
                .any(|path| fs::read(path).is_ok_and(|kept| kept == bytes));
            assert!(kept, "the record was not kept: {:?}", state_files());
        }
    }
}

/// A reboot: the records of an earlier boot speak of links that are gone.
#[test]
fn records_of_another_boot_stand_in_nobodys_way() {
    let node = plumb_tests::node();
    let (old, new) = (node.pod(), node.pod());
    let configuration: Value = with(
        pool(),
        json!({"ipam": {"type": "pool", "pools": [{"name": "one", "subnet": "10.1.0.0/24", "ips": ["10.1.0.10"]}]}}),
    );
    node.add(&old, &configuration);
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("read the boot ID");
    let mut changed = 0;
    for record in records() {
        let text = fs::read_to_string(&record).expect("read the record");
        changed += text.matches(boot.trim()).count();
        fs::write(
            &record,
            text.replace(boot.trim(), "00000000-0000-0000-0000-000000000000"),
        )
        .expect("change the record");
    }
    assert!(changed > 0, "the record does not say its boot");
    old.remove();
    node.add(&new, &configuration);
    node.delete(&new, &configuration);
    node.delete(&old, &configuration);
    assert!(records().is_empty(), "{:?}", records());
}
