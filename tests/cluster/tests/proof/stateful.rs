//! Pods that come again elsewhere.

use plumb_cluster_tests::{objects, pods, until, with_chart};
use serde_json::{Value, json};

use crate::manifests::{PATIENCE, SHARED, addresses, apply, delete_shared};

fn stateful_set(name: &str) -> Value {
    let mut object = objects::deployment(name, 1, SHARED);
    object["kind"] = json!("StatefulSet");
    object["spec"]["serviceName"] = json!(name);
    object
}

#[test]
fn a_pod_of_a_stateful_set_keeps_its_address_on_the_other_node() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    apply(&kubectl, "roce-shared");
    kubectl.apply(&stateful_set("db"));
    let before = pods::running(&cluster, "db", 1, PATIENCE).remove(0);
    addresses(
        std::slice::from_ref(&before),
        "net1",
        "172.81.0.",
        100..=120,
    );

    kubectl.run(&["cordon", &before.node]).expect_success();
    kubectl.delete("default", "pod", &before.name);
    let after = until("db-0 runs on the other node", PATIENCE, || {
        let pod = pods::running(&cluster, "db", 1, PATIENCE).remove(0);
        match pod.node != before.node {
            true => Ok(pod),
            false => Err(format!("{pod:?}")),
        }
    });
    kubectl.run(&["uncordon", &before.node]).expect_success();
    assert_eq!(after.addresses("net1"), before.addresses("net1"));
    let block = format!("default-{}", before.addresses("net1")[0]);
    let block = kubectl.get("ipblock", &block).expect("the claim");
    assert_eq!(block["spec"]["node"], after.node.as_str());

    kubectl.delete("default", "statefulset", "db");
    pods::gone(&cluster, "db", PATIENCE);
    // It is kept for a pod that may come again, and for nobody when the pool goes.
    delete_shared(&cluster);
}
