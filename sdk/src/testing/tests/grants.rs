//! What the operator has not granted is refused in a native test, in the host's words.

use super::*;
use crate::operations::{
    BridgeOptions, VethOptions, assign_addresses, configured_addresses, create_veth, move_netdev,
    share_bridge,
};

type Steps = fn() -> Result<(), Error>;

thread_local! {
    /// What the flavour below does.
    static STEPS: std::cell::Cell<Steps> = const { std::cell::Cell::new(|| Ok(())) };
}

struct Doing;

impl Flavour for Doing {
    fn attach(_request: &Request) -> Result<(), Error> {
        STEPS.get()()
    }
}

/// `eth1` and `ens6`, whose function is bound to `mlx5_core`, a bridge, and the virtual function [`ADDRESS`].
fn node() -> Node {
    let ens6 = LinkFacts {
        alternative_names: vec!["rail0".to_owned()],
        pci_address: Some("0000:3b:00.0".parse().unwrap()),
        ..link("ens6")
    };
    let bridge = LinkFacts {
        kind: Some("bridge".to_owned()),
        ..link("br0")
    };
    Node::new()
        .with_link(Place::Host, link("eth1"))
        .with_link(Place::Host, ens6)
        .with_link(Place::Host, bridge)
        .with_link(Place::Pod, link("eth0"))
        .with_pci_function(virtual_function(ADDRESS))
        .with_pci_function(physical(virtual_function("0000:3b:00.0")))
}

fn macvlan_on(name: &str) -> Result<(), Error> {
    let parent = get_link(Place::Host, name)?;
    create_macvlan(&parent, &MacvlanOptions::default()).map(drop)
}

fn attach(node: &Node, configuration: &str, steps: Steps) -> Outcome<()> {
    STEPS.set(steps);
    node.attach::<Doing>(request(configuration))
}

