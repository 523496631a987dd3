//! Pools: what is said of them, what nodes hold, and how they go.

use std::time::Duration;

use serde_json::json;

use super::kubectl::{self, apply, delete, get, reason, run, until, within};
use super::program::Controller;

fn pool(name: &str, specification: &str) -> String {
    format!(
        "apiVersion: spiderpool.spidernet.io/v2beta1\nkind: SpiderIPPool\nmetadata: {{name: {name}}}\nspec: {{{specification}}}\n"
    )
}

fn block(address: &str, node: &str, pool: &str, bound: bool) -> String {
    let mut specification =
        json!({"space": "default", "first": address, "size": 1, "node": node, "pool": pool});
    if bound {
        specification["bindings"] = json!([{"address": address, "pod": {"namespace": "default", "name": "web-0"},
                                            "network": "rail1", "interface": "net1"}]);
    }
    json!({"apiVersion": "ipam.plumb.network/v1alpha1", "kind": "IPBlock",
           "metadata": {"name": format!("default-{address}")}, "spec": specification})
    .to_string()
}

fn counts(name: &str) -> Option<(i64, i64)> {
    let status = get(&["sp", name])?["status"].clone();
    Some((
        status["totalIPCount"].as_i64()?,
        status["allocatedIPCount"].as_i64()?,
    ))
}

fn node(name: &str) -> String {
    format!("apiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\n")
}

#[test]
fn a_pool_says_what_is_held_and_goes_when_nothing_is() {
    let _turn = kubectl::turn();
    kubectl::with_multus();
    let _controller = Controller::start("pools");
    apply(&node("node-a"));
    apply(&node("node-b"));
    apply(&pool(
        "counted",
        "subnet: 10.9.0.0/24, ips: [10.9.0.1-10.9.0.20], excludeIPs: [10.9.0.1]",
    ));
    until("the counts", || {
        (counts("counted") == Some((19, 0))).then_some(())
    });
    reason(&["sp", "counted"], "Ready", "Usable");
    let table = run(&["get", "sp", "counted"], "").expect("a table");
    let words: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(
        words[0][..5],
        [
            "NAME",
            "VERSION",
            "SUBNET",
            "ALLOCATED-IP-COUNT",
            "TOTAL-IP-COUNT"
        ]
    );
    assert_eq!(words[1][..5], ["counted", "4", "10.9.0.0/24", "0", "19"]);
    apply(
        "apiVersion: ipam.plumb.network/v1alpha1\nkind: PoolState\nmetadata: {name: counted}\nspec: {blockSize: 1}\n",
    );
    for (address, node) in [
        ("10.9.0.2", "node-a"),
        ("10.9.0.3", "node-a"),
        ("10.9.0.4", "node-b"),
    ] {
        apply(&block(address, node, "counted", false));
    }
    until("what is held", || {
        (counts("counted") == Some((19, 3))).then_some(())
    });
    until("the state", || {
        let status = get(&["poolstates", "counted"])?["status"].clone();
        (status == json!({"total": 19, "held": 3, "nodes": {"node-a": 2, "node-b": 1}}))
            .then_some(())
    });
    // A range that is in use goes.
    let patch = r#"{"spec":{"ips":["10.9.0.3-10.9.0.20"]}}"#;
    run(&["patch", "sp", "counted", "--type=merge", "-p", patch], "").expect("patch");
    let message = reason(&["sp", "counted"], "HeldOutside", "RangesRemoved");
    assert!(message.contains("10.9.0.2 by node node-a"), "{message}");
    // The pool goes when nobody holds anything.
    delete(&["sp", "counted"]);
    let message = reason(&["sp", "counted"], "Ready", "Deleting");
    assert!(
        message.contains("node node-a 1, node node-b 1"),
        "{message}"
    );
    delete(&["ipblocks", "--all"]);
    until("the end of the pool", || {
        get(&["sp", "counted"]).is_none().then_some(())
    });
    until("the end of its state", || {
        get(&["poolstates", "counted"]).is_none().then_some(())
    });
    delete(&["nodes", "--all"]);
}

#[test]
fn what_takes_two_objects_is_a_condition() {
    let _turn = kubectl::turn();
    kubectl::with_multus();
    let _controller = Controller::start("overlap");
    apply(&pool(
        "over-a",
        "subnet: 10.8.0.0/24, ips: [10.8.0.1-10.8.0.20]",
    ));
    apply(&pool(
        "over-b",
        "subnet: 10.8.0.0/24, ips: [10.8.0.10-10.8.0.30]",
    ));
    let message = reason(&["sp", "over-b"], "Ready", "Unusable");
    assert!(
        message.starts_with("10.8.0.10-10.8.0.20 is in two pools: SpiderIPPool \"over-a\" and SpiderIPPool \"over-b\""),
        "{message}"
    );
    reason(&["sp", "over-a"], "Ready", "Usable");
    delete(&["sp", "over-a"]);
    reason(&["sp", "over-b"], "Ready", "Usable");
    delete(&["sp", "over-b"]);
    apply(
        "
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderSubnet
metadata: {name: subnet}
spec: {subnet: 10.7.0.0/16, ips: [10.7.0.1-10.7.0.9]}
---
apiVersion: spiderpool.spidernet.io/v2beta1
kind: SpiderCoordinator
metadata: {name: default}
spec: {mode: auto, podCIDRType: auto, hijackCIDR: [169.254.0.0/16], hostRuleTable: 500}
",
    );
    let message = reason(&["ss", "subnet"], "Ready", "NotSupported");
    assert!(message.contains("write a SpiderIPPool"), "{message}");
    reason(&["spc", "default"], "Ready", "Used");
    delete(&["ss", "subnet"]);
    delete(&["spc", "default"]);
}

/// By the taint, because ten minutes are too long for a test: `plumb-blocks` tests times.
#[test]
fn blocks_of_a_node_that_is_out_of_service_are_freed() {
    let _turn = kubectl::turn();
    kubectl::with_multus();
    let controller = Controller::start("orphans");
    apply(&node("alive"));
    apply(&node("dead"));
    run(
        &[
            "taint",
            "node",
            "dead",
            "node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
        ],
        "",
    )
    .expect("taint");
    apply(&pool(
        "orphans",
        "subnet: 10.6.0.0/24, ips: [10.6.0.1-10.6.0.20]",
    ));
    apply(&block("10.6.0.1", "dead", "orphans", false));
    apply(&block("10.6.0.2", "dead", "orphans", true));
    apply(&block("10.6.0.3", "alive", "orphans", false));
    within(Duration::from_secs(90), "the block to be free", || {
        get(&["ipblocks", "default-10.6.0.1"])
            .is_none()
            .then_some(())
    });
    let kept = until("the kept block to be released", || {
        get(&["ipblocks", "default-10.6.0.2"]).filter(|block| block["spec"]["released"] == true)
    });
    assert_eq!(kept["spec"]["bindings"][0]["pod"]["name"], "web-0");
    assert!(get(&["ipblocks", "default-10.6.0.3"]).is_some());
    controller.says("block default-10.6.0.1 is freed: node dead has been out of service for");
    delete(&["ipblocks", "--all"]);
    delete(&["sp", "orphans"]);
    delete(&["nodes", "--all"]);
}
