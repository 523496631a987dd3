//! A function whose interface moves into the pod.

use super::*;

const ENABLE: Option<VirtualFunctionLinkState> = Some(VirtualFunctionLinkState::Enable);

fn move_link() -> Operation {
    Operation::MoveLink {
        function: ADDRESS.to_owned(),
    }
}

fn move_rdma_device() -> Operation {
    Operation::MoveRdmaDevice {
        function: ADDRESS.to_owned(),
        name: None,
    }
}

/// A function whose own GUID is this.
fn with_guid(guid: Guid) -> PciFacts {
    let mut facts = infiniband_virtual_function(ADDRESS);
    facts.links[0].mac = infiniband_address(guid);
    facts
}

#[test]
fn a_function_with_a_guid_and_its_rdma_device() {
    let outcome = attach(&format!(
        r#", "link_state": "enable", "rdmaIsolation": true, "mtu": 2044{GUID}{IPAM}"#
    ));
    outcome.result.unwrap();
    let [arp, ndisc] = announcement();
    assert_eq!(
        outcome.plan,
        [
            set(true, ENABLE, true),
            // Before the interface, which the kernel re-creates.
            move_rdma_device(),
            move_link(),
            Operation::SetMtu { mtu: 2044 },
            arp,
            ndisc,
            Operation::AssignAddresses {
                addresses: AddressSource::Configured
            },
        ]
    );
}