#[test]
fn an_operation_without_a_grant_is_refused_with_the_command_that_gives_it() {
    let steps = || {
        let parent = get_link(Place::Host, "eth1")?;
        let link = create_macvlan(&parent, &MacvlanOptions::default())?;
        assign_addresses(&link, &configured_addresses()?)
    };
    let configuration = r#"{"master": "eth1", "ipam": {"type": "pool"}}"#;
    let granted =
        |operations: &[&'static str]| attach(&node().with_grants(operations), configuration, steps);
    let outcome = granted(&["create-macvlan", "assign-addresses"]);
    outcome.result.unwrap();
    let sentence =
        "no grant for assign-addresses: `plumbctl component grant NAME assign-addresses`";
    granted(&["create-macvlan"]).assert_refused(ErrorCode::Denied, &[sentence]);
}

#[test]
fn a_grant_on_devices_is_for_them_alone() {
    let on_eth1 = || macvlan_on("eth1");
    let configuration = r#"{"master": "eth1"}"#;
    for (patterns, is_meant) in [
        (&["eth*"][..], true),
        (&["ens*", "eth1"], true),
        (&["eth"], false),
        (&["ens*"], false),
        (&["driver:mlx5_core"], false),
    ] {
        let node = node().with_grant_on("create-macvlan", patterns);
        let outcome = attach(&node, configuration, on_eth1);
        let sentence = format!(
            "component NAME has a grant for create-macvlan on {}, and not on eth1: `plumbctl component grant NAME \
             create-macvlan --parent eth1` gives it",
            patterns.join(", ")
        );
        match is_meant {
            true => outcome.result.unwrap(),
            false => outcome.assert_refused(ErrorCode::Denied, &[&sentence]),
        }
    }
}

#[test]
fn what_a_grant_means_needs_no_name_in_the_configuration() {
    let on_ens6 = || macvlan_on("ens6");
    for pattern in ["ens*", "rail0", "driver:mlx5*"] {
        let node = node().with_grant_on("create-macvlan", &[pattern]);
        attach(&node, "{}", on_ens6).result.unwrap();
        let sentence = r#"interface "eth1" is not named in the network configuration"#;
        attach(&node, "{}", || macvlan_on("eth1")).assert_refused(ErrorCode::Denied, &[sentence]);
    }
    // A vendor's component is not told what else a node has.
    let node = node().with_grants(&["create-macvlan"]);
    let outcome = attach(&node, r#"{"master": "ens9"}"#, || macvlan_on("ens9"));
    outcome.assert_refused(
        ErrorCode::NotFound,
        &[r#"no interface named "ens9" on the host"#],
    );
    let refusal = outcome.result.unwrap_err().to_string();
    assert!(!refusal.contains("eth1"), "{refusal}");
}

#[test]
fn a_grant_is_for_the_devices_of_its_own_kind() {
    let on_ens6 = || macvlan_on("ens6");
    // A pattern for functions means no interface, and one for the node's interfaces none of the pod.
    let node = node().with_grant_on("move-link", &["ens6"]);
    let outcome = attach(&node, "{}", on_ens6);
    outcome.assert_refused(ErrorCode::Denied, &["\"ens6\" is not named"]);
    let node = node.with_grant_on("create-macvlan", &["eth0"]);
    let outcome = attach(&node, "{}", || get_link(Place::Pod, "eth0").map(drop));
    outcome.assert_refused(ErrorCode::Denied, &["\"eth0\" is not named"]);
}

#[test]
fn each_operation_on_a_device_is_held_against_its_own_patterns() {
    let refused = |operation: &'static str, device: &str, steps: Steps| {
        let node = node().with_grant_on(operation, &["other"]);
        let configuration =
            format!(r#"{{"bridge": "br0", "link": "eth1", "function": "{ADDRESS}"}}"#);
        let sentence = format!("a grant for {operation} on other, and not on {device}");
        attach(&node, &configuration, steps).assert_refused(ErrorCode::Denied, &[&sentence]);
    };
    refused("create-veth", "br0", || {
        let bridge = get_link(Place::Host, "br0")?;
        create_veth(Some(&bridge), &VethOptions::default()).map(drop)
    });
    refused("share-bridge", "br0", || {
        share_bridge("br0", &BridgeOptions::default()).map(drop)
    });
    refused("move-netdev", "eth1", || {
        move_netdev(&get_link(Place::Host, "eth1")?, None).map(drop)
    });
    refused("move-link", ADDRESS, || {
        move_link(&get_pci_function(address())?).map(drop)
    });
    refused("set-virtual-function", ADDRESS, || {
        let settings = VirtualFunctionSettings::default();
        operations::set_virtual_function(&get_pci_function(address())?, &settings)
    });
    refused("move-rdma-device", ADDRESS, || {
        operations::move_rdma_device(&get_pci_function(address())?, None)
    });
    refused("report-function", ADDRESS, || {
        operations::report_function(&get_pci_function(address())?, None)
    });
}

#[test]
fn a_function_is_meant_by_its_address_its_driver_and_the_interface_above_it() {
    for pattern in ["0000:3b:00.*", "driver:mlx5_core", "ens1f0np0"] {
        let node = node().with_grant_on("move-link", &[pattern]);
        let outcome = attach(&node, "{}", || {
            move_link(&get_pci_function(address())?).map(drop)
        });
        outcome.result.unwrap();
    }
    let node = node().with_grant_on("move-link", &["0000:5e:*"]);
    let outcome = attach(&node, "{}", || get_pci_function(address()).map(drop));
    let sentence = "PCI function 0000:3b:00.2 is not named in the network configuration";
    outcome.assert_refused(ErrorCode::Denied, &[sentence]);
}

#[test]
fn the_interface_of_the_default_route_is_seen_where_it_is_named_letter_for_letter() {
    let node = node().with_default_route(Place::Host, "ens6");
    let take = || get_default_route_link(Place::Host).map(drop);
    let sentence = "component NAME may not see the interface of the node's default route";
    for patterns in [&["ens*"][..], &["driver:mlx5_core"]] {
        let node = node.clone().with_grant_on("create-macvlan", patterns);
        attach(&node, "{}", take).assert_refused(ErrorCode::Denied, &[sentence]);
    }
    let by_grant = node.clone().with_grant_on("create-macvlan", &["rail0"]);
    let by_configuration = node.with_grants(&["create-macvlan"]);
    for (node, configuration) in [
        (by_grant, "{}"),
        (by_configuration, r#"{"master": "ens6"}"#),
    ] {
        let steps = || {
            let parent = get_default_route_link(Place::Host)?;
            create_macvlan(&parent, &MacvlanOptions::default()).map(drop)
        };
        attach(&node, configuration, steps).result.unwrap();
    }
}

#[test]
fn a_bridge_to_come_is_meant_by_its_name_and_kind_for_each_operation_on_it() {
    let steps = || {
        let bridge = share_bridge("br-acme0", &BridgeOptions::default())?;
        bridge.create_veth(&VethOptions::default()).map(drop)
    };
    for pattern in ["br-acme*", "driver:bridge"] {
        let node = node()
            .with_grant_on("share-bridge", &[pattern])
            .with_grants(&["create-veth"]);
        attach(&node, "{}", steps).result.unwrap();
        let node = node.with_grant_on("create-veth", &["br0"]);
        let sentence = "a grant for create-veth on br0, and not on br-acme0";
        attach(&node, "{}", steps).assert_refused(ErrorCode::Denied, &[sentence]);
    }
    let node = node().with_grants(&["share-bridge", "create-veth"]);
    let sentence = r#"bridge "br-acme0" is not named in the network configuration"#;
    attach(&node, "{}", steps).assert_refused(ErrorCode::Denied, &[sentence]);
}

#[test]
fn the_bridge_of_the_default_route_is_shared_where_it_is_named_letter_for_letter() {
    let node = node().with_default_route(Place::Host, "br0");
    let steps = || {
        let bridge = share_bridge("br0", &BridgeOptions::default())?;
        bridge.create_veth(&VethOptions::default()).map(drop)
    };
    let granted = |pattern| {
        let node = node.clone().with_grant_on("share-bridge", &[pattern]);
        attach(&node.with_grants(&["create-veth"]), "{}", steps)
    };
    let sentence = "component NAME may not share br0, by which the node's default route leads";
    granted("br*").assert_refused(ErrorCode::Denied, &[sentence]);
    granted("br0").result.unwrap();
}
