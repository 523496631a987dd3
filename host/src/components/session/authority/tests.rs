//! What a component behind the wall may send that no component could: handles that it was not given.

use super::*;
use crate::components::refusal::Reason;
use crate::components::session::{BridgeOptions, MacvlanOptions, VethOptions};
use crate::components::world::World;
use crate::facts::RecordedFacts;
use crate::operations::{Operation, Reversible};
use crate::outcome::{AddressSource, LinkNumber};

const FACTS: &str = r#"{
    "host": {"links": [
        {"name": "nic0", "index": 2, "mac": "02:00:00:00:00:01", "mtu": 9000, "pci": "0000:3b:00.2"},
        {"name": "nic1", "index": 3, "mac": "02:00:00:00:00:02", "mtu": 9000}
    ]},
    "pciFunctions": [{
        "address": "0000:3b:00.2", "virtualFunction": {"parent": "0000:3b:00.0", "index": 0},
        "parentLink": {"name": "nic1", "index": 3, "mac": "02:00:00:00:00:02", "mtu": 9000}
    }, {
        "address": "mlx5_core.sf.4", "partOf": "0000:3b:00.0"
    }, {
        "address": "mlx5_core.sf.5"
    }]
}"#;

pub(in crate::components) fn authority() -> Authority {
    let facts = RecordedFacts::parse(FACTS.as_bytes()).unwrap();
    let source = Source::find("macvlan-shared", World::Flavour, "/nowhere".as_ref());
    let asked = Asked {
        network: "rail0".to_owned(),
        container_id: "pod-a".to_owned(),
        interface_name: "net1".to_owned(),
        pod: None,
        node: "node-1".to_owned(),
        configuration: r#"{"master": "nic0"}"#.to_owned(),
        mac: None,
        infiniband_guid: None,
        device_id: None,
        requested_addresses: Vec::new(),
        previous_interfaces: Vec::new(),
        has_ipam: true,
        has_previous_addresses: false,
        unusable_pools: Vec::new(),
        is_chained: false,
        parent: None,
        planned_mac: None,
    };
    Authority::new(
        Rc::new(facts),
        &source.unwrap().unwrap(),
        &Arc::new(asked),
        true,
    )
}

fn assert_denied(authority: &mut Authority, call: HostCall) {
    let shown = format!("{call:?}");
    let refusal = authority.answer(call).unwrap_err();
    assert_eq!(refusal.reason, Reason::Denied, "{shown}: {refusal:?}");
}

const POD_LINK: PodLinkHandle = PodLinkHandle {
    number: LinkNumber(0),
};

#[test]
fn a_handle_that_was_not_given_is_denied() {
    let mut authority = authority();
    let link = HostCall::Link(Place::Host, "nic0".to_owned());
    let Ok(HostAnswer::Link(link)) = authority.answer(link) else {
        panic!("nic0 is named");
    };
    for number in [link.number + 1, u32::MAX] {
        let create = HostCall::CreateMacvlan(number, MacvlanOptions::default());
        assert_denied(&mut authority, create);
        assert_denied(&mut authority, HostCall::Addresses(number));
    }
    for number in [0, u32::MAX] {
        assert_denied(&mut authority, HostCall::MoveLink(number));
        assert_denied(&mut authority, HostCall::ReportFunction(number, None));
    }
    assert!(authority.into_recorded().is_empty());
}

#[test]
fn there_is_no_interface_of_the_pod_before_it_was_made() {
    let mut authority = authority();
    assert_denied(&mut authority, HostCall::SetUp(POD_LINK));
    let source = AddressSource::Configured;
    assert_denied(&mut authority, HostCall::AssignAddresses(POD_LINK, source));
    let link = HostCall::Link(Place::Host, "nic0".to_owned());
    let Ok(HostAnswer::Link(link)) = authority.answer(link) else {
        panic!("nic0 is named");
    };
    let create = HostCall::CreateMacvlan(link.number, MacvlanOptions::default());
    let Ok(HostAnswer::PodLink(made)) = authority.answer(create) else {
        panic!("it may be made");
    };
    assert!(authority.answer(HostCall::SetUp(made)).is_ok());
    let other = PodLinkHandle {
        number: LinkNumber(1),
    };
    assert_denied(&mut authority, HostCall::SetUp(other));
    assert_eq!(authority.into_recorded().len(), 2);
}

/// The link of the physical function comes with the virtual one; what is given twice is one handle.
#[test]
fn a_function_brings_its_links() {
    let mut authority = authority();
    let link = HostCall::Link(Place::Host, "nic0".to_owned());
    assert!(authority.answer(link.clone()).is_ok());
    let function = HostCall::PciFunction("0000:3b:00.2".to_owned());
    let Ok(HostAnswer::Function(function)) = authority.answer(function) else {
        panic!("it is below a link that was given");
    };
    let parent = function.parent_link.expect("it has one");
    assert_eq!((parent.number, parent.facts.name.as_str()), (1, "nic1"));
    assert!(authority.answer(HostCall::Speed(parent.number)).is_ok());
    let Ok(HostAnswer::Link(again)) = authority.answer(link) else {
        panic!("it was given before");
    };
    assert_eq!(again.number, 0);
}

