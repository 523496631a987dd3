use alloc::string::String;

use super::*;
use crate::{AddressRange, Device, Family, Guid, IpNetwork, NextHop, PortRange, RuleSelectors};

const FUNCTION: Device<'_> = Device("0000:3b:00.2");

fn network(text: &str) -> IpNetwork {
    text.parse().unwrap()
}

#[track_caller]
fn assert_refused(checked: Result<(), String>, sentence: &str) {
    assert_eq!(checked.unwrap_err(), sentence);
}

#[test]
fn one_attachment_makes_one_interface() {
    check_first_link("move-link", false).unwrap();
    assert_refused(
        check_first_link("move-link", true),
        "move-link would give the pod a second interface of the requested name: each further one needs a name of its own",
    );
}

#[test]
fn an_interface_beside_the_requested_one_has_a_name_of_its_own() {
    check_further_link("create-veth", "data0", &["eth0", "data1"]).unwrap();
    assert_refused(
        check_further_link("create-veth", "eth0", &["data1", "eth0"]),
        "create-veth would give the pod a second interface named eth0",
    );
    assert_refused(
        check_further_link("create-veth", "a/b", &["eth0"]),
        "the name \"a/b\" of a link contains '/', ':' or white space",
    );
    let names = ["eth0", "a", "b", "c", "d", "e", "f", "g"];
    check_further_link("create-veth", "g", &names[..7]).unwrap();
    assert_refused(
        check_further_link("create-veth", "h", &names),
        "create-veth would give the pod more than 8 interfaces by one attachment",
    );
}

#[test]
fn a_vlan_has_a_number_that_a_tag_can_say() {
    for id in [1, 4094] {
        check_vlan_child(id, 0x8100).unwrap();
        check_vlan_child(id, 0x88a8).unwrap();
    }
    for id in [0, 4095] {
        let sentence = alloc::format!("vlan {id} is out of range: 1 to 4094");
        assert_refused(check_vlan_child(id, 0x8100), &sentence);
    }
    assert_refused(
        check_vlan_child(1, 0x0800),
        "vlan protocol 0x0800 is neither 0x8100 (802.1Q) nor 0x88a8 (802.1ad)",
    );
}

#[test]
fn a_port_is_one_of_a_bridge_on_the_host() {
    check_bridge("br0", Some("bridge"), false).unwrap();
    for (kind, is_in_pod, sentence) in [
        (
            Some("bridge"),
            true,
            "create-veth needs a bridge of the host, and br0 is in the pod",
        ),
        (
            Some("bond"),
            false,
            "create-veth needs a bridge, and br0 is none, but a bond",
        ),
        (
            None,
            false,
            "create-veth needs a bridge, and br0 is none, but a device",
        ),
    ] {
        assert_refused(check_bridge("br0", kind, is_in_pod), sentence);
    }
    check_port_settings(false).unwrap();
    assert_refused(
        check_port_settings(true),
        "create-veth needs a bridge for hairpin or isolation: set-bridge or set-shared-bridge states it",
    );
}

#[test]
fn a_bridge_that_pods_share_has_a_name_of_its_own() {
    check_shared_bridge_name("br-pods").unwrap();
    check_shared_bridge("br-pods", Some("bridge")).unwrap();
    for (name, sentence) in [
        (
            "br/pods",
            "the name \"br/pods\" of a link contains '/', ':' or white space",
        ),
        (
            "plumb-making",
            "share-bridge cannot make plumb-making: plumb calls so what it is making, and removes what it finds of that name",
        ),
    ] {
        assert_refused(check_shared_bridge_name(name), sentence);
    }
    for (kind, word) in [(Some("bond"), "bond"), (None, "device")] {
        let sentence = alloc::format!(
            "share-bridge needs the name of a bridge, or one that is free, and the host's eth1 is a {word}"
        );
        assert_refused(check_shared_bridge("eth1", kind), &sentence);
    }
}

#[test]
fn an_interface_is_a_port_of_one_bridge() {
    for (has_bridge, has_shared) in [(false, false), (true, false), (false, true)] {
        check_one_bridge(has_bridge, has_shared).unwrap();
    }
    assert_refused(
        check_one_bridge(true, true),
        "create-veth has both set-bridge and set-shared-bridge, and an interface is a port of one bridge: leave one of \
         them out",
    );
    check_shared_once("br-pods", true).unwrap();
    assert_refused(
        check_shared_once("br-pods", false),
        "share-bridge wants br-pods twice, with other settings the second time: each bridge has those of one call",
    );
}

