//! What the calls record, and what they refuse before.

use crate::facts::Place;
use crate::operations::{IpoibOptions, MacvlanOptions};
use crate::prelude::*;
use crate::testing::{
    AddressSource, Destination, Node, Operation, RouteFacts, RuleFacts, Selector, announcement,
    infiniband_link, link, request, virtual_function,
};

/// A flavour that is all of this module: what a vendor wishes to write.
mod acme {
    use crate::prelude::*;
    use crate::println;

    #[derive(Keys)]
    pub struct Keys {
        /// Interfaces of the node, of which the one of the RDMA device is taken.
        masters: Vec<HostLink>,
        rdma_device: Option<String>,
        mtu: Option<u32>,
        mac: Option<Mac>,
        table: Option<u32>,
        gateway: Option<IpAddr>,
        #[keys(default)]
        neighbours: Vec<(IpAddr, Mac)>,
    }

    #[flavour(
        uses(
            create_macvlan,
            set_link_sysctl,
            assign_addresses,
            add_route,
            add_rule,
            add_neighbour
        ),
        parents("ens*")
    )]
    pub fn attach(keys: Keys, request: &Request) -> Result<()> {
        let master = keys.masters.with_rdma_device(keys.rdma_device.as_deref())?;
        let mac = crate::mac::requested(request, keys.mac)?;
        let link = Macvlan::on(master).mtu(keys.mtu).mac(mac).create()?;
        link.sysctls(Ipv4, &[("rp_filter", "2"), ("arp_ignore", "1")])?;
        let own = link.bring_up(Configured)?;
        if let Some(table) = keys.table {
            link.route(own.subnet()).table(table).add()?;
            link.route(DEFAULT).via(keys.gateway).table(table).add()?;
            Rule::from(own.address())
                .table(table)
                .priority(1000 + table)
                .add()?;
        }
        for (ip, mac) in keys.neighbours {
            link.neighbour(ip, mac)?;
        }
        println!("{} rails", keys.masters.len());
        Ok(())
    }
}

fn node() -> Node {
    let mut second = link("ens7");
    second.rdma_devices = vec!["mlx5_1".to_owned()];
    second.mtu = 9000;
    Node::new()
        .with_link(Place::Host, link("ens6"))
        .with_link(Place::Host, second)
        .with_link(Place::Host, infiniband_link("ib0"))
}

const NETWORK: &str =
    r#""masters": ["ens6", "ens7"], "rdmaDevice": "mlx5_1", "ipam": {"type": "pool"}"#;

#[test]
fn the_flavour_that_a_vendor_wishes_to_write_makes_the_plan_that_it_reads_like() {
    let outcome = node().attach::<acme::Component>(request(&format!(
        r#"{{{NETWORK}, "MTU": 9000, "table": 101, "gateway": "10.0.0.1",
            "neighbours": [["10.0.0.9", "02:00:00:00:00:09"]],
            "runtimeConfig": {{"mac": "02:00:00:00:00:0a"}}}}"#
    )));
    outcome.result.unwrap();
    assert_eq!(outcome.log, ["info: 2 rails"]);
    let sysctl = |name: &str, value: &str| Operation::SetLinkSysctl {
        family: Ipv4,
        name: name.to_owned(),
        value: value.to_owned(),
        required: true,
    };
    let [arp, ndisc] = announcement();
    let configured = AddressSource::Configured;
    let rule = |family| Operation::AddRule {
        rule: RuleFacts {
            source: Some(Selector::Of(configured)),
            priority: Some(1101),
            ..RuleFacts::new(family, 101)
        },
    };
    let route = |destination, gateway: Option<&str>| Operation::AddRoute {
        route: RouteFacts {
            gateway: gateway.map(|gateway| gateway.parse().unwrap()),
            table: 101,
            ..RouteFacts::to(destination)
        },
    };
    assert_eq!(
        outcome.plan,
        [
            Operation::CreateMacvlan {
                parent: "ens7".to_owned(),
                options: MacvlanOptions {
                    mtu: Some(9000),
                    mac: Some(Mac::new([2, 0, 0, 0, 0, 0x0a])),
                    ..Default::default()
                },
            },
            sysctl("rp_filter", "2"),
            sysctl("arp_ignore", "1"),
            arp,
            ndisc,
            Operation::AssignAddresses {
                addresses: configured
            },
            route(Destination::NetworksOf(configured), None),
            route(
                Destination::Network(IpNetwork::everything(Ipv4)),
                Some("10.0.0.1")
            ),
            rule(Ipv4),
            rule(Ipv6),
            Operation::AddNeighbour {
                address: "10.0.0.9".parse().unwrap(),
                mac: Mac::new([2, 0, 0, 0, 0, 9]).into(),
            },
        ]
    );
}

