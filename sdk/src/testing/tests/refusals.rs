//! What the host would refuse is refused in a native test, in the same words.

use super::*;
use crate::facts::PciFunction;
use crate::operations::{
    BridgeOptions, ChannelCounts, IpoibOptions, IpvlanOptions, PodLink, RingSizes, SharedBridge,
    SysctlScope, VethOptions, VlanOptions, VlanTag, add_address, add_alternative_name,
    add_neighbour, add_route, add_rule, assign_addresses, configured_addresses, create_ipoib,
    create_ipvlan, create_macvlan, create_veth, create_vlan, move_link, move_netdev,
    move_rdma_device, previous_addresses, report_function, reserve_addresses, set_channels,
    set_link_sysctl, set_mac, set_mtu, set_pod_sysctl, set_rings, set_up, set_virtual_function,
    share_bridge, use_previous_link,
};
use crate::routing::{Route, Rule};
use crate::{Family, IpNetwork};

const INVALID: ErrorCode = ErrorCode::InvalidConfiguration;

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

    fn ready(_request: &Request) -> Result<(), Error> {
        STEPS.get()()
    }
}

fn node() -> Node {
    Node::new()
        .with_link(Place::Host, link("eth1"))
        .with_link(Place::Host, infiniband_link("ib0"))
        .with_link(Place::Pod, infiniband_link("ib9"))
        .with_pci_function(virtual_function(ADDRESS))
        .with_pci_function(physical(virtual_function("0000:3b:00.0")))
}

fn named() -> Request {
    request(
        r#"{"links": ["eth1", "ib0", "ib9"], "functions": ["0000:3b:00.2", "0000:3b:00.0"],
            "ipam": {"type": "pool"},
            "prevResult": {"interfaces": [{"name": "eth9"}], "ips": [{"address": "10.0.0.5/24"}]}}"#,
    )
}

fn attach(steps: Steps) -> Outcome<()> {
    STEPS.set(steps);
    node().attach::<Doing>(named())
}

/// Checks that the last of the steps is refused with this sentence.
#[track_caller]
fn assert_refused(sentence: &str, steps: Steps) {
    attach(steps).assert_refused(INVALID, &[sentence]);
}

fn eth1() -> Result<Link, Error> {
    get_link(Place::Host, "eth1")
}

fn pod_link() -> Result<PodLink, Error> {
    create_macvlan(&eth1()?, &MacvlanOptions::default())
}

fn addressed_link() -> Result<PodLink, Error> {
    let link = pod_link()?;
    assign_addresses(&link, &configured_addresses()?)?;
    Ok(link)
}

fn function() -> Result<PciFunction, Error> {
    get_pci_function(address())
}

fn network(text: &str) -> IpNetwork {
    text.parse().unwrap()
}

#[test]
fn one_attachment_makes_one_interface() {
    let second = "would give the pod a second interface of the requested name: each further one needs a name of its own";
    assert_refused(&format!("create-macvlan {second}"), || {
        pod_link()?;
        pod_link().map(drop)
    });
    assert_refused(&format!("create-ipvlan {second}"), || {
        pod_link()?;
        create_ipvlan(&eth1()?, &IpvlanOptions::default()).map(drop)
    });
    assert_refused(&format!("create-ipoib {second}"), || {
        pod_link()?;
        let parent = get_link(Place::Host, "ib0")?;
        create_ipoib(&parent, &IpoibOptions::default()).map(drop)
    });
    assert_refused(&format!("move-link {second}"), || {
        pod_link()?;
        move_link(&function()?).map(drop)
    });
    // One that was refused is none.
    let outcome = attach(|| {
        let small = MacvlanOptions {
            mtu: Some(1),
            ..Default::default()
        };
        create_macvlan(&eth1()?, &small).unwrap_err();
        addressed_link().map(drop)
    });
    outcome.result.unwrap();
    assert_eq!(outcome.plan.len(), 2);
}

#[test]
fn an_interface_beside_the_requested_one_has_a_name_of_its_own() {
    assert_refused(
        "create-veth would give the pod a second interface named net1",
        || {
            pod_link()?;
            named_veth("net1").map(drop)
        },
    );
    assert_refused(
        "create-veth would give the pod a second interface named data0",
        || {
            named_veth("data0")?;
            named_veth("data0").map(drop)
        },
    );
}

fn named_veth(name: &str) -> Result<PodLink, Error> {
    let options = VethOptions {
        name: Some(name.to_owned()),
        ..Default::default()
    };
    create_veth(None, &options)
}