#[test]
fn a_netdev_moves_by_itself_where_nothing_would_be_lost() {
    const ETHERNET: u16 = 1;
    check_movable("en3f0pf0sf88", false, ETHERNET, None, None).unwrap();
    check_movable("tap0", false, ETHERNET, Some("tun"), None).unwrap();
    for (checked, sentence) in [
        (
            check_movable("tap0", true, ETHERNET, Some("tun"), None),
            "move-netdev needs an interface of the host, and tap0 is in the pod already",
        ),
        (
            check_movable("lo", false, 772, None, None),
            "move-netdev cannot move lo: each network namespace has a loopback of its own",
        ),
        (
            check_movable("ens1f0v0", false, ETHERNET, None, Some("0000:3b:00.2")),
            "ens1f0v0 is the interface of PCI function 0000:3b:00.2: move-link moves it",
        ),
        (
            check_movable("bond0", false, ETHERNET, Some("bond"), None),
            "move-netdev cannot move bond0: it is a bond, whose members would stay behind",
        ),
        (
            check_not_default("ens1", &["bond0", "ens1"]),
            "move-netdev may not move ens1, by which the node's default route leads: the node would be lost",
        ),
    ] {
        assert_refused(checked, sentence);
    }
    check_not_default("ens2", &["bond0", "ens1"]).unwrap();
}

#[test]
fn rings_and_channels_are_stated() {
    check_ring_sizes(Some(1), None).unwrap();
    check_channel_counts(None, Some(0), Some(4)).unwrap();
    assert_refused(
        check_ring_sizes(None, None),
        "set-rings needs one of receive, transmit",
    );
    assert_refused(
        check_ring_sizes(Some(64), Some(0)),
        "a ring of 0 packets holds none: state at least 1",
    );
    assert_refused(
        check_channel_counts(None, None, None),
        "set-channels needs one of receive, transmit, combined",
    );
}

#[test]
fn an_mtu_is_that_of_some_link() {
    for mtu in [68, 1500, 65_535] {
        check_mtu(mtu).unwrap();
    }
    for (mtu, sentence) in [
        (0, "mtu 0 is out of range: 68 to 65535"),
        (67, "mtu 67 is out of range: 68 to 65535"),
        (65_536, "mtu 65536 is out of range: 68 to 65535"),
    ] {
        assert_refused(check_mtu(mtu), sentence);
    }
}

#[test]
fn a_child_sends_no_larger_packets_than_its_parent() {
    check_child_mtu("macvlan", 1500, "nic0", 1500).unwrap();
    assert_refused(
        check_child_mtu("macvlan", 9000, "nic0", 1500),
        "mtu 9000 of the macvlan is above that of its parent nic0, which has 1500: use 1500 or less, or raise the parent's",
    );
}

#[test]
fn an_ethernet_interface_has_a_unicast_address() {
    check_unicast(&[2, 0, 0, 0, 0, 1]).unwrap();
    for (address, text) in [
        (&[1, 0, 0x5e, 0, 0, 1][..], "01:00:5e:00:00:01"),
        (&[0; 6], "00:00:00:00:00:00"),
        (&[2, 0, 0, 0, 1], "02:00:00:00:01"),
        (&[], ""),
    ] {
        let message = check_unicast(address).unwrap_err();
        let expected = "is not a unicast address of six bytes";
        assert_eq!(
            message,
            alloc::format!("hardware address {text} {expected}")
        );
    }
}

#[test]
fn a_neighbour_has_an_address_of_ethernet_or_infiniband() {
    check_hardware_address(&[0xff; 6]).unwrap();
    check_hardware_address(&[0x80; 20]).unwrap();
    assert_refused(
        check_hardware_address(&[1, 2, 3, 4]),
        "\"01:02:03:04\" is not a hardware address of 6 or 20 bytes",
    );
}

#[test]
fn an_ipoib_child_is_made_of_infiniband_on_the_host() {
    check_infiniband_parent("ib0", 32, false).unwrap();
    assert_refused(
        check_infiniband_parent("eth0", 1, false),
        "create-ipoib needs an InfiniBand interface, and eth0 is none",
    );
    assert_refused(
        check_infiniband_parent("ib0", 32, true),
        "create-ipoib needs an interface of the host, and ib0 in the pod is not there",
    );
}