#[test]
fn what_the_kernel_would_refuse_is_refused_with_the_parent_and_what_is_possible() {
    let refused = |keys: &str, code, words: &[&str]| {
        let text = format!(r#"{{{NETWORK}, {keys}}}"#);
        let outcome = node().attach::<acme::Component>(request(&text));
        outcome.assert_refused(code, words);
    };
    const INVALID: ErrorCode = ErrorCode::InvalidConfiguration;
    refused(
        r#""mtu": 9001"#,
        INVALID,
        &["mtu 9001 of the macvlan is above that of its parent ens7"],
    );
    refused(r#""mtu": 60"#, INVALID, &["mtu 60 is out of range"]);
    refused(
        r#""mac": "01:00:5e:00:00:01""#,
        INVALID,
        &["01:00:5e:00:00:01", "multicast"],
    );
    refused(
        r#""table": 101"#,
        INVALID,
        &["the default route has no next hop"],
    );
    refused(
        r#""table": 0, "gateway": "10.0.0.1""#,
        INVALID,
        &["table 0 is no routing table"],
    );

    let attach = |text: &str| node().attach::<acme::Component>(request(text));
    let outcome = attach(r#"{"masters": ["ib0"], "ipam": {"type": "pool"}}"#);
    outcome.assert_refused(INVALID, &["ib0", "macvlan needs Ethernet"]);
    let outcome = attach(r#"{"masters": ["ens6", "ens9"]}"#);
    outcome.assert_refused(
        ErrorCode::NotFound,
        &["key \"masters\": no interface named \"ens9\""],
    );
    let outcome = attach(r#"{"masters": ["ens6"], "rdmaDevice": "mlx5_1"}"#);
    outcome.assert_refused(ErrorCode::NotAvailable, &["mlx5_1", "ens6 has []"]);
    let outcome = attach(r#"{"masters": ["ens6"]}"#);
    outcome.assert_refused(INVALID, &["the configuration has no \"ipam\""]);
}

#[test]
fn a_component_says_what_it_would_record_and_records_nothing_else() {
    let text = acme::Component::DECLARATION.unwrap().to_json();
    let declared: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(declared["name"], "plumb-sdk");
    assert_eq!(declared["operations"][1], "set-link-sysctl");
    assert_eq!(declared["devices"]["parents"][0], "ens*");
    assert_eq!(declared["keys"]["required"], serde_json::json!(["masters"]));

    let text = request(r#"{"master": "ens6"}"#);
    let outcome = node().attach::<untrue::Component>(text);
    outcome.assert_refused(
        ErrorCode::Denied,
        &["does not declare set-up", "add set_up to uses(...)"],
    );
}

/// Says less than it does.
mod untrue {
    use crate::prelude::*;

    #[derive(Keys)]
    pub struct Keys {
        master: HostLink,
    }

    #[flavour(uses(create_macvlan, set_link_sysctl))]
    pub fn attach(keys: Keys, request: &Request) -> Result<()> {
        let link = Macvlan::on(&keys.master).create()?;
        link.bring_up(request.configured_addresses()?).map(drop)
    }
}

#[test]
fn an_infiniband_child_is_a_full_member_in_the_mode_of_its_parent() {
    let create = |parents_mtu: u32, key: Option<u16>, mtu: Option<u32>| {
        mod of_ipoib {
            use crate::prelude::*;

            #[derive(Keys)]
            pub struct Keys {
                master: HostLink,
                key: Option<u16>,
                mtu: Option<u32>,
            }

            #[flavour(uses(create_ipoib))]
            pub fn attach(keys: Keys, _: &Request) -> Result<()> {
                let child = Ipoib::on(&keys.master)
                    .partition_key(keys.key)
                    .mtu(keys.mtu);
                child.create().map(drop)
            }
        }
        let mut parent = infiniband_link("ib0");
        parent.mtu = parents_mtu;
        parent.partition_keys = vec![0xffff, 0x8001];
        let node = Node::new().with_link(Place::Host, parent);
        let key = key.map_or("null".to_owned(), |key| key.to_string());
        let mtu = mtu.map_or("null".to_owned(), |mtu| mtu.to_string());
        let text = format!(r#"{{"master": "ib0", "key": {key}, "mtu": {mtu}}}"#);
        node.attach::<of_ipoib::Component>(request(&text))
    };
    let outcome = create(65_520, Some(1), Some(65_520));
    outcome.result.unwrap();
    let options = IpoibOptions {
        partition_key: Some(0x8001),
        mode: Some(IpoibMode::Connected),
        mtu: Some(65_520),
        user_multicast: None,
        name: None,
    };
    let parent = "ib0".to_owned();
    assert_eq!(outcome.plan, [Operation::CreateIpoib { parent, options }]);
    let outcome = create(2044, None, Some(9000));
    outcome.assert_refused(
        ErrorCode::InvalidConfiguration,
        &["72 to 2044", "connected"],
    );
    let outcome = create(2044, Some(3), None);
    outcome.assert_refused(ErrorCode::NotAvailable, &["0x0003"]);
}

#[test]
fn a_function_is_set_before_it_is_moved_and_its_interface_after() {
    mod of_function {
        use crate::prelude::*;

        #[flavour(
            uses(
                set_virtual_function,
                move_link,
                set_mtu,
                set_mac,
                set_link_sysctl,
                assign_addresses,
                set_up
            ),
            functions("ens1f0np0")
        )]
        pub fn attach(request: &Request) -> Result<()> {
            let function = PciFunction::allotted(request)?;
            let mac = crate::mac::requested(request, None)?;
            let link = MovedFunction::of(&function).mtu(1400).mac(mac).move_in()?;
            link.bring_up(request.configured_addresses()?).map(drop)
        }
    }
    let node = Node::new().with_pci_function(virtual_function("0000:3b:00.2"));
    let text = r#"{"deviceID": "0000:3b:00.2", "runtimeConfig": {"mac": "02:00:00:00:00:0a"}}"#;
    let outcome = node.attach::<of_function::Component>(request(text));
    outcome.result.unwrap();
    let kinds: Vec<_> = outcome
        .plan
        .iter()
        .map(|step| format!("{step:?}"))
        .collect();
    for (step, kind) in kinds.iter().zip([
        "SetVirtualFunction",
        "MoveLink",
        "SetMtu",
        "SetMac",
        "SetLinkSysctl",
        "SetLinkSysctl",
        "SetUp",
    ]) {
        assert!(step.starts_with(kind), "{kind} in {kinds:?}");
    }
}
