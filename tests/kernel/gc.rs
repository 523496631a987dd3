//! GC: what is not valid any more goes, and nothing else.

use std::fs;

use cni_harness::{Call, Delegate, Node, Oracle, Pod};
use plumb_tests::configuration::{delegated, dual_stack, pool, with};
use plumb_tests::state::{STATE_FOLDER, leases, records};
use serde_json::{Value, json};

/// Checks 70, 74 and 75: both spellings of the key; an empty list, and `null`, which Go
/// writes for one.
#[test]
fn attachments_that_are_not_valid_go() {
    let spellings = [
        ("cni.dev/valid-attachments", json!([])),
        ("cni.dev/valid-attachments", json!(null)),
        ("cni.dev/attachments", json!([])),
        ("cni.dev/attachments", json!(null)),
    ];
    for (key, nothing) in spellings {
        std::thread::spawn(move || collect_with(key, &nothing))
            .join()
            .unwrap_or_else(|_| panic!("with the key {key:?}"));
    }
}

fn collect_with(key: &str, nothing: &Value) {
    let node = plumb_tests::node();
    let (gone, alive) = (node.pod(), node.pod());
    let clean = Oracle::new(&node);
    node.add(&alive, &dual_stack());
    let one = Oracle::new(&node);
    node.add(&gone, &dual_stack());
    gone.remove();
    let list = json!([{"containerID": alive.container(), "ifname": "eth0"}]);
    collect(&node, &with(dual_stack(), json!({key: list})));
    one.assert_unchanged();
    alive.remove();
    collect(&node, &with(dual_stack(), json!({key: nothing})));
    clean.assert_unchanged();
}

/// Check 76: a pod whose DEL was lost but whose namespace stayed.
#[test]
fn both_keys_may_come_together() {
    let node = plumb_tests::node();
    let (gone, alive) = (node.pod(), node.pod());
    node.add(&alive, &pool());
    let one = Oracle::new(&node);
    node.add(&gone, &pool());
    gone.remove();
    let list = json!([{"containerID": alive.container(), "ifname": "eth0"}]);
    collect(
        &node,
        &with(
            pool(),
            json!({"cni.dev/attachments": list, "cni.dev/valid-attachments": list}),
        ),
    );
    one.assert_unchanged();
}

/// Check 74: cnitool sends no key at all. Only what is provably dead may go then.
#[test]
fn without_a_list_only_the_dead_go() {
    let node = plumb_tests::node();
    let (gone, alive) = (node.pod(), node.pod());
    node.add(&alive, &pool());
    let one = Oracle::new(&node);
    node.add(&gone, &pool());
    gone.remove();
    collect(&node, &pool());
    one.assert_unchanged();
}

/// Check 71.
#[test]
fn other_networks_are_left_alone() {
    let node = plumb_tests::node();
    let (mine, other) = (node.pod(), node.pod());
    let second = with(
        pool(),
        json!({"name": "rail1", "ipam": {"type": "pool", "pools": [{"name": "q", "subnet": "10.3.0.0/24"}]}}),
    );
    node.add(&other, &second);
    let one = Oracle::new(&node);
    node.add(&mine, &pool());
    mine.remove();
    other.unmount();
    collect(
        &node,
        &with(pool(), json!({"cni.dev/valid-attachments": []})),
    );
    one.assert_unchanged();
    assert_eq!(
        leases(STATE_FOLDER).len(),
        1,
        "the other network's lease was taken"
    );
}

/// Check 77: Multus passes its attachments of all networks.
#[test]
fn entries_that_are_unknown_do_not_matter() {
    let node = plumb_tests::node();
    let (pod, gone) = (node.pod(), node.pod());
    node.add(&pod, &pool());
    let one = Oracle::new(&node);
    node.add(&gone, &pool());
    gone.remove();
    let list = json!([
        {"containerID": "unknown", "ifname": "net7"},
        {"containerID": gone.container(), "ifname": "net1"},
        {"containerID": pod.container(), "ifname": "eth0", "network": "other"},
        {"ContainerID": "x", "IfName": "y"},
    ]);
    collect(
        &node,
        &with(pool(), json!({"cni.dev/valid-attachments": list})),
    );
    one.assert_unchanged();
}