#[test]
fn a_partition_has_a_number() {
    for key in [1, 0x7fff, 0x8001, 0xffff] {
        check_partition_key(key).unwrap();
    }
    for key in [0, 0x8000] {
        let message = check_partition_key(key).unwrap_err();
        assert!(message.starts_with(&alloc::format!("partition key {key:#06x} is no partition")));
    }
}

#[test]
fn a_sysctl_cannot_leave_its_folder_nor_steer_a_terminal() {
    check_sysctl("arp_notify", "1").unwrap();
    for name in ["", "..", "a/b", "arp.notify", "Arp", &"a".repeat(65)] {
        let sentence = alloc::format!("{name:?} is not the name of a sysctl");
        assert_refused(check_sysctl(name, "1"), &sentence);
    }
    for value in ["\u{1b}[2J", "1\n", &"1".repeat(65)] {
        let sentence = alloc::format!("{value:?} is not the value of a sysctl");
        assert_refused(check_sysctl("arp_notify", value), &sentence);
    }
}

#[test]
fn a_pod_has_the_sysctls_that_can_be_taken_back() {
    check_pod_sysctl(Family::Ipv4, "rp_filter", "2").unwrap();
    check_pod_sysctl(Family::Ipv6, "ndisc_notify", "1").unwrap();
    for (family, name) in [
        (Family::Ipv4, "forwarding"),
        (Family::Ipv4, "ndisc_notify"),
        (Family::Ipv6, "disable_ipv6"),
    ] {
        let message = check_pod_sysctl(family, name, "1").unwrap_err();
        let begin =
            alloc::format!("sysctl {name:?} of {family} cannot be set for a whole pod: accept_");
        assert!(message.starts_with(&begin), "{message}");
    }
    let sentence = "\"1\\n\" is not the value of a sysctl";
    assert_refused(check_pod_sysctl(Family::Ipv4, "rp_filter", "1\n"), sentence);
}

#[test]
fn a_physical_function_has_no_settings() {
    check_virtual_function(FUNCTION, true).unwrap();
    assert_refused(
        check_virtual_function(FUNCTION, false),
        "PCI function 0000:3b:00.2 is no virtual function: it has no settings that a physical \
         one holds",
    );
}

#[test]
fn a_vlan_has_twelve_bits_of_which_4095_is_none() {
    for (id, priority, protocol) in [(0, 0, 0x8100), (4094, 7, 0x88a8)] {
        check_vlan(id, priority, protocol).unwrap();
    }
    assert_refused(
        check_vlan(4095, 0, 0x8100),
        "vlan 4095 with priority 0 is out of range: 0 to 4094, and 0 to 7",
    );
    assert_refused(
        check_vlan(1, 8, 0x8100),
        "vlan 1 with priority 8 is out of range: 0 to 4094, and 0 to 7",
    );
    assert_refused(
        check_vlan(1, 0, 0x9100),
        "vlan protocol 0x9100 is neither 0x8100 (802.1Q) nor 0x88a8 (802.1ad)",
    );
}

#[test]
fn a_port_can_have_a_guid_of_one_station() {
    check_guid(Guid::from(0x0200_0000_0000_0001)).unwrap();
    assert_refused(
        check_guid(Guid::from(0)),
        "GUID 00:00:00:00:00:00:00:00 is zero",
    );
    assert_refused(
        check_guid(Guid::UNSET),
        "GUID ff:ff:ff:ff:ff:ff:ff:ff is a multicast one: its first byte must be even",
    );
}

#[test]
fn an_rdma_device_has_a_name_that_the_kernel_keeps() {
    for name in ["mlx5_0", "rail-1.0", &"a".repeat(63)] {
        check_rdma_name(name).unwrap();
    }
    for name in [
        "",
        ".",
        "..",
        "a/b",
        "mlx5_%d",
        "with space",
        &"a".repeat(64),
    ] {
        let sentence = alloc::format!(
            "rdma device name {name:?} must be letters, digits, '_', '-' and '.', at most 63"
        );
        assert_refused(check_rdma_name(name), &sentence);
    }
    check_rdma_name_is_for_one("rail", FUNCTION, 1).unwrap();
    assert_refused(
        check_rdma_name_is_for_one("rail", FUNCTION, 2),
        "rdma device name \"rail\" is for one device, but PCI function 0000:3b:00.2 has 2",
    );
}

