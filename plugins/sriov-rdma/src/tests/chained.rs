//! Type `rdma`: the RDMA device follows the interface of the plugin before.

use plumb_sdk::facts::Place;
use plumb_sdk::testing::{LinkFacts, infiniband_link, link};

use super::*;

/// The result of a plugin that has moved `net1` into the pod.
const MOVED: &str = r#"{"interfaces": [{"name": "net1", "sandbox": "/var/run/netns/pod"}]}"#;

fn chained(keys: &str) -> Request {
    request(&format!(
        r#"{{"type": "rdma", "prevResult": {MOVED}{keys}}}"#
    ))
}

fn with_device() -> Request {
    chained(&format!(r#", "deviceID": "{ADDRESS}""#))
}

/// A node after the plugin before: the function's interface is in the pod.
fn node(interface: LinkFacts, mode: RdmaNamespaceMode) -> Node {
    let mut function = virtual_function(ADDRESS);
    function.links.clear();
    let mut interface = interface;
    interface.pci_address = Some(ADDRESS.parse().unwrap());
    super::node(function, mode).with_link(Place::Pod, interface)
}

fn exclusive() -> Node {
    node(link("net1"), RdmaNamespaceMode::Exclusive)
}

#[test]
fn the_allotted_devices_rdma_device_moves() {
    let outcome = exclusive().attach::<Component>(with_device());
    outcome.result.unwrap();
    assert_eq!(outcome.plan, [move_rdma_device(None)]);

    let named = chained(&format!(
        r#", "deviceID": "{ADDRESS}", "args": {{"cni": {{"rdmaDeviceName": "rdma_net1"}}}}"#
    ));
    let outcome = exclusive().attach::<Component>(named);
    assert_eq!(outcome.plan, [move_rdma_device(Some("rdma_net1"))]);
}

#[test]
fn without_a_device_the_interface_in_the_pod_shows_it() {
    let outcome = exclusive().attach::<Component>(chained(""));
    outcome.result.unwrap();
    assert_eq!(outcome.plan, [move_rdma_device(None)]);

    let no_device = super::node(virtual_function(ADDRESS), RdmaNamespaceMode::Exclusive)
        .with_link(Place::Pod, link("net1"));
    let outcome = no_device.attach::<Component>(chained(""));
    outcome.assert_refused(ErrorCode::NotFound, &["net1", "\"deviceID\""]);
}

#[test]
fn an_interface_of_the_previous_result_that_is_not_in_the_pod_does_not_count() {
    let on_host = request(r#"{"type": "rdma", "prevResult": {"interfaces": [{"name": "net1"}]}}"#);
    let outcome = exclusive().attach::<Component>(on_host);
    outcome.assert_refused(ErrorCode::NotFound, &["net1", "\"deviceID\""]);
}

#[test]
fn a_physical_function_may_have_been_moved_before() {
    let physical = testing::physical(virtual_function(ADDRESS));
    let node = super::node(physical, RdmaNamespaceMode::Exclusive);
    let outcome = node.attach::<Component>(with_device());
    outcome.result.unwrap();
    assert_eq!(outcome.plan, [move_rdma_device(None)]);
}

#[test]
fn it_comes_after_another_plugin() {
    let first = request(&format!(r#"{{"type": "rdma", "deviceID": "{ADDRESS}"}}"#));
    let outcome = exclusive().attach::<Component>(first);
    let words = ["\"prevResult\"", "type sriov", "rdmaIsolation"];
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
}

#[test]
fn an_infiniband_interface_would_not_survive() {
    let node = node(infiniband_link("net1"), RdmaNamespaceMode::Exclusive);
    for request in [with_device(), chained("")] {
        let outcome = node.attach::<Component>(request);
        let words = [ADDRESS, "net1", "rdmaIsolation", "ib-sriov"];
        outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
    }
}

#[test]
fn a_node_that_shares_is_refused_or_left_as_it_is() {
    let shared = node(link("net1"), RdmaNamespaceMode::Shared);
    let outcome = shared.attach::<Component>(with_device());
    let words = ["rdma system set netns exclusive", "allowSharedRDMA"];
    outcome.assert_refused(ErrorCode::NotAvailable, &words);

    let allowed = chained(r#", "allowSharedRDMA": true"#);
    let outcome = shared.attach::<Component>(allowed);
    outcome.result.unwrap();
    assert_eq!(outcome.plan, []);
}

#[test]
fn keys_of_the_plugin_before_do_not_matter() {
    let foreign = chained(&format!(
        r#", "deviceID": "{ADDRESS}", "vlan": "none", "mtu": "large", "rdmaIsolation": false"#
    ));
    let outcome = exclusive().attach::<Component>(foreign);
    assert_eq!(outcome.plan, [move_rdma_device(None)]);
}
