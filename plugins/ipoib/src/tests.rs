//! The flavour on described nodes: what is looked up, what is refused, what is planned.

use plumb_sdk::facts::{LinkType, Place};
use plumb_sdk::operations::IpoibOptions;
use plumb_sdk::testing::{
    AddressSource, LinkFacts, Node, Operation, Outcome, PciFacts, announcement, infiniband_link,
    infiniband_virtual_function, link, physical, request,
};

use super::*;

const ADDRESS: &str = "0000:3b:00.0";
const IPAM: &str = r#", "ipam": {"type": "host-local"}"#;

/// An interface of the adapter.
fn on_adapter(name: &str) -> LinkFacts {
    LinkFacts {
        pci_address: Some(ADDRESS.parse().unwrap()),
        partition_keys: vec![0xffff, 0x8001, 0x0002],
        ..infiniband_link(name)
    }
}

/// A node with the adapter's interface `ib0` and its child `ib0.8001`.
fn node() -> Node {
    let adapter = PciFacts {
        links: vec![on_adapter("ib0")],
        ..physical(infiniband_virtual_function(ADDRESS))
    };
    Node::new()
        .with_pci_function(adapter)
        .with_link(Place::Host, on_adapter("ib0"))
        .with_link(Place::Host, on_adapter("ib0.8001"))
}

/// The keys after the type.
fn attach(keys: &str) -> Outcome<()> {
    node().attach::<Component>(request(&format!(r#"{{"type": "ipoib"{keys}}}"#)))
}

fn create(options: IpoibOptions) -> Operation {
    Operation::CreateIpoib {
        parent: "ib0".to_owned(),
        options,
    }
}

#[test]
fn the_runtimes_ethernet_address_is_passed_over_with_a_warning() {
    let keys = r#", "master": "ib0", "runtimeConfig": {"mac": "02:00:00:00:00:01"}"#;
    let outcome = attach(keys);
    outcome.result.unwrap();
    let [line] = outcome.log.as_slice() else {
        panic!("{:?}", outcome.log);
    };
    assert!(
        line.starts_with("warning: ") && line.contains("02:00:00:00:00:01"),
        "{line}"
    );
}

#[test]
fn a_child_in_a_partition_of_its_own() {
    let outcome = attach(&format!(
        r#", "master": "ib0", "pkey": "0x1", "mode": "connected", "umcast": true,
            "mtu": 65520{IPAM}"#
    ));
    outcome.result.unwrap();
    let [arp, ndisc] = announcement();
    assert_eq!(
        outcome.plan,
        [
            create(IpoibOptions {
                partition_key: Some(0x8001),
                mode: Some(IpoibMode::Connected),
                user_multicast: Some(true),
                mtu: Some(65520),
                name: None,
            }),
            arp,
            ndisc,
            Operation::AssignAddresses {
                addresses: AddressSource::Configured
            },
        ]
    );
}

#[test]
fn what_users_have_in_their_networks_works_as_it_is() {
    let outcome = attach(
        r#", "cniVersion": "0.3.1", "name": "ipoib", "master": "ib0",
            "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["v4-91"]}"#,
    );
    outcome.result.unwrap();
}

#[test]
fn a_limited_member_is_worth_a_warning() {
    let outcome = attach(r#", "master": "ib0", "pkey": "0x8002""#);
    outcome.result.unwrap();
    let [warning] = outcome.log.as_slice() else {
        panic!("{:?}", outcome.log);
    };
    for word in ["warning", "limited member", "0x8002"] {
        assert!(warning.contains(word), "{word} in {warning}");
    }
}

#[test]
fn the_kernel_makes_no_children_of_children() {
    let outcome = attach(r#", "master": "ib0.8001""#);
    let words = ["ib0.8001", "use ib0 in", "\"pkey\""];
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);

    // sysfs knows no device below a child.
    let mut child = infiniband_link("ib0.8001");
    child.rdma_devices.clear();
    child.partition_keys.clear();
    let node = Node::new().with_link(Place::Host, child);
    let outcome = node.attach::<Component>(request(
        r#"{"type": "ipoib", "master": "ib0.8001", "pkey": "0x8001"}"#,
    ));
    let words = ["ib0.8001", "its parent", "\"master\""];
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
}

#[test]
fn a_parent_of_another_bus_than_pci_is_taken() {
    let node = Node::new().with_link(Place::Host, infiniband_link("ib0"));
    let outcome = node.attach::<Component>(request(r#"{"type": "ipoib", "master": "ib0"}"#));
    outcome.result.unwrap();
}

#[test]
fn a_child_of_a_connected_parent_is_connected_unless_it_says_otherwise() {
    let mut parent = infiniband_link("ib0");
    parent.mtu = 65520;
    let node = Node::new().with_link(Place::Host, parent);
    for (keys, expected) in [
        ("", IpoibMode::Connected),
        (r#", "mode": "datagram""#, IpoibMode::Datagram),
    ] {
        let text = format!(r#"{{"type": "ipoib", "master": "ib0"{keys}}}"#);
        let outcome = node.attach::<Component>(request(&text));
        let Some(Operation::CreateIpoib { options, .. }) = outcome.plan.first() else {
            panic!("{:?} {:?}", outcome.result, outcome.plan);
        };
        assert_eq!(options.mode, Some(expected), "{keys}");
    }
}

#[test]
fn only_infiniband_can_be_a_parent() {
    for (link_type, word) in [
        (LinkType::Ethernet, "Ethernet"),
        (LinkType::Loopback, "loopback"),
        (LinkType::Other(65534), "65534"),
    ] {
        let mut facts = link("dev0");
        facts.link_type = link_type;
        let node = Node::new().with_link(Place::Host, facts);
        let outcome = node.attach::<Component>(request(r#"{"type": "ipoib", "master": "dev0"}"#));
        let words = ["dev0", word, "InfiniBand", "macvlan"];
        outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
    }

    let outcome = attach(r#", "master": "ib7""#);
    outcome.assert_refused(ErrorCode::NotFound, &["ib7"]);
}

#[test]
fn a_node_is_ready_when_the_parent_is_there_and_up() {
    let text = r#"{"type": "ipoib", "master": "ib0"}"#;
    node().ready::<Component>(request(text)).result.unwrap();

    let mut down = infiniband_link("ib0");
    down.is_up = false;
    let down = Node::new().with_link(Place::Host, down);
    let outcome = down.ready::<Component>(request(text));
    outcome.assert_refused(ErrorCode::NotAvailable, &["ip link set ib0 up"]);

    let outcome = Node::new().ready::<Component>(request(text));
    outcome.assert_refused(ErrorCode::NotFound, &["ib0"]);

    let absent = r#"{"type": "ipoib", "master": "ib0", "pkey": "0x3"}"#;
    let outcome = node().ready::<Component>(request(absent));
    outcome.assert_refused(ErrorCode::NotAvailable, &["0x0003"]);
}

#[test]
fn a_parent_that_is_down_is_worth_a_warning() {
    let mut down = infiniband_link("ib0");
    down.is_up = false;
    let node = Node::new().with_link(Place::Host, down);
    let outcome = node.attach::<Component>(request(r#"{"type": "ipoib", "master": "ib0"}"#));
    outcome.result.unwrap();
    assert_eq!(outcome.log, ["warning: parent ib0 is down"]);
}