#[test]
fn a_prefix_fits_its_address() {
    check_network(&network("10.0.0.0/32")).unwrap();
    let long = IpNetwork {
        prefix_length: 33,
        ..network("10.0.0.0/8")
    };
    let sentence = "10.0.0.0/33 has a prefix longer than the address";
    assert_refused(check_network(&long), sentence);
    assert_refused(check_route(&long, None, None), sentence);
    assert_refused(check_rule(None, Some(&long), None), sentence);
    assert_refused(check_rule(None, None, Some(&long)), sentence);
}

#[test]
fn table_0_is_none() {
    for table in [1, 254, u32::MAX] {
        check_table(table).unwrap();
    }
    let message = check_table(0).unwrap_err();
    assert!(message.starts_with("table 0 is no routing table: 254 is the main one"));
}

#[test]
fn a_route_is_of_one_family() {
    let (four, six) = ("10.0.0.1".parse().ok(), "fd00::1".parse().ok());
    let to = network("10.9.0.0/16");
    check_route(&to, None, None).unwrap();
    check_route(&to, four, four).unwrap();
    let sentence = "a route to 10.9.0.0/16 mixes IPv4 and IPv6";
    assert_refused(check_route(&to, six, None), sentence);
    assert_refused(check_route(&to, four, six), sentence);
}

#[test]
fn next_hops_are_several_of_one_family_or_one_gateway() {
    let hop = |gateway: &str, weight| NextHop {
        gateway: gateway.parse().unwrap(),
        weight,
    };
    let both = [hop("10.0.0.1", 1), hop("10.0.0.2", 256)];
    let gateway = "10.0.0.3".parse().ok();
    check_next_hops(Family::Ipv4, None, &both, true).unwrap();
    check_next_hops(Family::Ipv4, gateway, &[], true).unwrap();
    check_next_hops(Family::Ipv6, None, &[], false).unwrap();
    for (gateway, hops, is_on_link, sentence) in [
        (
            gateway,
            &both[..],
            false,
            "a route has one gateway, as 10.0.0.3, or several next hops, as 10.0.0.1, and not both",
        ),
        (
            None,
            &[],
            true,
            "a route without a gateway is on the link already: \"onlink\" is for its gateway",
        ),
        (
            None,
            &[hop("fd00::1", 1)],
            false,
            "next hop fd00::1 of an IPv4 route mixes IPv4 and IPv6",
        ),
        (
            None,
            &[hop("10.0.0.1", 0)],
            false,
            "weight 0 of next hop 10.0.0.1 is out of range: 1 to 256",
        ),
        (
            None,
            &[both[0], both[0]],
            false,
            "next hop 10.0.0.1 is there twice: give it more weight",
        ),
        (
            None,
            &[both[0]; 33],
            false,
            "a route with more than 32 next hops: fewer, or several routes",
        ),
    ] {
        let checked = check_next_hops(Family::Ipv4, gateway, hops, is_on_link);
        assert_refused(checked, sentence);
    }
}

#[test]
fn a_rule_selects_by_what_packets_can_have() {
    let ports = |first, last| Some(PortRange { first, last });
    let whole = RuleSelectors {
        input_interface: Some("net1".into()),
        output_interface: Some("lo".into()),
        mark: Some(0x100),
        mask: Some(0xff00),
        ip_protocol: Some(6),
        source_ports: ports(1, 65_534),
        destination_ports: ports(443, 443),
        suppress_prefix_length: Some(32),
    };
    check_rule_selectors(Family::Ipv4, &whole).unwrap();
    let none = RuleSelectors::default;
    check_rule_selectors(Family::Ipv6, &none()).unwrap();
    for (selectors, sentence) in [
        (
            RuleSelectors {
                input_interface: Some("a/b".into()),
                ..none()
            },
            "the name \"a/b\" of a link contains '/', ':' or white space",
        ),
        (
            RuleSelectors {
                output_interface: Some("longer-than-a-name".into()),
                ..none()
            },
            "the name \"longer-than-a-name\" of a link is longer than 15 bytes",
        ),
        (
            RuleSelectors {
                mask: Some(0),
                ..RuleSelectors::of_mark(0)
            },
            "fwmark with mask 0 compares no bit and selects all packets: leave the mark out",
        ),
        (
            RuleSelectors {
                mask: Some(0xff),
                ..RuleSelectors::of_mark(0x101)
            },
            "fwmark 0x101 has bits that its mask 0xff leaves out: 0x1 is meant, or a wider mask",
        ),
        (
            RuleSelectors {
                ip_protocol: Some(0),
                ..none()
            },
            "ip protocol 0 is none to the kernel: leave it out, or use 6 for TCP, 17 for UDP",
        ),
        (
            RuleSelectors {
                source_ports: ports(0, 10),
                ..none()
            },
            "ports 0 to 10 are no range of a rule: 1 to 65534, the lower one first",
        ),
        (
            RuleSelectors {
                destination_ports: ports(10, 9),
                ..none()
            },
            "ports 10 to 9 are no range of a rule: 1 to 65534, the lower one first",
        ),
        (
            RuleSelectors {
                destination_ports: ports(443, 65_535),
                ..none()
            },
            "ports 443 to 65535 are no range of a rule: 1 to 65534, the lower one first",
        ),
        (
            RuleSelectors {
                suppress_prefix_length: Some(33),
                ..none()
            },
            "suppress-prefixlength 33 is longer than the prefix of an IPv4 route: 0 to 32",
        ),
    ] {
        assert_refused(check_rule_selectors(Family::Ipv4, &selectors), sentence);
    }
}

