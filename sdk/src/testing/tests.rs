use super::*;
use crate::operations::{AddressSource, MacvlanMode, MacvlanOptions, VirtualFunctionSettings};
use crate::{Error, ErrorCode, facts, log, operations};

/// Takes its parent from a fixed name, so that a test can leave it out elsewhere.
struct Fixed;

impl Flavour for Fixed {
    fn attach(_request: Request) -> Result<(), Error> {
        log::info("attaching");
        let parent = facts::get_link(Place::Host, "eth1")?;
        let options = MacvlanOptions {
            mode: MacvlanMode::Bridge,
            mtu: None,
            mac: None,
            broadcast_queue_length: None,
        };
        let link = operations::create_macvlan(&parent, &options)?;
        operations::assign_addresses(&link, AddressSource::Configured)
    }
}

#[test]
fn the_plan_is_in_the_order_of_the_calls() {
    let node = Node::new().with_link(Place::Host, link("eth1"));
    let outcome = node.attach::<Fixed>(request(r#"{"master": "eth1"}"#));
    outcome.result.unwrap();
    assert!(matches!(&outcome.plan[..], [
        Operation::CreateMacvlan { parent, .. },
        Operation::AssignAddresses { source: AddressSource::Configured },
    ] if parent == "eth1"));
    assert_eq!(outcome.log, ["info: attaching"]);
}

#[test]
fn a_device_that_the_configuration_does_not_name_is_denied() {
    let node = Node::new().with_link(Place::Host, link("eth1"));
    let outcome = node.attach::<Fixed>(request(r#"{"master": "eth2"}"#));
    assert_eq!(outcome.result.unwrap_err().code, ErrorCode::Denied);
    assert!(outcome.plan.is_empty());
}

#[test]
fn a_link_of_the_other_namespace_is_not_found() {
    let node = Node::new().with_link(Place::Pod, link("eth1"));
    let outcome = node.attach::<Fixed>(request(r#"{"master": "eth1"}"#));
    assert_eq!(outcome.result.unwrap_err().code, ErrorCode::NotFound);
}

#[test]
fn keys_reach_the_component_in_lower_case_and_values_as_written() {
    let request = request(r#"{"name": "Rail", "LinkInContainer": true, "ipam": {"Type": "Pool"}}"#);
    assert_eq!(request.network, "Rail");
    assert!(request.has_ipam);
    let keys: serde_json::Value = serde_json::from_str(&request.configuration).unwrap();
    assert_eq!(keys["linkincontainer"], true);
    assert_eq!(keys["ipam"]["type"], "Pool");
}

/// Takes the PCI function below the parent and does to it all that can be done.
struct Below;

impl Flavour for Below {
    fn attach(_request: Request) -> Result<(), Error> {
        let parent = facts::get_link(Place::Host, "ib0")?;
        let address = parent.facts().pci.unwrap_or_default();
        let function = facts::get_pci_function(&address)?;
        let settings = VirtualFunctionSettings {
            guid: Some(vec![2; 8]),
            ..Default::default()
        };
        operations::set_virtual_function(&function, &settings, true)?;
        operations::move_rdma_device(&function, Some("rdma_net1"))?;
        operations::report_function(&function, Some(&[2, 0, 0, 0, 0, 1]))?;
        operations::reserve_addresses()
    }
}

#[test]
fn the_function_below_a_link_that_was_given_is_given_with_all_that_is_done_to_it() {
    const ADDRESS: &str = "0000:3b:00.2";
    let mut below = infiniband_link("ib0");
    below.pci = Some(ADDRESS.to_owned());
    let node = Node::new()
        .with_link(Place::Host, below)
        .with_pci_function(infiniband_virtual_function(ADDRESS));
    let outcome = node.attach::<Below>(request(r#"{"master": "ib0"}"#));
    outcome.result.unwrap();
    let function = || ADDRESS.to_owned();
    assert_eq!(
        outcome.plan,
        [
            Operation::SetVirtualFunction {
                function: function(),
                settings: VirtualFunctionSettings {
                    guid: Some(vec![2; 8]),
                    ..Default::default()
                },
                rebind: true,
            },
            Operation::MoveRdmaDevice {
                function: function(),
                name: Some("rdma_net1".to_owned()),
            },
            Operation::ReportFunction {
                function: function(),
                mac: Some(vec![2, 0, 0, 0, 0, 1]),
            },
            Operation::ReserveAddresses,
        ]
    );
}

#[test]
fn a_function_can_be_had_only_by_a_name_or_by_a_link() {
    struct Named;
    impl Flavour for Named {
        fn attach(_request: Request) -> Result<(), Error> {
            facts::get_pci_function("0000:3b:00.2").map(drop)
        }
    }
    let node = Node::new().with_pci_function(virtual_function("0000:3b:00.2"));
    let by_runtime = r#"{"runtimeConfig": {"deviceID": "0000:3b:00.2"}}"#;
    node.attach::<Named>(request(by_runtime)).result.unwrap();
    let outcome = node.attach::<Named>(request(r#"{"deviceID": "0000:3b:00.3"}"#));
    outcome.assert_refused(ErrorCode::Denied, &["0000:3b:00.2"]);
    let outcome = Node::new().attach::<Named>(request(by_runtime));
    outcome.assert_refused(ErrorCode::NotFound, &["0000:3b:00.2"]);
}

#[test]
fn what_the_runtime_adds_is_in_the_request() {
    let request = request(
        r#"{"deviceID": "0000:3b:00.3", "mtu": null,
            "runtimeConfig": {"mac": "02:00:00:00:00:0a", "deviceID": "0000:3b:00.2"},
            "args": {"cni": {"guid": "02:00:00:00:00:00:00:0b"}},
            "prevResult": {"interfaces": [{"name": "eth9"}, {"name": "net1", "sandbox": "/ns"}],
                           "ips": [{"address": "10.0.0.5/24"}]}}"#,
    );
    assert_eq!(request.device_id.as_deref(), Some("0000:3b:00.2"));
    assert_eq!(request.mac, Some(vec![2, 0, 0, 0, 0, 0x0a]));
    let guid = vec![2, 0, 0, 0, 0, 0, 0, 0x0b];
    assert_eq!(request.infiniband_guid, Some(guid));
    let previous: Vec<_> = request
        .previous_interfaces
        .iter()
        .map(|interface| (interface.name.as_str(), interface.in_pod))
        .collect();
    assert_eq!(previous, [("eth9", false), ("net1", true)]);
    assert!(request.has_previous_addresses);
    assert!(!request.configuration.contains("mtu"));
}