#[test]
fn a_vlan_has_a_number_and_flags_that_there_are() {
    assert_refused("vlan 4095 is out of range: 1 to 4094", || {
        create_vlan(&eth1()?, &VlanOptions::new(4095)).map(drop)
    });
}

#[test]
fn a_port_is_one_of_a_bridge_on_the_host() {
    assert_refused(
        "create-veth needs a bridge, and eth1 is none, but a device",
        || create_veth(Some(&eth1()?), &VethOptions::default()).map(drop),
    );
    assert_refused(
        "create-veth needs a bridge of the host, and ib9 is in the pod",
        || {
            let bridge = get_link(Place::Pod, "ib9")?;
            create_veth(Some(&bridge), &VethOptions::default()).map(drop)
        },
    );
    assert_refused(
        "create-veth needs a bridge for hairpin or isolation",
        || {
            let isolated = VethOptions {
                isolated: true,
                ..Default::default()
            };
            create_veth(None, &isolated).map(drop)
        },
    );
}

fn share(name: &str, mtu: Option<u32>) -> Result<SharedBridge, Error> {
    let options = BridgeOptions {
        mtu,
        ..Default::default()
    };
    share_bridge(name, &options)
}

#[test]
fn a_bridge_that_pods_share_has_a_name_of_its_own() {
    assert_refused(
        "share-bridge needs the name of a bridge, or one that is free, and the host's eth1 is a device",
        || share("eth1", None).map(drop),
    );
    assert_refused("share-bridge cannot make plumb-making", || {
        share("plumb-making", None).map(drop)
    });
    assert_refused("the name \"br/pods\" of a link contains", || {
        share("br/pods", None).map(drop)
    });
    assert_refused("mtu 20 is out of range", || {
        share("eth9", Some(20)).map(drop)
    });
    assert_refused("share-bridge wants eth9 twice", || {
        share("eth9", Some(9000))?;
        share("eth9", None).map(drop)
    });
    attach(|| share("br-pods", None).map(drop)).assert_refused(
        ErrorCode::Denied,
        &["bridge \"br-pods\" is not named in the network configuration"],
    );
}

#[test]
fn what_serves_the_node_is_not_moved() {
    assert_refused(
        "needs an interface of the host, and ib9 is in the pod already",
        || move_netdev(&get_link(Place::Pod, "ib9")?, None).map(drop),
    );
    STEPS.set(|| move_netdev(&eth1()?, None).map(drop));
    let node = node().with_default_route(Place::Host, "eth1");
    let outcome = node.attach::<Doing>(named());
    outcome.assert_refused(ErrorCode::Denied, &["eth1", "default route"]);
}

#[test]
fn names_rings_and_channels_are_such_as_the_kernel_takes() {
    assert_refused("the alternative name \"a/b\" of a link must have", || {
        add_alternative_name(&pod_link()?, "a/b")
    });
    assert_refused("a ring of 0 packets holds none", || {
        let sizes = RingSizes {
            receive: Some(0),
            ..Default::default()
        };
        set_rings(&pod_link()?, &sizes)
    });
    assert_refused(
        "set-channels needs one of receive, transmit, combined",
        || set_channels(&pod_link()?, &ChannelCounts::default()),
    );
}

#[test]
fn an_mtu_is_that_of_some_link() {
    let small = "mtu 67 is out of range: 68 to 65535";
    assert_refused(small, || {
        let mtu = Some(67);
        let options = MacvlanOptions {
            mtu,
            ..Default::default()
        };
        create_macvlan(&eth1()?, &options).map(drop)
    });
    assert_refused(small, || {
        let mtu = Some(67);
        let options = IpvlanOptions {
            mtu,
            ..Default::default()
        };
        create_ipvlan(&eth1()?, &options).map(drop)
    });
    assert_refused(small, || {
        let mtu = Some(67);
        let options = IpoibOptions {
            mtu,
            ..Default::default()
        };
        create_ipoib(&get_link(Place::Host, "ib0")?, &options).map(drop)
    });
    assert_refused("mtu 65536 is out of range: 68 to 65535", || {
        set_mtu(&pod_link()?, 65_536)
    });
}