#[test]
fn the_runtimes_ethernet_address_is_passed_over_with_a_warning() {
    let outcome = attach(r#", "runtimeConfig": {"mac": "02:00:00:00:00:01"}"#);
    outcome.result.unwrap();
    let is_said =
        |line: &String| line.starts_with("warning: ") && line.contains("02:00:00:00:00:01");
    assert!(outcome.log.iter().any(is_said), "{:?}", outcome.log);
}

#[test]
fn a_function_as_it_is_without_guid_and_addresses() {
    let outcome = attach("");
    outcome.result.unwrap();
    let [arp, ndisc] = announcement();
    assert_eq!(outcome.plan, [move_link(), arp, ndisc, Operation::SetUp]);

    let outcome = attach(r#", "link_state": "enable""#);
    assert_eq!(outcome.plan.first(), Some(&set(false, ENABLE, false)));
}

#[test]
fn without_isolation_a_pod_that_could_not_use_rdma_is_worth_a_warning() {
    let facts = infiniband_virtual_function(ADDRESS);
    let warned = |mode, keys: &str| {
        let node = node(facts.clone(), mode);
        let log = node.attach::<Component>(configuration(keys)).log;
        log.iter().any(|line| line.contains("mlx5_2"))
    };
    assert!(warned(RdmaNamespaceMode::Exclusive, ""));
    assert!(!warned(RdmaNamespaceMode::Shared, ""));
    let isolated = r#", "rdmaIsolation": true"#;
    assert!(!warned(RdmaNamespaceMode::Exclusive, isolated));
}

#[test]
fn a_fresh_function_has_no_guid_and_needs_one() {
    for unset in [Guid::new([0; 8]), Guid::UNSET] {
        let outcome = attach_to(with_guid(unset), "");
        let text = unset.to_string();
        let words = ["ib1", &text, "infinibandGUID", "args.cni.guid", "node_guid"];
        outcome.assert_refused(ErrorCode::NotAvailable, &words);

        let outcome = attach_to(with_guid(unset), GUID);
        outcome.result.unwrap();
        assert_eq!(outcome.plan.first(), Some(&set(true, None, true)));
    }
}

/// The key is for ib-kubernetes, and the networks of nodes without it have one as well.
#[test]
fn a_partition_that_the_port_is_not_in_is_worth_a_warning() {
    let log = |outcome: Outcome<()>| -> Vec<String> {
        outcome.result.unwrap();
        let unusable = |line: &String| line.contains("rdmaIsolation");
        let lines = outcome.log.into_iter();
        lines.filter(|line| !unusable(line)).collect()
    };
    // In hexadecimal, as ib-kubernetes wants it; a number is a number.
    for (written, words) in [
        (r#""0x5""#, ["0x0005", "ib1", "0xffff"]),
        ("1000", ["0x03e8", "ib1", "0xffff"]),
        (r#""1000""#, ["\"1000\"", "0x0001", "0x7fff"]),
        (r#""0x8000""#, ["\"0x8000\"", "0x0001", "0x7fff"]),
        ("65536", ["65536", "0x0001", "0x7fff"]),
    ] {
        let lines = log(attach(&format!(r#", "pkey": {written}"#)));
        let [warning] = lines.as_slice() else {
            panic!("{written}: {lines:?}");
        };
        for word in words
            .into_iter()
            .chain(["warning", "partitions that its port has"])
        {
            assert!(warning.contains(word), "{word} in {warning}");
        }
    }

    let mut member = infiniband_virtual_function(ADDRESS);
    member.links[0].partition_keys = vec![0xffff, 0x8005];
    assert_eq!(log(attach_to(member, r#", "pkey": "0x5""#)), [""; 0]);

    // The subnet manager adds a port when it sees the GUID.
    let outcome = attach(&format!(r#", "pkey": "0x5"{GUID}"#));
    assert_eq!(log(outcome), [""; 0]);
    let lines = log(attach(&format!(r#", "pkey": "1000"{GUID}"#)));
    assert!(lines[0].contains("\"1000\""), "{lines:?}");
}

#[test]
fn what_users_have_in_their_networks_works_as_it_is() {
    for keys in [
        r#", "cniVersion": "0.3.1", "name": "mynet", "link_state": "enable",
            "rdmaIsolation": true, "ibKubernetesEnabled": false,
            "ipam": {"type": "host-local", "subnet": "10.56.217.0/24",
                     "rangeStart": "10.56.217.171", "routes": [{"dst": "0.0.0.0/0"}]}"#,
        r#", "name": "ib-sriov", "link_state": "enable", "rdmaIsolation": true,
            "ibKubernetesEnabled": false,
            "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["v4-91"]}"#,
    ] {
        let outcome = attach(keys);
        outcome.result.unwrap();
        assert!(outcome.plan.contains(&move_rdma_device()), "{keys}");
    }
}

#[test]
fn an_ethernet_function_has_another_type() {
    let facts = virtual_function(ADDRESS);
    let mut without_link = facts.clone();
    without_link.links.clear();
    without_link.driver = Some("vfio-pci".to_owned());
    for facts in [facts, without_link] {
        let outcome = attach_to(facts, "");
        let words = [ADDRESS, "Ethernet", "use type sriov"];
        outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
    }
}

#[test]
fn a_device_that_cannot_be_attached_is_refused_by_its_address() {
    let physical = testing::physical(infiniband_virtual_function(ADDRESS));
    let mut unbound = infiniband_virtual_function(ADDRESS);
    unbound.driver = None;
    unbound.links.clear();
    let mut without_link = infiniband_virtual_function(ADDRESS);
    without_link.links.clear();
    for (facts, code, words) in [
        (
            physical,
            ErrorCode::InvalidConfiguration,
            ["physical function", "vfio-pci", "mlx5_core"],
        ),
        (
            unbound,
            ErrorCode::NotAvailable,
            ["no driver", "drivers_probe", "vfio-pci"],
        ),
        (
            without_link,
            ErrorCode::NotAvailable,
            ["mlx5_core", "ib_ipoib", "vfio-pci"],
        ),
        (
            bound_to("igb_uio"),
            ErrorCode::NotAvailable,
            ["igb_uio", "mlx5_core", "vfio-pci"],
        ),
    ] {
        let outcome = attach_to(facts, "");
        outcome.assert_refused(code, &[&[ADDRESS][..], &words].concat());
    }

    let outcome = Node::new().attach::<Component>(request(r#"{"type": "ib-sriov"}"#));
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &["deviceID"]);
}

#[test]
fn an_mtu_is_at_most_the_physical_functions() {
    let outcome = attach(r#", "mtu": 4092"#);
    let words = ["4092", "ib0", "2044"];
    outcome.assert_refused(ErrorCode::InvalidConfiguration, &words);
}

#[test]
fn isolation_needs_a_node_that_has_it_unless_sharing_is_allowed() {
    let shared = node(
        infiniband_virtual_function(ADDRESS),
        RdmaNamespaceMode::Shared,
    );
    let outcome = shared.attach::<Component>(configuration(r#", "rdmaIsolation": true"#));
    let words = [
        "rdma system set netns exclusive",
        "netns_mode=0",
        "allowSharedRDMA",
    ];
    outcome.assert_refused(ErrorCode::NotAvailable, &words);

    let allowed = configuration(r#", "rdmaIsolation": true, "allowSharedRDMA": true"#);
    let outcome = shared.attach::<Component>(allowed);
    outcome.result.unwrap();
    assert_eq!(outcome.plan.first(), Some(&move_link()));
    assert_eq!(outcome.log.len(), 1, "{:?}", outcome.log);
}
