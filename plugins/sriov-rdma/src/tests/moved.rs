//! A function whose interface moves into the pod.

use plumb_sdk::Mac;
use plumb_sdk::operations::{VirtualFunctionSettings, VlanTag};

use super::*;

fn move_link() -> Operation {
    Operation::MoveLink {
        function: ADDRESS.to_owned(),
    }
}

#[test]
fn a_function_with_a_vlan_an_address_and_its_rdma_device() {
    let outcome = attach(&format!(
        r#", "vlan": 100, "mac": "02:00:00:00:00:aa", "mtu": 1400, "rdmaIsolation": true,
            "rdmaDeviceName": "rdma_net1"{IPAM}"#
    ));
    outcome.result.unwrap();
    let mac = Mac::new([2, 0, 0, 0, 0, 0xaa]);
    let [arp, ndisc] = announcement();
    assert_eq!(
        outcome.plan,
        [
            Operation::SetVirtualFunction {
                function: ADDRESS.to_owned(),
                settings: VirtualFunctionSettings {
                    mac: Some(mac),
                    vlan: Some(VlanTag {
                        id: 100,
                        ..Default::default()
                    }),
                    ..Default::default()
                },
            },
            move_rdma_device(Some("rdma_net1")),
            move_link(),
            Operation::SetMtu { mtu: 1400 },
            Operation::SetMac { mac },
            arp,
            ndisc,
            Operation::AssignAddresses {
                addresses: AddressSource::Configured
            },
        ]
    );
}

#[test]
fn the_device_plugins_choice_goes_before_the_configurations() {
    let request = request(&format!(
        r#"{{"type": "sriov", "deviceID": "0000:3b:00.7", "runtimeConfig": {{"deviceID": "{ADDRESS}"}}}}"#
    ));
    let node = node(virtual_function(ADDRESS), RdmaNamespaceMode::None);
    let outcome = node.attach::<Component>(request);
    outcome.result.unwrap();
    assert_eq!(outcome.plan.first(), Some(&move_link()));
}

#[test]
fn what_a_runtime_writes_for_a_network_of_a_device_plugin_works_as_it_is() {
    let written = request(&format!(
        r#"{{"cniVersion": "0.3.1", "name": "gpu1-sriov", "type": "sriov", "deviceID": "{ADDRESS}",
             "vlan": 0, "ipam": {{"type": "spiderpool", "default_ipv4_ippool": ["gpu1-net11"]}},
             "runtimeConfig": {{}}, "args": {{"cni": {{}}}}}}"#
    ));
    let node = node(virtual_function(ADDRESS), RdmaNamespaceMode::Exclusive);
    let outcome = node.attach::<Component>(written);
    outcome.result.unwrap();
    assert!(outcome.plan.contains(&move_link()));
}

#[test]
fn an_infiniband_function_has_another_type() {
    let facts = infiniband_virtual_function(ADDRESS);
    let mut without_link = facts.clone();
    without_link.links.clear();
    without_link.driver = Some("vfio-pci".to_owned());
    for facts in [facts, without_link] {
        let node = node(facts, RdmaNamespaceMode::Exclusive);
        let outcome = node.attach::<Component>(configuration(""));
        let words = [ADDRESS, "InfiniBand", "use type ib-sriov"];
        outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
    }
}

#[test]
fn a_device_that_cannot_be_attached_is_refused_by_its_address() {
    let physical = testing::physical(virtual_function(ADDRESS));
    let mut unbound = virtual_function(ADDRESS);
    unbound.driver = None;
    unbound.links.clear();
    let mut elsewhere = virtual_function(ADDRESS);
    elsewhere.links.clear();
    for (facts, code, word) in [
        (
            physical,
            ErrorCode::InvalidConfiguration,
            "physical function",
        ),
        (unbound, ErrorCode::NotAvailable, "no driver"),
        (elsewhere, ErrorCode::NotAvailable, "mlx5_core"),
    ] {
        let node = node(facts, RdmaNamespaceMode::Exclusive);
        let outcome = node.attach::<Component>(configuration(""));
        outcome.assert_refused(code, &[ADDRESS, word]);
    }

    let outcome = Node::new().attach::<Component>(request(r#"{"type": "sriov"}"#));
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &["deviceID"]);
}

#[test]
fn an_mtu_is_at_most_the_physical_functions() {
    let outcome = attach(r#", "mtu": 9000"#);
    let words = ["9000", "ens1f0np0", "1500"];
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
    attach(r#", "mtu": 1500"#).result.unwrap();
}

#[test]
fn isolation_needs_a_node_that_has_it_unless_sharing_is_allowed() {
    let shared = node(virtual_function(ADDRESS), RdmaNamespaceMode::Shared);
    let outcome = shared.attach::<Component>(configuration(r#", "rdmaIsolation": true"#));
    let words = [
        "rdma system set netns exclusive",
        "netns_mode=0",
        "allowSharedRDMA",
    ];
    outcome.assert_refused(ErrorCode::NotAvailable, &words);

    let allowed = configuration(r#", "rdmaIsolation": true, "allowSharedRDMA": true"#);
    let outcome = shared.attach::<Component>(allowed);
    outcome.result.unwrap();
    let [arp, ndisc] = announcement();
    assert_eq!(outcome.plan, [move_link(), arp, ndisc, Operation::SetUp]);
    assert_eq!(outcome.log.len(), 1, "{:?}", outcome.log);
}