#[test]
fn an_interface_has_a_unicast_address() {
    const GROUP: Mac = Mac::new([1, 0, 0x5e, 0, 0, 1]);
    let refused = "hardware address 01:00:5e:00:00:01 is not a unicast address of six bytes";
    assert_refused(refused, || {
        let options = MacvlanOptions {
            mac: Some(GROUP),
            ..Default::default()
        };
        create_macvlan(&eth1()?, &options).map(drop)
    });
    assert_refused(refused, || set_mac(&pod_link()?, GROUP));
    assert_refused(refused, || {
        let settings = VirtualFunctionSettings {
            mac: Some(GROUP),
            ..Default::default()
        };
        set_virtual_function(&function()?, &settings)
    });
    let short = "\"0a:00:00:01\" is not a hardware address of 6 or 20 bytes";
    assert_refused(short, || {
        let tunnel = HardwareAddress::from(vec![10, 0, 0, 1]);
        report_function(&function()?, Some(&tunnel))
    });
    assert_refused(short, || {
        let tunnel = HardwareAddress::from(vec![10, 0, 0, 1]);
        add_neighbour(&pod_link()?, "10.0.0.1".parse().unwrap(), &tunnel)
    });
}

#[test]
fn an_ipoib_child_is_made_of_infiniband_on_the_host_and_in_a_partition() {
    assert_refused(
        "create-ipoib needs an InfiniBand interface, and eth1 is none",
        || create_ipoib(&eth1()?, &IpoibOptions::default()).map(drop),
    );
    assert_refused(
        "create-ipoib needs an interface of the host, and ib9 in the pod is not there",
        || {
            let parent = get_link(Place::Pod, "ib9")?;
            create_ipoib(&parent, &IpoibOptions::default()).map(drop)
        },
    );
    assert_refused("partition key 0x8000 is no partition", || {
        let options = IpoibOptions {
            partition_key: Some(0x8000),
            ..Default::default()
        };
        create_ipoib(&get_link(Place::Host, "ib0")?, &options).map(drop)
    });
}

#[test]
fn a_virtual_function_gets_what_the_kernel_can_express() {
    assert_refused(
        "PCI function 0000:3b:00.0 is no virtual function: it has no settings",
        || {
            let physical = get_pci_function("0000:3b:00.0".parse().unwrap())?;
            set_virtual_function(&physical, &VirtualFunctionSettings::default())
        },
    );
    assert_refused(
        "vlan 4095 with priority 0 is out of range: 0 to 4094, and 0 to 7",
        || {
            let vlan = VlanTag {
                id: 4095,
                ..Default::default()
            };
            let settings = VirtualFunctionSettings {
                vlan: Some(vlan),
                ..Default::default()
            };
            set_virtual_function(&function()?, &settings)
        },
    );
    assert_refused("GUID 00:00:00:00:00:00:00:00 is zero", || {
        let settings = VirtualFunctionSettings {
            guid: Some(Guid::new([0; 8])),
            ..Default::default()
        };
        set_virtual_function(&function()?, &settings)
    });
}

#[test]
fn an_rdma_device_gets_a_name_that_the_kernel_keeps() {
    assert_refused(
        "rdma device name \"mlx5_%d\" must be letters, digits",
        || move_rdma_device(&function()?, Some("mlx5_%d")),
    );
    STEPS.set(|| move_rdma_device(&function()?, Some("rail")));
    let mut several = virtual_function(ADDRESS);
    several.rdma_devices.push("mlx5_3".to_owned());
    let node = Node::new().with_pci_function(several);
    let sentence =
        "rdma device name \"rail\" is for one device, but PCI function 0000:3b:00.2 has 2";
    node.attach::<Doing>(named())
        .assert_refused(INVALID, &[sentence]);
}

#[test]
fn a_sysctl_is_a_name_and_a_short_value() {
    assert_refused("\"../../kernel/panic\" is not the name of a sysctl", || {
        set_link_sysctl(&pod_link()?, Family::Ipv4, "../../kernel/panic", "1", true)
    });
    assert_refused("\"1\\n\" is not the value of a sysctl", || {
        set_link_sysctl(&pod_link()?, Family::Ipv4, "arp_notify", "1\n", true)
    });
}