/// As a PCI function: only what the configuration, the device plugin or a grant names.
#[test]
fn a_scalable_function_is_given_by_its_name() {
    let mut authority = authority();
    let scalable = |name: &str| HostCall::AuxiliaryFunction(name.to_owned());
    assert_denied(&mut authority, scalable("mlx5_core.sf.4"));
    let refusal = authority.answer(scalable("../mlx5_core.sf.4")).unwrap_err();
    assert_eq!(refusal.reason, Reason::InvalidConfiguration, "{refusal:?}");
    authority
        .named
        .extend(["mlx5_core.sf.4", "mlx5_core.sf.5", "mlx5_core.sf.6"].map(str::to_owned));
    let given = authority.answer(scalable("mlx5_core.sf.4"));
    let Ok(HostAnswer::Function(function)) = given else {
        panic!("{given:?}");
    };
    assert_eq!(function.facts.part_of.as_deref(), Some("0000:3b:00.0"));
    // One that is a part of no PCI function, and one that is not there.
    for name in ["mlx5_core.sf.5", "mlx5_core.sf.6"] {
        let refusal = authority.answer(scalable(name)).unwrap_err();
        assert_eq!(refusal.reason, Reason::NotFound, "{refusal:?}");
    }
}

/// Shares `br-pods`, which the configuration names.
fn shared(authority: &mut Authority, options: BridgeOptions) -> Result<u32, Refusal> {
    authority.named.insert("br-pods".to_owned());
    let call = HostCall::ShareBridge("br-pods".to_owned(), options);
    match authority.answer(call)? {
        HostAnswer::SharedBridge(bridge) => Ok(bridge.number),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_bridge_that_was_not_shared_gets_no_port() {
    let mut authority = authority();
    let port = |number: u32| {
        HostCall::CreateVeth(VethOptions {
            shared_bridge: Some(number),
            ..VethOptions::default()
        })
    };
    assert_denied(&mut authority, port(0));
    let number = shared(&mut authority, BridgeOptions::default()).unwrap();
    assert_denied(&mut authority, port(number + 1));
    assert!(authority.answer(port(number)).is_ok());
    let recorded = authority.into_recorded();
    let [Recorded::Operation(share), Recorded::Operation(veth)] = &recorded[..] else {
        panic!("{recorded:?}");
    };
    assert_eq!(
        [share, veth].map(Reversible::describe),
        [
            "share bridge br-pods; it goes with the last pod",
            "create veth net1 in the pod and its other end on the host as a port of br-pods, mtu 1500, hardware addresses \
             random"
        ]
    );
}

/// The MTU of a bridge that is to be made is known.
#[test]
fn a_pair_has_the_mtu_of_the_bridge_to_come() {
    let mut authority = authority();
    let options = BridgeOptions {
        mtu: Some(9000),
        ..BridgeOptions::default()
    };
    let veth = VethOptions {
        shared_bridge: Some(shared(&mut authority, options).unwrap()),
        ..VethOptions::default()
    };
    assert!(authority.answer(HostCall::CreateVeth(veth)).is_ok());
    let recorded = authority.into_recorded();
    assert!(
        matches!(&recorded[1], Recorded::Operation(Operation::CreateVeth(veth)) if veth.mtu == 9000),
        "{recorded:?}"
    );
}

#[test]
fn a_plan_shares_a_bridge_once() {
    let mut authority = authority();
    let small = BridgeOptions {
        mtu: Some(1400),
        ..BridgeOptions::default()
    };
    let numbers = [0, 1].map(|_| shared(&mut authority, small).unwrap());
    assert_eq!(numbers, [0, 0]);
    let refusal = shared(&mut authority, BridgeOptions::default()).unwrap_err();
    assert_eq!(refusal.reason, Reason::InvalidConfiguration, "{refusal:?}");
    assert_eq!(authority.into_recorded().len(), 1);
}

#[test]
fn a_port_is_one_of_one_bridge() {
    let mut authority = authority();
    let link = HostCall::Link(Place::Host, "nic0".to_owned());
    let Ok(HostAnswer::Link(link)) = authority.answer(link) else {
        panic!("nic0 is named");
    };
    let both = VethOptions {
        bridge: Some(link.number),
        shared_bridge: Some(shared(&mut authority, BridgeOptions::default()).unwrap()),
        ..VethOptions::default()
    };
    let refusal = authority.answer(HostCall::CreateVeth(both)).unwrap_err();
    assert_eq!(refusal.reason, Reason::InvalidConfiguration, "{refusal:?}");
    let words = "both set-bridge and set-shared-bridge";
    assert!(refusal.message.contains(words), "{refusal:?}");
}
