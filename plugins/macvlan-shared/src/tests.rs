//! The flavour on described nodes: what is looked up, what is refused, what is planned.

use plumb_sdk::ErrorCode;
use plumb_sdk::facts::{LinkType, Place, RdmaNamespaceMode};
use plumb_sdk::operations::{IpvlanOptions, MacvlanOptions};
use plumb_sdk::testing::{AddressSource, Node, Operation, Outcome, announcement, link, request};

use super::*;

const IPAM: &str = r#""ipam": {"type": "host-local"}"#;

fn node() -> Node {
    Node::new()
        .with_link(Place::Host, link("eth0"))
        .with_link(Place::Host, link("eth1"))
        .with_default_route(Place::Host, "eth0")
}

/// A node whose eth1 is an RDMA adapter.
fn rdma_node(mode: RdmaNamespaceMode) -> Node {
    let mut adapter = link("eth1");
    adapter.rdma_devices = vec!["mlx5_0".to_owned()];
    Node::new()
        .with_link(Place::Host, adapter)
        .with_rdma_namespace_mode(mode)
}

fn attach(configuration: &str) -> Outcome<()> {
    node().attach::<Component>(request(configuration))
}

/// The reference has never read them.
#[test]
fn what_an_ipvlan_cannot_have_is_passed_over_with_a_warning() {
    for (key, words) in [
        (r#""mac": "02:00:00:00:00:01""#, "\"mac\" 02:00:00:00:00:01"),
        (
            r#""runtimeConfig": {"mac": "0200.0000.0002"}"#,
            "\"mac\" 02:00:00:00:00:02",
        ),
        (r#""bcqueuelen": 7"#, "\"bcqueuelen\" 7"),
    ] {
        let outcome = attach(&format!(
            r#"{{"type": "ipvlan", "master": "eth1", {key}, {IPAM}}}"#
        ));
        assert_eq!(parent_of(&outcome), "eth1");
        outcome.result.unwrap();
        let [line] = outcome.log.as_slice() else {
            panic!("{:?}", outcome.log);
        };
        let is_said = line.starts_with("warning: ") && line.contains(words);
        assert!(is_said && line.contains("is passed over"), "{line}");
    }
}

fn parent_of(outcome: &Outcome<()>) -> &str {
    match outcome.plan.first() {
        Some(Operation::CreateMacvlan { parent, .. } | Operation::CreateIpvlan { parent, .. }) => {
            parent
        }
        other => panic!("{other:?}, {:?}", outcome.result),
    }
}

fn refusal(outcome: Outcome<()>) -> Error {
    assert_eq!(outcome.plan, []);
    outcome.result.unwrap_err()
}

#[test]
fn a_macvlan_with_addresses_is_made_announced_and_addressed() {
    let outcome = attach(&format!(
        r#"{{"type": "macvlan", "master": "eth1", "mode": "vepa", "mtu": 1400, {IPAM}}}"#
    ));
    outcome.result.unwrap();
    let [arp, ndisc] = announcement();
    assert_eq!(
        outcome.plan,
        [
            Operation::CreateMacvlan {
                parent: "eth1".to_owned(),
                options: MacvlanOptions {
                    mode: MacvlanMode::Vepa,
                    mtu: Some(1400),
                    ..Default::default()
                },
            },
            arp,
            ndisc,
            Operation::AssignAddresses {
                addresses: AddressSource::Configured
            },
        ]
    );
}

#[test]
fn an_ipvlan_takes_the_addresses_of_its_own_ipam_or_of_the_chain() {
    let outcome = attach(&format!(
        r#"{{"type": "ipvlan", "master": "eth1", "mode": "l3", {IPAM}}}"#
    ));
    assert_eq!(
        outcome.plan.first(),
        Some(&Operation::CreateIpvlan {
            parent: "eth1".to_owned(),
            options: IpvlanOptions {
                mode: IpvlanMode::L3,
                ..Default::default()
            },
        })
    );

    let outcome = attach(
        r#"{"type": "ipvlan", "master": "eth1",
            "prevResult": {"ips": [{"address": "10.0.0.5/24"}]}}"#,
    );
    assert_eq!(
        outcome.plan.last(),
        Some(&Operation::AssignAddresses {
            addresses: AddressSource::Previous
        })
    );

    let error = refusal(attach(r#"{"type": "ipvlan", "master": "eth1"}"#));
    assert_eq!(error.code, ErrorCode::InvalidConfiguration);
    assert!(error.message.contains("\"ipam\""), "{}", error.message);
}

#[test]
fn without_a_master_the_default_route_decides() {
    assert_eq!(parent_of(&attach(r#"{"type": "macvlan"}"#)), "eth0");

    let outcome = Node::new().attach::<Component>(request(r#"{"type": "macvlan"}"#));
    let error = refusal(outcome);
    assert_eq!(error.code, ErrorCode::NotFound);
    assert!(error.message.contains("\"master\""), "{}", error.message);
}

#[test]
fn a_chained_ipvlan_is_made_of_the_interface_before_it() {
    let after = |interfaces: &str| {
        attach(&format!(
            r#"{{"type": "ipvlan", "prevResult": {{"interfaces": [{interfaces}]}}, {IPAM}}}"#
        ))
    };
    assert_eq!(parent_of(&after(r#"{"name": "eth1"}"#)), "eth1");

    let error = refusal(after(r#"{"name": "eth1"}, {"name": "eth2"}"#));
    assert!(error.message.contains("eth1, eth2"), "{}", error.message);
}

#[test]
fn a_master_in_the_pod_is_looked_for_there() {
    let text = r#"{"type": "macvlan", "master": "net0", "linkInContainer": true}"#;
    let in_pod = Node::new().with_link(Place::Pod, link("net0"));
    assert_eq!(
        parent_of(&in_pod.attach::<Component>(request(text))),
        "net0"
    );

    let on_host = Node::new().with_link(Place::Host, link("net0"));
    let error = refusal(on_host.attach::<Component>(request(text)));
    assert_eq!(error.code, ErrorCode::NotFound);
}

#[test]
fn an_mtu_above_the_parents_is_refused_with_both() {
    let error = refusal(attach(
        r#"{"type": "macvlan", "master": "eth1", "mtu": 9000}"#,
    ));
    assert_eq!(error.code, ErrorCode::InvalidConfiguration);
    assert!(
        error.message.contains("9000") && error.message.contains("1500"),
        "{}",
        error.message
    );

    let outcome = attach(r#"{"type": "macvlan", "master": "eth1", "mtu": 1500}"#);
    outcome.result.unwrap();
}

#[test]
fn only_ethernet_can_be_a_parent() {
    for (link_type, hint) in [
        (LinkType::Infiniband, "ipoib"),
        (LinkType::Loopback, "loopback"),
        (LinkType::Other(65534), "65534"),
    ] {
        let mut facts = link("dev0");
        facts.link_type = link_type;
        let node = Node::new().with_link(Place::Host, facts);
        let outcome = node.attach::<Component>(request(r#"{"type": "macvlan", "master": "dev0"}"#));
        let error = refusal(outcome);
        assert!(
            error.message.contains("dev0") && error.message.contains(hint),
            "{}",
            error.message
        );
    }
}

#[test]
fn an_rdma_device_that_the_pod_cannot_use_is_refused_where_rdma_is_demanded() {
    for kind in ["macvlan", "ipvlan"] {
        let text =
            format!(r#"{{"type": "{kind}", "master": "eth1", "requireRDMA": true, {IPAM}}}"#);
        let exclusive = rdma_node(RdmaNamespaceMode::Exclusive);
        let error = refusal(exclusive.attach::<Component>(request(&text)));
        assert_eq!(error.code, ErrorCode::NotAvailable);
        for part in [
            "mlx5_0",
            "requireRDMA",
            "rdma system set netns shared",
            "netns_mode=1",
        ] {
            assert!(error.message.contains(part), "{}", error.message);
        }
        let ready = exclusive.ready::<Component>(request(&text));
        assert_eq!(ready.result.unwrap_err().code, ErrorCode::NotAvailable);

        let shared = rdma_node(RdmaNamespaceMode::Shared);
        let outcome = shared.attach::<Component>(request(&text));
        outcome.result.unwrap();
        assert_eq!(outcome.log, [""; 0]);
        let ready = shared.ready::<Component>(request(&text));
        ready.result.unwrap();
    }
}

/// Nodes of sriov-cni and rdma-cni are in exclusive mode, and have IP-only children of the
/// physical function beside.
#[test]
fn a_pod_that_is_not_for_rdma_gets_its_interface_in_exclusive_mode_with_a_warning() {
    for kind in ["macvlan", "ipvlan"] {
        let text = format!(r#"{{"type": "{kind}", "master": "eth1", {IPAM}}}"#);
        let exclusive = rdma_node(RdmaNamespaceMode::Exclusive);
        let outcome = exclusive.attach::<Component>(request(&text));
        outcome.result.unwrap();
        let ready = exclusive.ready::<Component>(request(&text));
        ready.result.unwrap();
        let [warning] = outcome.log.as_slice() else {
            panic!("{:?}", outcome.log);
        };
        for part in ["warning", "eth1", "mlx5_0", "exclusive", "requireRDMA"] {
            assert!(warning.contains(part), "{part} in {warning}");
        }
    }
}

#[test]
fn an_rdma_device_in_the_pod_is_usable_there() {
    let mut moved = link("net0");
    moved.rdma_devices = vec!["mlx5_2".to_owned()];
    let node = Node::new()
        .with_link(Place::Pod, moved)
        .with_rdma_namespace_mode(RdmaNamespaceMode::Exclusive);
    let text = r#"{"type": "macvlan", "master": "net0", "linkInContainer": true}"#;
    let outcome = node.attach::<Component>(request(text));
    outcome.result.unwrap();
}

#[test]
fn an_rdma_device_can_be_demanded() {
    let text = r#"{"type": "macvlan", "master": "eth1", "requireRDMA": true}"#;
    let error = refusal(attach(text));
    assert_eq!(error.code, ErrorCode::NotAvailable);
    assert!(error.message.contains("eth1"), "{}", error.message);

    let shared = rdma_node(RdmaNamespaceMode::Shared);
    shared.attach::<Component>(request(text)).result.unwrap();
}

#[test]
fn a_node_is_ready_when_the_parent_is_there_and_up() {
    let text = r#"{"type": "macvlan", "master": "eth1"}"#;
    node().ready::<Component>(request(text)).result.unwrap();

    let mut down = link("eth1");
    down.is_up = false;
    let node = Node::new().with_link(Place::Host, down);
    let error = node.ready::<Component>(request(text)).result.unwrap_err();
    assert_eq!(error.code, ErrorCode::NotAvailable);
    assert!(
        error.message.contains("ip link set eth1 up"),
        "{}",
        error.message
    );

    let error = Node::new()
        .ready::<Component>(request(text))
        .result
        .unwrap_err();
    assert_eq!(error.code, ErrorCode::NotFound);

    let in_pod = r#"{"type": "macvlan", "master": "net0", "linkInContainer": true}"#;
    Node::new()
        .ready::<Component>(request(in_pod))
        .result
        .unwrap();
}