#[test]
fn routes_and_rules_are_of_one_family_and_of_a_table() {
    assert_refused("table 0 is no routing table", || {
        add_route(&pod_link()?, Route::to(network("10.0.0.0/8")).with_table(0))
    });
    assert_refused("table 0 is no routing table", || {
        add_rule(Rule::new(Family::Ipv4, 0))
    });
    assert_refused("a route to 10.0.0.0/8 mixes IPv4 and IPv6", || {
        let route = Route::to(network("10.0.0.0/8"));
        add_route(&pod_link()?, route.with_gateway("fd00::1".parse().unwrap()))
    });
    assert_refused("a route to 0.0.0.0/0 mixes IPv4 and IPv6", || {
        let link = pod_link()?;
        let addresses = configured_addresses()?;
        assign_addresses(&link, &addresses)?;
        let route = Route::default_of(&addresses, Family::Ipv4);
        add_route(&link, route.with_source("fd00::1".parse().unwrap()))
    });
    assert_refused(
        "a route to the networks of the configured addresses is on the link: it has no gateway",
        || {
            let route = Route::to_networks_of(&configured_addresses()?);
            add_route(
                &pod_link()?,
                route.with_gateway("10.0.0.1".parse().unwrap()),
            )
        },
    );
    assert_refused(
        "a rule from 10.0.0.0/8 to fd00::/64 mixes IPv4 and IPv6",
        || {
            let rule = Rule::new(Family::Ipv4, 1).with_source(network("10.0.0.0/8"));
            add_rule(rule.with_destination(network("fd00::/64")))
        },
    );
    let long = "10.0.0.5/33 has a prefix longer than the address";
    assert_refused(long, || {
        let address = IpNetwork {
            prefix_length: 33,
            ..network("10.0.0.5/8")
        };
        add_address(&pod_link()?, address)
    });
    assert_refused(long, || {
        let destination = IpNetwork {
            prefix_length: 33,
            ..network("10.0.0.5/8")
        };
        add_route(&pod_link()?, Route::to(destination))
    });
}

#[test]
fn addresses_are_given_before_they_are_referred_to() {
    assert_refused(
        "add-route refers to addresses that are not there yet: assign-addresses must come before",
        || {
            let link = pod_link()?;
            add_route(&link, Route::to_networks_of(&configured_addresses()?))
        },
    );
    assert_refused(
        "add-rule refers to addresses that are not there yet",
        || {
            let rule = Rule::new(Family::Ipv4, 101);
            add_rule(rule.with_source_of(&configured_addresses()?))
        },
    );
    // Those of the other source do not count, and a source of a route is a reference as well.
    assert_refused("add-route refers to addresses", || {
        let link = pod_link()?;
        assign_addresses(&link, &previous_addresses()?)?;
        let route = Route::to(network("10.0.0.0/8"));
        add_route(&link, route.with_source_of(&configured_addresses()?))
    });
    // What is only reserved is no interface's.
    assert_refused("add-rule refers to addresses", || {
        reserve_addresses(&configured_addresses()?)?;
        let rule = Rule::new(Family::Ipv4, 101);
        add_rule(rule.with_source_of(&configured_addresses()?))
    });
    assert_refused("add-route refers to addresses", || {
        let link = pod_link()?;
        reserve_addresses(&configured_addresses()?)?;
        add_route(&link, Route::to_networks_of(&configured_addresses()?))
    });
}

#[test]
fn addresses_are_taken_once() {
    let sentence = "are assigned or reserved already: a plan takes them once";
    assert_refused(&format!("the configured addresses {sentence}"), || {
        let addresses = configured_addresses()?;
        assign_addresses(&pod_link()?, &addresses)?;
        reserve_addresses(&addresses)
    });
    assert_refused(
        &format!("the addresses of the previous result {sentence}"),
        || {
            reserve_addresses(&previous_addresses()?)?;
            assign_addresses(&pod_link()?, &previous_addresses()?)
        },
    );
    let outcome = attach(|| {
        let link = pod_link()?;
        assign_addresses(&link, &configured_addresses()?)?;
        assign_addresses(&link, &previous_addresses()?)
    });
    outcome.result.unwrap();
}

#[test]
fn addresses_that_nobody_gives_are_refused() {
    STEPS.set(|| configured_addresses().map(drop));
    let outcome = node().attach::<Doing>(request("{}"));
    let sentence =
        "the flavour needs the configured addresses, but the configuration has no \"ipam\"";
    outcome.assert_refused(INVALID, &[sentence]);
    STEPS.set(|| previous_addresses().map(drop));
    let outcome = node().attach::<Doing>(request("{}"));
    let sentence =
        "the flavour needs the addresses of the previous result, but the previous plugin's";
    outcome.assert_refused(INVALID, &[sentence]);
}

#[test]
fn only_attach_makes_a_plan() {
    let steps: [(&str, Steps); 3] = [
        ("create-macvlan", || addressed_link().map(drop)),
        ("move-rdma-device", || move_rdma_device(&function()?, None)),
        ("reserve-addresses", || {
            reserve_addresses(&configured_addresses()?)
        }),
    ];
    for (name, step) in steps {
        STEPS.set(step);
        let outcome = node().ready::<Doing>(named());
        let sentence = format!("may not record {name} here: only attach makes a plan");
        outcome.assert_refused(ErrorCode::Denied, &[&sentence]);
        assert_eq!(outcome.plan, []);
        attach(step).result.unwrap();
    }
    let outcome = attach(|| set_up(&addressed_link()?));
    outcome.result.unwrap();
}