#[test]
fn a_route_to_the_networks_of_addresses_is_on_the_link() {
    let known = "10.0.0.1".parse().ok();
    check_route_to_networks("the configured addresses", None, None).unwrap();
    assert_refused(
        check_route_to_networks("the configured addresses", known, None),
        "a route to the networks of the configured addresses is on the link: it has no gateway \
         10.0.0.1",
    );
    assert_refused(
        check_route_to_networks("the configured addresses", None, known),
        "a route to the networks of the configured addresses can have these addresses as its \
         source, not 10.0.0.1",
    );
}

#[test]
fn addresses_are_taken_once() {
    check_untaken("the configured addresses", false).unwrap();
    assert_refused(
        check_untaken("the configured addresses", true),
        "the configured addresses are assigned or reserved already: a plan takes them once",
    );
}

#[test]
fn a_rule_is_of_one_family() {
    let (four, six) = (network("10.9.0.0/16"), network("fd00::/64"));
    check_rule(None, None, None).unwrap();
    check_rule(None, Some(&six), Some(&six)).unwrap();
    check_rule(Some(Family::Ipv4), Some(&four), None).unwrap();
    assert_refused(
        check_rule(None, Some(&four), Some(&six)),
        "a rule from 10.9.0.0/16 to fd00::/64 mixes IPv4 and IPv6",
    );
    assert_refused(
        check_rule(Some(Family::Ipv4), Some(&six), None),
        "a rule for IPv4 from fd00::/64 mixes IPv4 and IPv6",
    );
    assert_refused(
        check_rule(Some(Family::Ipv6), None, Some(&four)),
        "a rule for IPv6 to 10.9.0.0/16 mixes IPv4 and IPv6",
    );
}

#[test]
fn addresses_are_given_before_they_are_referred_to() {
    check_assigned("add-route", true, "assign-addresses").unwrap();
    assert_refused(
        check_assigned("add-route", false, "assign-addresses"),
        "add-route refers to addresses that are not there yet: assign-addresses must come before \
         it",
    );
}

#[test]
fn a_proposal_has_addresses_and_each_of_them_a_pool() {
    for claims in [1, 16] {
        check_claims(claims, 16).unwrap();
    }
    for claims in [0, 17] {
        let sentence = alloc::format!("{claims} addresses, where 1 to 16 are possible");
        assert_refused(check_claims(claims, 16), &sentence);
    }
    check_candidates(1).unwrap();
    let sentence = "an address without a pool to take it from";
    assert_refused(check_candidates(0), sentence);
    check_pool("rail", false).unwrap();
    assert_refused(check_pool("rail", true), "pool rail, which is disabled");
}

