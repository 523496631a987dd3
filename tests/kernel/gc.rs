//! GC: what is not valid any more goes, and nothing else.

use std::fs;

use cni_harness::{Call, Delegate, Node, Oracle};
use plumb_tests::configuration::{delegated, pool, with};
use plumb_tests::state::{STATE_FOLDER, leases, records};
use serde_json::{Value, json};

/// cnitool sends no key at all. Only what is provably dead may go then.
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
    // Its interface is to stay until the end.
    let _keeper = fs::File::open(other.path()).expect("open the namespace");
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

/// Multus passes its attachments of all networks.
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

/// One record whose addresses cannot be given back keeps no other one.
#[test]
fn a_record_that_is_stuck_does_not_keep_the_others() {
    let node = plumb_tests::node();
    let pods: Vec<_> = (0..5).map(|_| node.pod()).collect();
    let delegate = Delegate::new(&node, "recorder");
    let configuration = delegated(json!({"type": "recorder"}));
    let clean = Oracle::new(&node);
    let call = |verb: &str| Call::new(&node, verb, &configuration).path(&delegate.path());
    for pod in &pods {
        call("ADD").pod(pod).run().expect_result();
    }
    let stuck = [pods[0].container(), pods[2].container()];
    delegate.answers(
        "DEL",
        &format!(
            "case $CNI_CONTAINERID in {}|{}) echo \"{{\\\"code\\\": 141, \\\"msg\\\": \\\"not $CNI_CONTAINERID\\\"}}\"; exit 1;; esac",
            stuck[0], stuck[1]
        ),
    );
    let collecting = with(
        configuration.clone(),
        json!({"cni.dev/valid-attachments": []}),
    );
    let collect = Call::new(&node, "GC", &collecting).path(&delegate.path());
    let error = collect.clone().run().expect_error(141, "not ");
    let said = format!("{} {}", error.message, error.details);
    for container in stuck {
        assert!(said.contains(container), "{said}");
    }
    assert_eq!(records().len(), 2, "{:?}", records());
    for pod in &pods {
        assert!(pod.link("eth0").is_none(), "a link is left");
    }
    let forwarded = delegate.verbs();
    assert_eq!(
        forwarded.last().map(String::as_str),
        Some("GC"),
        "{forwarded:?}"
    );
    delegate.answers("DEL", "true");
    collect.run().expect_silence();
    clean.assert_unchanged();
}

#[track_caller]
fn collect(node: &Node, configuration: &Value) {
    Call::new(node, "GC", configuration).run().expect_silence();
}