/// Reading a list that is none as an empty one would take the network from every pod.
#[test]
fn a_list_that_cannot_be_understood_takes_nothing_away() {
    let node = plumb_tests::node();
    let pod = node.pod();
    node.add(&pod, &pool());
    let oracle = Oracle::new(&node);
    for list in [
        json!("x"),
        json!(5),
        json!({}),
        json!(["x"]),
        json!([{"containerID": 5, "ifname": "eth0"}]),
        json!([{}]),
    ] {
        let configuration = with(pool(), json!({"cni.dev/valid-attachments": list}));
        Call::new(&node, "GC", &configuration)
            .run()
            .expect_error(7, "attachments");
        oracle.assert_unchanged();
    }
}

/// Check 72.
#[test]
fn one_broken_record_does_not_save_the_others() {
    let node = plumb_tests::node();
    let (broken, gone) = (node.pod(), node.pod());
    node.add(&broken, &pool());
    for record in records() {
        fs::write(record, "{").expect("overwrite the record");
    }
    node.add(&gone, &pool());
    gone.remove();
    let outcome = Call::gc(&node, &pool(), &[]).run();
    if !outcome.succeeded() {
        outcome.expect_failure();
    }
    let text: Vec<String> = leases(STATE_FOLDER).iter().map(Value::to_string).collect();
    assert!(
        !text.iter().any(|lease| lease.contains(gone.container())),
        "{text:?}\n{outcome}"
    );
    let of_gone = |path: &std::path::PathBuf| {
        fs::read_to_string(path).is_ok_and(|text| text.contains(gone.container()))
    };
    assert!(
        !records().iter().any(of_gone),
        "the record is still there\n{outcome}"
    );
}

/// Check 78: GC may be called while pods come. None of them may lose anything.
#[test]
fn pods_that_come_during_gc_are_safe() {
    let node = plumb_tests::node();
    let pods: Vec<Pod> = (0..12).map(|_| node.pod()).collect();
    let clean = Oracle::new(&node);
    let without_list = pool();
    let adds: Vec<_> = pods
        .iter()
        .map(|pod| Call::add(&node, pod, &pool()).start())
        .collect();
    let collections: Vec<_> = (0..4)
        .map(|_| Call::new(&node, "GC", &without_list).start())
        .collect();
    let results: Vec<Value> = adds
        .into_iter()
        .map(|add| add.finish().expect_result())
        .collect();
    for collection in collections {
        collection.finish().expect_silence();
    }
    for (pod, result) in pods.iter().zip(&results) {
        Call::check(&node, pod, &pool(), result)
            .run()
            .expect_silence();
    }
    for pod in &pods {
        node.delete(pod, &pool());
    }
    clean.assert_unchanged();
}

/// Check 73.
#[test]
fn gc_is_forwarded_to_the_delegate_and_its_error_returned() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let delegate = Delegate::new(&node, "recorder");
    let configuration = with(
        delegated(json!({"type": "recorder"})),
        json!({"cni.dev/valid-attachments": []}),
    );
    let clean = Oracle::new(&node);
    let call = |verb: &str| Call::new(&node, verb, &configuration).path(&delegate.path());
    call("ADD").pod(&pod).run().expect_result();
    pod.remove();
    delegate.answers(
        "GC",
        r#"echo '{"code": 140, "msg": "some trouble"}'; exit 1"#,
    );
    call("GC").run().expect_error(140, "some trouble");
    clean.assert_unchanged();
    let last = delegate
        .calls()
        .into_iter()
        .rfind(|call| call.environment["CNI_COMMAND"] == "GC");
    assert_eq!(last.expect("GC was forwarded").stdin, call("GC").input());
    // The address of the attachment that went was given back, too.
    assert!(
        delegate.verbs().contains(&"DEL".to_owned()),
        "{:?}",
        delegate.verbs()
    );
}

#[track_caller]
fn collect(node: &Node, configuration: &Value) {
    Call::new(node, "GC", configuration).run().expect_silence();
}
