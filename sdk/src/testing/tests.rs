use std::net::IpAddr;

use super::*;
use crate::facts::{
    Link, LinkType, get_default_route_link, get_link, get_pci_function, get_pod_links,
};
use crate::operations::{self, MacvlanOptions, VirtualFunctionSettings, create_macvlan, move_link};
use crate::{Error, ErrorCode, Guid, HardwareAddress, Mac, PciAddress, log};

mod grants;
mod plan;
mod proposals;
mod refusals;

const ADDRESS: &str = "0000:3b:00.2";

fn address() -> PciAddress {
    ADDRESS.parse().unwrap()
}

/// Takes its parent from a fixed name, so that a test can leave it out elsewhere.
struct Fixed;

impl Flavour for Fixed {
    fn attach(_request: &Request) -> Result<(), Error> {
        let parent = get_link(Place::Host, "eth1")?;
        create_macvlan(&parent, &MacvlanOptions::default()).map(drop)
    }
}

#[test]
fn a_device_that_the_configuration_does_not_name_is_denied() {
    let node = Node::new().with_link(Place::Host, link("eth1"));
    let outcome = node.attach::<Fixed>(request(r#"{"master": "eth2"}"#));
    let sentence = r#"interface "eth1" is not named in the network configuration"#;
    outcome.assert_refused(ErrorCode::Denied, &[sentence]);
    node.attach::<Fixed>(request(r#"{"master": "eth1"}"#))
        .result
        .unwrap();
}

#[test]
fn a_link_of_the_other_namespace_is_not_found() {
    let node = Node::new()
        .with_link(Place::Pod, link("eth1"))
        .with_link(Place::Host, link("eth0"));
    let outcome = node.attach::<Fixed>(request(r#"{"master": "eth1"}"#));
    let sentence = r#"no interface named "eth1" on the host; there are: eth0"#;
    outcome.assert_refused(ErrorCode::NotFound, &[sentence]);
}

#[test]
fn an_interface_of_the_previous_result_is_named_by_it() {
    let node = Node::new().with_link(Place::Host, link("eth1"));
    let chained = request(r#"{"prevResult": {"interfaces": [{"name": "eth1"}]}}"#);
    node.attach::<Fixed>(chained).result.unwrap();
    // Other texts of the result name nothing: the component cannot see them either.
    let elsewhere = request(r#"{"prevResult": {"interfaces": [{"mac": "eth1"}]}}"#);
    let outcome = node.attach::<Fixed>(elsewhere);
    outcome.assert_refused(ErrorCode::Denied, &["eth1"]);
}

#[test]
fn the_links_of_the_pod_and_of_the_default_route_need_no_name() {
    struct Unnamed;
    impl Flavour for Unnamed {
        fn attach(_request: &Request) -> Result<(), Error> {
            let names: Vec<String> = get_pod_links()?.iter().map(Link::name).collect();
            log::info(names.join(" "));
            log::info(get_default_route_link(Place::Host)?.name());
            get_default_route_link(Place::Pod).map(drop)
        }
    }
    let mut loopback = link("lo");
    loopback.link_type = LinkType::Loopback;
    let node = Node::new()
        .with_link(Place::Host, link("eth0"))
        .with_link(Place::Pod, loopback)
        .with_link(Place::Pod, link("net0"))
        .with_default_route(Place::Host, "eth0");
    let outcome = node.attach::<Unnamed>(request("{}"));
    assert_eq!(outcome.log, ["info: net0", "info: eth0"]);
    let sentence = "the pod has no default route whose interface could be taken";
    outcome.assert_refused(ErrorCode::NotFound, &[sentence]);
}

#[test]
fn a_function_can_be_had_only_by_a_name_or_by_a_link() {
    struct Named;
    impl Flavour for Named {
        fn attach(_request: &Request) -> Result<(), Error> {
            move_link(&get_pci_function(address())?).map(drop)
        }
    }
    let node = Node::new().with_pci_function(virtual_function(ADDRESS));
    let by_runtime = || request(r#"{"runtimeConfig": {"deviceID": "0000:3b:00.2"}}"#);
    node.attach::<Named>(by_runtime()).result.unwrap();
    let other_spelling = request(r#"{"deviceID": "00000000:3B:00.2"}"#);
    node.attach::<Named>(other_spelling).result.unwrap();
    let outcome = node.attach::<Named>(request(r#"{"deviceID": "0000:3b:00.3"}"#));
    let sentence = "PCI function 0000:3b:00.2 is not named in the network configuration";
    outcome.assert_refused(ErrorCode::Denied, &[sentence]);
    let outcome = Node::new().attach::<Named>(by_runtime());
    outcome.assert_refused(ErrorCode::NotFound, &[ADDRESS]);
}

#[test]
fn keys_reach_the_component_in_lower_case_and_values_as_written() {
    let request = request(r#"{"name": "Rail", "LinkInContainer": true, "ipam": {"Type": "Pool"}}"#);
    assert_eq!(request.network(), "Rail");
    assert!(request.has_ipam());
    let keys: serde_json::Value = request.configuration().unwrap();
    assert_eq!(keys["linkincontainer"], true);
    assert_eq!(keys["ipam"]["type"], "Pool");
}

#[test]
fn what_the_runtime_adds_is_in_the_request() {
    let request = request(
        r#"{"deviceID": "0000:3b:00.3", "mtu": null,
            "runtimeConfig": {"mac": "02:00:00:00:00:0a", "deviceID": "0000:3b:00.2",
                              "ips": ["10.0.0.7/24", "fd00::9"]},
            "args": {"cni": {"guid": "02:00:00:00:00:00:00:0b"}},
            "prevResult": {"interfaces": [{"name": "eth9"}, {"name": "net1", "sandbox": "/ns"}],
                           "ips": [{"address": "10.0.0.5/24"}]}}"#,
    );
    assert_eq!(request.device_id().as_deref(), Some(ADDRESS));
    let mac = HardwareAddress::from(Mac::new([2, 0, 0, 0, 0, 0x0a]));
    assert_eq!(request.mac(), Some(mac));
    let guid = Guid::new([2, 0, 0, 0, 0, 0, 0, 0x0b]);
    assert_eq!(request.infiniband_guid(), Some(guid));
    let addresses: Vec<IpAddr> = ["10.0.0.7", "fd00::9"]
        .map(|one| one.parse().unwrap())
        .into();
    assert_eq!(request.requested_addresses(), addresses);
    let previous: Vec<_> = request
        .previous_interfaces()
        .iter()
        .map(|interface| (interface.name(), interface.is_in_pod()))
        .collect();
    let expected = [("eth9".to_owned(), false), ("net1".to_owned(), true)];
    assert_eq!(previous, expected);
    assert!(request.has_previous_addresses());
    let keys: serde_json::Value = request.configuration().unwrap();
    assert!(keys.get("mtu").is_none(), "{keys}");
}

#[test]
fn the_previous_result_is_not_in_the_configuration() {
    let chained = request(r#"{"type": "rdma", "PrevResult": {"ips": []}}"#);
    let keys: serde_json::Value = chained.configuration().unwrap();
    assert_eq!(keys, serde_json::json!({"type": "rdma"}));
}
