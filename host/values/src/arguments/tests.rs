use alloc::string::String;

use super::*;
use crate::{AddressRange, Family, Guid, IpNetwork, PciAddress};

const ADDRESS: PciAddress = PciAddress::new(0, 0x3b, 0, 2).unwrap();

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
        "move-link would give the pod a second interface: one attachment makes one",
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
fn a_physical_function_has_no_settings() {
    check_virtual_function(ADDRESS, true).unwrap();
    assert_refused(
        check_virtual_function(ADDRESS, false),
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
    check_rdma_name_is_for_one("rail", ADDRESS, 1).unwrap();
    assert_refused(
        check_rdma_name_is_for_one("rail", ADDRESS, 2),
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