#[test]
fn a_range_is_of_what_its_pool_gives_out() {
    let range = |first: &str, last: &str| AddressRange {
        first: first.parse().unwrap(),
        last: last.parse().unwrap(),
    };
    let usable = [
        range("10.0.0.2", "10.0.0.9"),
        range("10.0.0.20", "10.0.0.29"),
    ];
    let check = |ranges: &[AddressRange]| check_ranges("rail", ranges, &usable, 2);
    check(&usable).unwrap();
    check(&[range("10.0.0.9", "10.0.0.9")]).unwrap();
    for (first, last, fault) in [
        ("10.0.0.1", "10.0.0.9", "which pool rail does not give out"),
        ("10.0.0.9", "10.0.0.20", "which pool rail does not give out"),
        ("fd00::1", "fd00::2", "which pool rail does not give out"),
        ("10.0.0.9", "10.0.0.2", "which is no range"),
        ("10.0.0.2", "fd00::2", "which is no range"),
    ] {
        let sentence = alloc::format!("{first}-{last}, {fault}");
        assert_refused(check(&[range(first, last)]), &sentence);
    }
    assert_refused(
        check(&[]),
        "pool rail without a range of it, from which no address can come: leave the pool out",
    );
    assert_refused(
        check(&[usable[0]; 3]),
        "3 ranges of pool rail, where 2 are possible",
    );
}

#[test]
fn gateway_and_prefix_are_of_the_pools_family() {
    let gateway = "10.0.0.1".parse().unwrap();
    check_gateway(Family::Ipv4, gateway).unwrap();
    let sentence = "gateway 10.0.0.1 for IPv6 addresses";
    assert_refused(check_gateway(Family::Ipv6, gateway), sentence);
    check_prefix_length(Family::Ipv4, 32).unwrap();
    check_prefix_length(Family::Ipv6, 128).unwrap();
    let sentence = "prefix length 33 for IPv4 addresses";
    assert_refused(check_prefix_length(Family::Ipv4, 33), sentence);
}

#[test]
fn an_unknown_word_is_answered_with_the_known_ones() {
    check_word("macvlan mode", "bridge", &MACVLAN_MODES).unwrap();
    assert_refused(
        check_word("macvlan mode", "Bridge", &MACVLAN_MODES),
        "unknown macvlan mode \"Bridge\": this host knows private, vepa, bridge, passthru",
    );
}

#[test]
fn a_child_is_made_of_ethernet_and_no_larger_than_its_parent() {
    check_ethernet_parent("macvlan", "ens6", 1).unwrap();
    for (number, words) in [
        (32, "InfiniBand"),
        (772, "loopback"),
        (778, "type 778 (ARPHRD)"),
    ] {
        let sentence = check_ethernet_parent("ipvlan", "ens6", number).unwrap_err();
        assert!(
            sentence.contains(words) && sentence.contains("ens6"),
            "{sentence}"
        );
        assert!(sentence.contains("ipvlan needs Ethernet"), "{sentence}");
    }
}

#[test]
fn the_mode_of_an_ipoib_child_decides_how_large_it_is() {
    assert!(is_connected(65_520) && !is_connected(4092));
    for (mtu, connected, parents) in [
        (72, false, 2044),
        (2044, false, 2044),
        (4092, false, 65_520),
        (65_520, true, 2044),
    ] {
        check_ipoib_mtu(mtu, connected, "ib0", parents).unwrap();
    }
    for (mtu, connected, range) in [
        (71, false, "72 to 2044, or"),
        (2045, false, "72 to 2044, or"),
        (65_521, true, "72 to 65520"),
    ] {
        let sentence = check_ipoib_mtu(mtu, connected, "ib0", 2044).unwrap_err();
        assert!(sentence.contains(range), "{range} in {sentence}");
    }
}

#[test]
fn a_plan_is_recorded_in_attach_by_who_may_and_gives_what_it_has_to() {
    let who = "component acme";
    check_recording(who, "set-up", true).unwrap();
    assert_refused(
        check_recording(who, "set-up", false),
        "component acme may not record set-up here: only attach makes a plan",
    );
    check_granted("acme", "add-rule", true).unwrap();
    assert_refused(
        check_granted("acme", "add-rule", false),
        "component acme has no grant for add-rule: `plumbctl component grant acme add-rule` gives it",
    );
    check_interface(who, true, false).unwrap();
    check_interface(who, false, true).unwrap();
    let sentence = check_interface(who, false, false).unwrap_err();
    assert!(
        sentence.contains("no operation that gives the pod an interface"),
        "{sentence}"
    );
    for (is_made, has_ipam, is_taken) in [
        (false, true, false),
        (true, false, false),
        (true, true, true),
    ] {
        check_addresses(who, is_made, has_ipam, is_taken).unwrap();
    }
    let sentence = check_addresses(who, true, true, false).unwrap_err();
    assert!(
        sentence.contains("must record assign-addresses"),
        "{sentence}"
    );
}
