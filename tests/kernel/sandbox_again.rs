//! A pod's sandbox is made again, and no DEL came for the one before: the pod keeps its addresses.

use std::fs;
use std::net::UdpSocket;

use cni_harness::{Call, Node, Pod, result, wait};
use plumb_tests::configuration::{dual_stack, pool, with};
use plumb_tests::state::{STATE_FOLDER, leases, records};
use serde_json::{Value, json};

const UID: &str = "5b2c7d6e-0000-4000-8000-000000000001";
const OTHER_UID: &str = "5b2c7d6e-0000-4000-8000-000000000002";

fn call(node: &Node, pod: &Pod, configuration: &Value, uid: &str) -> Call {
    let arguments = format!("K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_UID={uid}");
    Call::add(node, pod, configuration).arguments(&arguments)
}

fn add(node: &Node, configuration: &Value, uid: &str) -> (Pod, Vec<String>) {
    let pod = node.pod();
    let result = call(node, &pod, configuration, uid).run().expect_result();
    let addresses = result::addresses(&result);
    assert_eq!(pod.addresses("eth0"), addresses);
    (pod, addresses)
}

fn of(addresses: &[&str]) -> Value {
    with(
        pool(),
        json!({"ipam": {"type": "pool", "pools": [{"name": "p", "subnet": "10.1.0.0/24", "ips": addresses}]}}),
    )
}

#[test]
fn the_pods_next_sandbox_has_its_addresses_though_the_namespace_before_is_still_there() {
    let node = plumb_tests::node();
    let (before, first) = add(&node, &dual_stack(), UID);
    let (now, again) = add(&node, &dual_stack(), UID);
    assert_eq!(again, first);
    assert!(
        before.link("eth0").is_none(),
        "two interfaces have one address"
    );
    assert_eq!(leases(STATE_FOLDER).len(), 2);
    assert_eq!(records().len(), 1);
    // The DEL that comes late changes nothing for the pod.
    node.delete(&before, &dual_stack());
    assert_eq!(now.addresses("eth0"), again);
    assert_eq!(leases(STATE_FOLDER).len(), 2);
    node.delete(&now, &dual_stack());
    assert!(leases(STATE_FOLDER).is_empty());
    assert!(records().is_empty());
    assert!(now.link("eth0").is_none());
}

#[test]
fn the_pods_next_sandbox_has_its_addresses_when_the_namespace_before_is_gone() {
    let node = plumb_tests::node();
    for uid in [UID, OTHER_UID] {
        let (before, first) = add(&node, &pool(), UID);
        before.remove();
        // As kubelet makes it again, or as a StatefulSet does: another UID.
        let (now, again) = add(&node, &pool(), uid);
        assert_eq!(again, first, "{uid}");
        assert_eq!(records().len(), 1);
        node.delete(&now, &pool());
    }
}

#[test]
fn the_pods_next_sandbox_has_its_address_of_a_full_pool() {
    let node = plumb_tests::node();
    let configuration = of(&["10.1.0.10-10.1.0.11"]);
    let mut forgetful = configuration.clone();
    forgetful["ipam"]["sticky"] = json!(false);
    let neighbour = node.pod();
    node.add(&neighbour, &configuration);
    for configuration in [&configuration, &forgetful] {
        let (before, first) = add(&node, configuration, UID);
        let (now, again) = add(&node, configuration, UID);
        assert_eq!(again, first, "the other one is the neighbour's");
        // And one that the pod asks for.
        let asks = with(
            configuration.clone(),
            json!({"runtimeConfig": {"ips": again}}),
        );
        let (last, asked) = add(&node, &asks, UID);
        assert_eq!(asked, first);
        for pod in [&before, &now, &last] {
            node.delete(pod, configuration);
        }
    }
    assert_eq!(neighbour.addresses("eth0"), ["10.1.0.10/24"]);
}

/// A pod whose deletion was forced may still run, and its successor has its name.
#[test]
fn a_pod_of_the_same_name_with_another_uid_loses_nothing_while_it_runs() {
    let node = plumb_tests::node();
    let configuration = of(&["10.1.0.10-10.1.0.11"]);
    let (before, first) = add(&node, &configuration, UID);
    let (_, other) = add(&node, &configuration, OTHER_UID);
    assert_ne!(other, first);
    assert_eq!(before.addresses("eth0"), first);
    // Of a runtime that reports no UID nothing is known of the pod but its name.
    for uid in ["", "5b2c7d6e-0000-4000-8000-000000000003"] {
        call(&node, &node.pod(), &configuration, uid)
            .run()
            .expect_error(101, "p");
    }
    assert_eq!(before.addresses("eth0"), first);
}

/// What keeps the namespace before is beyond reach; the pod has its address all the same, and keeps it when that ends.
#[test]
fn an_address_is_taken_over_from_an_interface_that_cannot_be_reached() {
    let node = plumb_tests::node();
    let configuration = of(&["10.1.0.10"]);
    let (before, first) = add(&node, &configuration, UID);
    let socket = before.inside(|| UdpSocket::bind("0.0.0.0:0").expect("open a socket"));
    before.remove();
    let outcome = call(&node, &node.pod(), &configuration, OTHER_UID).run();
    outcome.expect_failure();
    let pod = node.pod();
    let outcome = call(&node, &pod, &configuration, UID).run();
    assert_eq!(result::addresses(&outcome.expect_result()), first);
    assert!(
        outcome
            .stderr
            .contains("10.1.0.10 goes to the pod's new sandbox"),
        "{outcome}"
    );
    // Also where the store is made again from the records.
    fs::remove_file(format!("{STATE_FOLDER}/leases.db")).expect("lose the store");
    let held = || {
        let leases = leases(STATE_FOLDER);
        leases
            .iter()
            .map(|lease| lease["containerID"].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        call(&node, &node.pod(), &configuration, OTHER_UID)
            .run()
            .expect_failure()
            .code,
        101
    );
    assert_eq!(held(), [json!(pod.container())]);
    drop(socket);
    wait::until("what was left of the first one can go", || {
        node.delete(&before, &configuration);
        records().len() == 1
    });
    assert_eq!(held(), [json!(pod.container())]);
    assert_eq!(pod.addresses("eth0"), first);
}