#[test]
fn a_child_larger_than_its_parent_is_refused() {
    let sentence = "mtu 1501 of the macvlan is above that of its parent eth1, which has 1500";
    assert_refused(sentence, || {
        let parent = get_link(Place::Host, "eth1")?;
        let options = MacvlanOptions {
            mtu: Some(1501),
            ..MacvlanOptions::default()
        };
        create_macvlan(&parent, &options).map(drop)
    });
    assert_refused(sentence, || {
        let parent = get_link(Place::Host, "eth1")?;
        let link = create_macvlan(&parent, &MacvlanOptions::default())?;
        set_mtu(&link, 1501)
    });
}

#[test]
fn an_interface_of_an_earlier_plugin_is_for_chained_networks() {
    assert_refused("add \"chained\": true to it", || {
        use_previous_link("net1").map(drop)
    });
    let attach = |steps: Steps| {
        STEPS.set(steps);
        let text = r#"{"chained": true, "links": ["eth1"],
            "prevResult": {"interfaces": [{"name": "net1", "sandbox": "/run/netns/pod"}]}}"#;
        node().attach::<Doing>(request(text))
    };
    attach(|| use_previous_link("net2").map(drop)).assert_refused(
        ErrorCode::NotFound,
        &["no interface \"net2\" in the pod: it lists net1"],
    );
    let made = attach(|| {
        let parent = get_link(Place::Host, "eth1")?;
        create_macvlan(&parent, &MacvlanOptions::default()).map(drop)
    });
    let sentence =
        "create-macvlan would give the pod an interface, and a network with \"chained\": true";
    made.assert_refused(INVALID, &[sentence]);
}

#[test]
fn sysctls_that_cannot_be_taken_back_are_refused() {
    assert_refused(
        "sysctl \"forwarding\" of IPv4 cannot be set for a whole pod",
        || set_pod_sysctl(SysctlScope::All, Family::Ipv4, "forwarding", "1", true),
    );
}

#[test]
fn a_child_fits_its_parent() {
    assert_refused(
        "mtu 9000 of the macvlan is above that of its parent eth1, which has 1500",
        || {
            let options = MacvlanOptions {
                mtu: Some(9000),
                ..Default::default()
            };
            create_macvlan(&eth1()?, &options).map(drop)
        },
    );
    assert_refused(
        "mtu 9000 of the ipvlan is above that of its parent eth1",
        || {
            let options = IpvlanOptions {
                mtu: Some(9000),
                ..Default::default()
            };
            create_ipvlan(&eth1()?, &options).map(drop)
        },
    );
    assert_refused(
        "mtu 9000 is not possible below parent ib0 with its 2044",
        || {
            let options = IpoibOptions {
                mtu: Some(9000),
                ..Default::default()
            };
            create_ipoib(&get_link(Place::Host, "ib0")?, &options).map(drop)
        },
    );
    assert_refused(
        "parent ib0 is an InfiniBand link, macvlan needs Ethernet",
        || create_macvlan(&get_link(Place::Host, "ib0")?, &MacvlanOptions::default()).map(drop),
    );
}

#[test]
fn a_plan_gives_the_pod_an_interface_with_the_addresses_of_the_network() {
    STEPS.set(|| Ok(()));
    let outcome = node().attach::<Doing>(request("{}"));
    let sentence = "recorded no operation that gives the pod an interface; nothing was changed";
    outcome.assert_refused(ErrorCode::Failed, &[sentence]);
    // What it says itself goes first, and one that is later in a chain may leave it at that.
    STEPS.set(|| Err(Error::not_found("no rail")));
    node()
        .attach::<Doing>(request("{}"))
        .assert_refused(ErrorCode::NotFound, &["no rail"]);
    attach(|| Ok(())).result.unwrap();

    let outcome = attach(|| set_up(&pod_link()?));
    let sentence =
        "an interface without the addresses of \"ipam\": it must record assign-addresses";
    outcome.assert_refused(ErrorCode::Failed, &[sentence]);
    STEPS.set(|| set_up(&pod_link()?));
    let outcome = node().attach::<Doing>(request(r#"{"links": ["eth1"]}"#));
    outcome.result.unwrap();
}
