//! What is recorded, and how a test sees it.

use super::*;
use crate::operations::{
    BridgeOptions, IpoibMode, IpoibOptions, IpvlanMode, IpvlanOptions, MacvlanMode, RingSizes,
    VethOptions, VirtualFunctionLinkState, VlanOptions, VlanProtocol, VlanTag,
};
use crate::routing::{Route, Rule};
use crate::{Family, IpNetwork, NextHop, PortRange, RuleSelectors};

#[test]
fn the_plan_is_in_the_order_of_the_calls() {
    struct Plain;
    impl Flavour for Plain {
        fn attach(request: &Request) -> Result<(), Error> {
            log::info("attaching");
            let parent = get_link(Place::Host, "eth1")?;
            let link = operations::create_macvlan(&parent, &MacvlanOptions::default())?;
            let addresses = request.configured_addresses()?;
            operations::bring_up(&link, addresses.as_ref())
        }
    }
    let node = Node::new().with_link(Place::Host, link("eth1"));
    let text = r#"{"master": "eth1", "ipam": {"type": "pool"}}"#;
    let outcome = node.attach::<Plain>(request(text));
    outcome.result.unwrap();
    let [arp, ndisc] = announcement();
    let addresses = AddressSource::Configured;
    let expected = [
        Operation::CreateMacvlan {
            parent: "eth1".to_owned(),
            options: MacvlanOptions::default(),
        },
        arp,
        ndisc,
        Operation::AssignAddresses { addresses },
    ];
    assert_eq!(outcome.plan, expected);
    assert_eq!(outcome.log, ["info: attaching"]);

    let outcome = node.attach::<Plain>(request(r#"{"master": "eth1"}"#));
    assert_eq!(outcome.plan.last(), Some(&Operation::SetUp));
}

/// Takes the PCI function below the parent and does to it all that can be done.
struct Below;

fn every_setting() -> VirtualFunctionSettings {
    VirtualFunctionSettings {
        mac: Some(Mac::new([2, 0, 0, 0, 0, 1])),
        vlan: Some(VlanTag {
            id: 100,
            priority: 3,
            protocol: VlanProtocol::Ad,
        }),
        minimum_rate: Some(1),
        maximum_rate: Some(2),
        spoof_check: Some(false),
        trust: Some(true),
        link_state: Some(VirtualFunctionLinkState::Disable),
        guid: Some(Guid::new([2; 8])),
        rebind: true,
    }
}

impl Flavour for Below {
    fn attach(_request: &Request) -> Result<(), Error> {
        let parent = get_link(Place::Host, "ib0")?;
        let function = get_pci_function(parent.pci_address().unwrap())?;
        operations::set_virtual_function(&function, &every_setting())?;
        operations::move_rdma_device(&function, Some("rdma_net1"))?;
        operations::report_function(&function, Some(&parent.mac()))?;
        operations::reserve_addresses(&operations::previous_addresses()?)
    }
}

#[test]
fn the_function_below_a_link_that_was_given_is_given_with_all_that_is_done_to_it() {
    let mut below = infiniband_link("ib0");
    below.pci_address = Some(address());
    let node = Node::new()
        .with_link(Place::Host, below)
        .with_pci_function(infiniband_virtual_function(ADDRESS));
    let chained = r#"{"master": "ib0", "prevResult": {"ips": [{"address": "10.0.0.5/24"}]}}"#;
    let outcome = node.attach::<Below>(request(chained));
    outcome.result.unwrap();
    let function = || ADDRESS.to_owned();
    let expected = [
        Operation::SetVirtualFunction {
            function: function(),
            settings: every_setting(),
        },
        Operation::MoveRdmaDevice {
            function: function(),
            name: Some("rdma_net1".to_owned()),
        },
        Operation::ReportFunction {
            function: function(),
            mac: Some(infiniband_address(Guid::new([2, 0, 0, 0, 0, 0, 0, 1]))),
        },
        Operation::ReserveAddresses {
            addresses: AddressSource::Previous,
        },
    ];
    assert_eq!(outcome.plan, expected);
}

/// What is about the requested interface stands alone; what is about another one says so.
#[test]
fn interfaces_of_their_own_names_are_told_apart() {
    struct Dual;
    impl Flavour for Dual {
        fn attach(_request: &Request) -> Result<(), Error> {
            let (eth1, br0) = (
                get_link(Place::Host, "eth1")?,
                get_link(Place::Host, "br0")?,
            );
            let vlan = VlanOptions {
                protocol: VlanProtocol::Ad,
                gvrp: true,
                ..VlanOptions::new(100)
            };
            let requested = operations::create_vlan(&eth1, &vlan)?;
            let veth = VethOptions {
                isolated: true,
                name: Some("data0".to_owned()),
                ..Default::default()
            };
            let other = operations::create_veth(Some(&br0), &veth)?;
            let moved = operations::move_netdev(&get_link(Place::Host, "tap0")?, Some("data1"))?;
            operations::set_queue_length(&requested, 77)?;
            operations::add_alternative_name(&other, "fabric-a")?;
            let rings = RingSizes {
                receive: Some(512),
                ..Default::default()
            };
            operations::set_rings(&moved, &rings)
        }
    }
    let of_kind = |name: &str, kind: &str| LinkFacts {
        kind: Some(kind.to_owned()),
        ..link(name)
    };
    let node = Node::new()
        .with_link(Place::Host, link("eth1"))
        .with_link(Place::Host, of_kind("br0", "bridge"))
        .with_link(Place::Host, of_kind("tap0", "tun"));
    let outcome = node.attach::<Dual>(request(r#"{"links": ["eth1", "br0", "tap0"]}"#));
    outcome.result.unwrap();
    let of = |link: &str, operation: Operation| Operation::Of {
        link: link.to_owned(),
        operation: Box::new(operation),
    };
    let expected = [
        Operation::CreateVlan {
            parent: "eth1".to_owned(),
            options: VlanOptions {
                protocol: VlanProtocol::Ad,
                gvrp: true,
                ..VlanOptions::new(100)
            },
        },
        Operation::CreateVeth {
            bridge: Some("br0".to_owned()),
            options: VethOptions {
                isolated: true,
                name: Some("data0".to_owned()),
                ..Default::default()
            },
        },
        Operation::MoveNetdev {
            link: "tap0".to_owned(),
            name: Some("data1".to_owned()),
        },
        Operation::SetQueueLength { packets: 77 },
        of(
            "data0",
            Operation::AddAlternativeName {
                name: "fabric-a".to_owned(),
            },
        ),
        of(
            "data1",
            Operation::SetRings {
                sizes: RingSizes {
                    receive: Some(512),
                    transmit: None,
                },
            },
        ),
    ];
    assert_eq!(outcome.plan, expected);
}

/// One that the node has, and one that it does not have yet.
#[test]
fn bridges_are_shared_before_they_get_ports() {
    const LARGE: BridgeOptions = BridgeOptions {
        mtu: Some(9000),
        vlan_filtering: Some(true),
    };
    struct Bridged;
    impl Flavour for Bridged {
        fn attach(_request: &Request) -> Result<(), Error> {
            let bridge = operations::share_bridge("br-pods", &LARGE)?;
            bridge.create_veth(&VethOptions::default())?;
            operations::share_bridge("br-pods", &LARGE)?;
            let other = operations::share_bridge("br0", &BridgeOptions::default())?;
            other.create_veth(&other_veth()).map(drop)
        }
    }
    fn other_veth() -> VethOptions {
        VethOptions {
            hairpin: true,
            name: Some("data0".to_owned()),
            ..Default::default()
        }
    }
    let br0 = LinkFacts {
        kind: Some("bridge".to_owned()),
        ..link("br0")
    };
    let node = Node::new().with_link(Place::Host, br0);
    let outcome = node.attach::<Bridged>(request(r#"{"bridges": ["br-pods", "br0"]}"#));
    outcome.result.unwrap();
    let share = |name: &str, options: BridgeOptions| Operation::ShareBridge {
        name: name.to_owned(),
        options,
    };
    let veth = |bridge: &str, options: VethOptions| Operation::CreateVeth {
        bridge: Some(bridge.to_owned()),
        options,
    };
    let expected = [
        share("br-pods", LARGE),
        veth("br-pods", VethOptions::default()),
        share("br0", BridgeOptions::default()),
        veth("br0", other_veth()),
    ];
    assert_eq!(outcome.plan, expected);
}

#[test]
fn what_is_set_in_options_comes_through() {
    const OPTIONS: IpoibOptions = IpoibOptions {
        partition_key: Some(0x8001),
        mode: Some(IpoibMode::Connected),
        user_multicast: Some(true),
        mtu: Some(2044),
        name: None,
    };
    struct Ipoib;
    impl Flavour for Ipoib {
        fn attach(_request: &Request) -> Result<(), Error> {
            let parent = get_link(Place::Host, "ib0")?;
            operations::create_ipoib(&parent, &OPTIONS).map(drop)
        }
    }
    struct Ipvlan;
    impl Flavour for Ipvlan {
        fn attach(_request: &Request) -> Result<(), Error> {
            let parent = get_link(Place::Host, "eth1")?;
            let options = IpvlanOptions {
                mode: IpvlanMode::L3s,
                mtu: Some(1400),
                name: None,
            };
            operations::create_ipvlan(&parent, &options).map(drop)
        }
    }
    let node = Node::new()
        .with_link(Place::Host, infiniband_link("ib0"))
        .with_link(Place::Host, link("eth1"));
    let ipoib = node.attach::<Ipoib>(request(r#"{"master": "ib0"}"#));
    let expected = [Operation::CreateIpoib {
        parent: "ib0".to_owned(),
        options: OPTIONS,
    }];
    assert_eq!(ipoib.plan, expected);
    let ipvlan = node.attach::<Ipvlan>(request(r#"{"master": "eth1"}"#));
    let expected = [Operation::CreateIpvlan {
        parent: "eth1".to_owned(),
        options: IpvlanOptions {
            mode: IpvlanMode::L3s,
            mtu: Some(1400),
            name: None,
        },
    }];
    assert_eq!(ipvlan.plan, expected);
    // Every mode has a word that the host knows.
    for mode in [
        MacvlanMode::Private,
        MacvlanMode::Vepa,
        MacvlanMode::Bridge,
        MacvlanMode::Passthru,
    ] {
        let known = plumb_values::arguments::MACVLAN_MODES;
        assert!(known.contains(&mode.word()), "{mode:?}");
    }
}

/// A second rail: what comes from the pod's addresses leaves by the network they are from.
struct Rail;

fn network(text: &str) -> IpNetwork {
    text.parse().unwrap()
}

impl Flavour for Rail {
    fn attach(_request: &Request) -> Result<(), Error> {
        let parent = get_link(Place::Host, "eth1")?;
        let link = operations::create_macvlan(&parent, &MacvlanOptions::default())?;
        let addresses = operations::configured_addresses()?;
        operations::assign_addresses(&link, &addresses)?;
        let to_network = Route::to_networks_of(&addresses).with_source_of(&addresses);
        operations::add_route(&link, to_network.with_table(101).with_scope(253))?;
        let default = Route::default_of(&addresses, Family::Ipv4).with_mtu(9000);
        operations::add_route(&link, default.with_table(101).with_advertised_mss(8960))?;
        let gateway = "10.0.0.1".parse().unwrap();
        let fixed = Route::to(network("10.9.0.0/16")).with_gateway(gateway);
        let source = "10.0.0.5".parse().unwrap();
        operations::add_route(&link, fixed.with_source(source).with_priority(7))?;
        let rule = Rule::new(Family::Ipv4, 101).with_source_of(&addresses);
        operations::add_rule(rule.with_priority(32000))?;
        operations::add_rule(Rule::new(Family::Ipv6, 101).with_destination(network("fd00::/64")))
    }
}

#[test]
fn routes_and_rules_may_refer_to_addresses_that_were_assigned() {
    let node = Node::new().with_link(Place::Host, link("eth1"));
    let text = r#"{"master": "eth1", "ipam": {"type": "pool"}}"#;
    let outcome = node.attach::<Rail>(request(text));
    outcome.result.unwrap();
    let configured = AddressSource::Configured;
    let expected = [
        Operation::AddRoute {
            route: RouteFacts {
                source: Some(Selector::Of(configured)),
                table: 101,
                scope: Some(253),
                ..RouteFacts::to(Destination::NetworksOf(configured))
            },
        },
        Operation::AddRoute {
            route: RouteFacts {
                mtu: Some(9000),
                advertised_mss: Some(8960),
                table: 101,
                ..RouteFacts::to(Destination::DefaultOf(configured, Family::Ipv4))
            },
        },
        Operation::AddRoute {
            route: RouteFacts {
                gateway: "10.0.0.1".parse().ok(),
                source: Some(Selector::This("10.0.0.5".parse().unwrap())),
                priority: Some(7),
                ..RouteFacts::to(Destination::Network(network("10.9.0.0/16")))
            },
        },
        Operation::AddRule {
            rule: RuleFacts {
                source: Some(Selector::Of(configured)),
                priority: Some(32000),
                ..RuleFacts::new(Family::Ipv4, 101)
            },
        },
        Operation::AddRule {
            rule: RuleFacts {
                destination: Some(network("fd00::/64")),
                ..RuleFacts::new(Family::Ipv6, 101)
            },
        },
    ];
    assert_eq!(outcome.plan[2..], expected);
}

#[test]
fn routes_of_a_link_are_read_as_they_are_described() {
    struct Reader;
    impl Flavour for Reader {
        fn attach(_request: &Request) -> Result<(), Error> {
            let link = get_link(Place::Host, "eth1")?;
            for address in link.addresses()? {
                log::info(address.to_string());
            }
            for route in link.routes()? {
                let (destination, table) = (route.destination().unwrap(), route.table());
                log::info(format!("{destination} {:?} {table}", route.gateway()));
            }
            Ok(())
        }
    }
    let mut rail = link("eth1");
    rail.addresses = vec![network("10.0.0.5/24")];
    rail.routes = vec![RouteFacts {
        gateway: "10.0.0.1".parse().ok(),
        ..RouteFacts::to(Destination::Network(network("0.0.0.0/0")))
    }];
    let node = Node::new().with_link(Place::Host, rail);
    let outcome = node.attach::<Reader>(request(r#"{"master": "eth1"}"#));
    let expected = ["info: 10.0.0.5/24", "info: 0.0.0.0/0 Some(10.0.0.1) 254"];
    assert_eq!(outcome.log, expected);
}

/// All that a rule and a route can say.
struct Steering;

impl Flavour for Steering {
    fn attach(_request: &Request) -> Result<(), Error> {
        let parent = get_link(Place::Host, "eth1")?;
        let link = operations::create_macvlan(&parent, &MacvlanOptions::default())?;
        let rule = Rule::new(Family::Ipv6, 101)
            .with_input_interface("net1")
            .with_output_interface("lo")
            .with_masked_mark(0x100, 0xff00)
            .with_ip_protocol(17)
            .with_source_ports(1024..=65_534)
            .with_destination_ports(4791..=4791)
            .with_suppress_prefix_length(0);
        operations::add_rule(rule)?;
        operations::add_rule(Rule::new(Family::Ipv4, 101).with_mark(7))?;
        let [one, two] = ["10.0.0.1", "10.0.0.2"].map(|hop| hop.parse().unwrap());
        let shared = Route::to(network("10.9.0.0/16"));
        let shared = shared.with_next_hop(one, 1).with_next_hop(two, 3);
        operations::add_route(&link, shared.with_on_link())
    }
}

#[test]
fn rules_and_routes_are_seen_with_all_that_was_said_of_them() {
    let node = Node::new().with_link(Place::Host, link("eth1"));
    let outcome = node.attach::<Steering>(request(r#"{"master": "eth1"}"#));
    outcome.result.unwrap();
    let ports = |first, last| Some(PortRange { first, last });
    let hop = |gateway: &str, weight| NextHop {
        gateway: gateway.parse().unwrap(),
        weight,
    };
    let selectors = RuleSelectors {
        input_interface: Some("net1".to_owned()),
        output_interface: Some("lo".to_owned()),
        mark: Some(0x100),
        mask: Some(0xff00),
        ip_protocol: Some(17),
        source_ports: ports(1024, 65_534),
        destination_ports: ports(4791, 4791),
        suppress_prefix_length: Some(0),
    };
    let expected = [
        Operation::AddRule {
            rule: RuleFacts {
                selectors,
                ..RuleFacts::new(Family::Ipv6, 101)
            },
        },
        Operation::AddRule {
            rule: RuleFacts {
                selectors: RuleSelectors::of_mark(7),
                ..RuleFacts::new(Family::Ipv4, 101)
            },
        },
        Operation::AddRoute {
            route: RouteFacts {
                on_link: true,
                next_hops: vec![hop("10.0.0.1", 1), hop("10.0.0.2", 3)],
                ..RouteFacts::to(Destination::Network(network("10.9.0.0/16")))
            },
        },
    ];
    assert_eq!(outcome.plan[1..], expected);
}

/// A flavour behind another plugin.
struct Chained;

impl Flavour for Chained {
    fn attach(_request: &Request) -> Result<(), Error> {
        let link = operations::use_previous_link("net1")?;
        operations::set_mtu(&link, 9000)?;
        operations::set_neighbour_sysctl(&link, Family::Ipv4, "ucast_solicit", "7", true)?;
        let scope = operations::SysctlScope::All;
        operations::set_pod_sysctl(scope, Family::Ipv4, "rp_filter", "2", true)?;
        let addresses = operations::previous_addresses()?;
        operations::add_rule(Rule::new(Family::Ipv4, 101).with_source_of(&addresses))
    }
}

#[test]
fn a_chained_flavour_works_on_the_interface_of_an_earlier_plugin() {
    let text = r#"{"chained": true, "prevResult": {
        "interfaces": [{"name": "br0"}, {"name": "net1", "sandbox": "/run/netns/pod"}],
        "ips": [{"address": "10.0.0.5/24", "interface": 1}]
    }}"#;
    let outcome = Node::new().attach::<Chained>(request(text));
    outcome.result.unwrap();
    let sysctl = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let (ucast, seven) = sysctl("ucast_solicit", "7");
    let (filter, loose) = sysctl("rp_filter", "2");
    let expected = [
        Operation::UsePreviousLink {
            name: "net1".to_owned(),
        },
        Operation::SetMtu { mtu: 9000 },
        Operation::SetNeighbourSysctl {
            family: Family::Ipv4,
            name: ucast,
            value: seven,
            required: true,
        },
        Operation::SetPodSysctl {
            scope: "all".to_owned(),
            family: Family::Ipv4,
            name: filter,
            value: loose,
            required: true,
        },
        Operation::AddRule {
            rule: RuleFacts {
                source: Some(Selector::Of(AddressSource::Previous)),
                ..RuleFacts::new(Family::Ipv4, 101)
            },
        },
    ];
    assert_eq!(outcome.plan, expected);
}
