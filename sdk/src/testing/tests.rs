use super::*;
use crate::operations::{AddressSource, MacvlanMode, MacvlanOptions};
use crate::{ErrorCode, facts, log, operations};

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
