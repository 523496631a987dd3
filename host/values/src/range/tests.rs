use alloc::string::{String, ToString};

use super::*;

/// `10.0.0.1-10.0.0.9`, `10.0.0.1` or `10.0.0.0/8`.
fn range(text: &str) -> AddressRange {
    let address = |text: &str| text.parse::<IpAddr>().expect("the test's own address");
    if let Some((network, prefix)) = text.split_once('/') {
        return AddressRange::network(address(network), prefix.parse().expect("a prefix"));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    AddressRange::new(address(first), address(last)).expect("the test's own range")
}

/// Ranges separated by commas.
fn ranges(text: &str) -> Vec<AddressRange> {
    let entries = text.split(',').filter(|entry| !entry.is_empty());
    entries.map(range).collect()
}

fn text(ranges: &[AddressRange]) -> String {
    let entries: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    entries.join(",")
}

#[test]
fn a_network_is_all_its_addresses() {
    for (network, expected) in [
        ("10.0.0.5/28", "10.0.0.0-10.0.0.15"),
        ("10.64.0.0/10", "10.64.0.0-10.127.255.255"),
        ("0.0.0.0/0", "0.0.0.0-255.255.255.255"),
        ("10.0.0.5/32", "10.0.0.5"),
        ("fd00::/64", "fd00::-fd00::ffff:ffff:ffff:ffff"),
        ("::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fd00::5/128", "fd00::5"),
    ] {
        assert_eq!(range(network).to_string(), expected, "{network}");
    }
}

#[test]
fn two_ends_make_a_range_in_one_family_and_ascending() {
    let new = |first: &str, last: &str| {
        AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).is_some()
    };
    assert!(new("10.0.0.1", "10.0.0.1"));
    assert!(!new("10.0.0.2", "10.0.0.1"));
    assert!(!new("10.0.0.1", "fd00::1"));
}

#[test]
fn sizes_count_both_ends() {
    assert_eq!(range("10.0.0.7").size(), 1);
    assert_eq!(range("10.0.0.0/24").size(), 256);
    assert_eq!(range("0.0.0.0/0").size(), 1 << 32);
    assert_eq!(range("fd00::/64").size(), 1 << 64);
    assert_eq!(range("::/0").size(), u128::MAX);
}

#[test]
fn reserved_are_the_addresses_that_no_interface_may_have() {
    for (network, expected) in [
        ("10.0.0.0/30", "10.0.0.0,10.0.0.3"),
        ("10.0.0.0/31", ""),
        ("10.0.0.0/32", ""),
        ("fd00::/126", "fd00::"),
        ("fd00::/127", ""),
    ] {
        assert_eq!(text(&range(network).reserved()), expected, "{network}");
    }
}

#[test]
fn intersections_are_what_both_have() {
    let check = |left: &str, right: &str, expected: Option<&str>| {
        let both = range(left).intersection(&range(right));
        assert_eq!(both, expected.map(range), "{left} and {right}");
        assert_eq!(range(right).intersection(&range(left)), both);
    };
    check(
        "10.0.0.0/24",
        "10.0.0.9-10.0.1.9",
        Some("10.0.0.9-10.0.0.255"),
    );
    check("10.0.0.1-10.0.0.5", "10.0.0.5", Some("10.0.0.5"));
    check("10.0.0.1-10.0.0.5", "10.0.0.6", None);
    check("0.0.0.0/0", "::/0", None);
}

#[test]
fn merging_sorts_and_joins_what_touches() {
    let check = |input: &str, expected: &str| {
        assert_eq!(text(&merge(ranges(input))), expected, "{input}");
    };
    check("", "");
    check("10.0.0.5,10.0.0.3", "10.0.0.3,10.0.0.5");
    check("10.0.0.5,10.0.0.4", "10.0.0.4-10.0.0.5");
    check("10.0.0.1-10.0.0.9,10.0.0.2-10.0.0.3", "10.0.0.1-10.0.0.9");
    check("10.0.0.255,10.0.1.0", "10.0.0.255-10.0.1.0");
    check("255.255.255.255,::", "255.255.255.255,::");
    check(
        "0.0.0.0/0,10.0.0.0/8,255.255.255.255",
        "0.0.0.0-255.255.255.255",
    );
    check("fd00::ffff,fd00::1:0", "fd00::ffff-fd00::1:0");
}

#[test]
fn subtracting_leaves_what_no_hole_covers() {
    let check = |from: &str, holes: &str, expected: &str| {
        let left = subtract(&merge(ranges(from)), &merge(ranges(holes)));
        assert_eq!(text(&left), expected, "{from} without {holes}");
    };
    check("10.0.0.1-10.0.0.9", "", "10.0.0.1-10.0.0.9");
    check("10.0.0.1-10.0.0.9", "10.0.0.1", "10.0.0.2-10.0.0.9");
    check("10.0.0.1-10.0.0.9", "10.0.0.9", "10.0.0.1-10.0.0.8");
    check("10.0.0.1-10.0.0.9", "10.0.0.0/28", "");
    check("10.0.0.1-10.0.0.9", "10.0.1.0/24", "10.0.0.1-10.0.0.9");
    check(
        "10.0.0.1-10.0.0.9,10.0.0.20",
        "10.0.0.3,10.0.0.5-10.0.0.20",
        "10.0.0.1-10.0.0.2,10.0.0.4",
    );
    check(
        "10.0.0.1-10.0.0.5,10.0.0.8-10.0.0.9",
        "10.0.0.4-10.0.0.8",
        "10.0.0.1-10.0.0.3,10.0.0.9",
    );
    check(
        "0.0.0.0/0",
        "0.0.0.0,255.255.255.255",
        "0.0.0.1-255.255.255.254",
    );
    check("10.0.0.1,fd00::1", "fd00::/64", "10.0.0.1");
}

#[test]
fn a_range_is_read_as_users_write_it() {
    for (text, expected) in [
        ("10.0.0.5-10.0.0.9", "10.0.0.5-10.0.0.9"),
        ("10.0.0.5 - 10.0.0.9", "10.0.0.5-10.0.0.9"),
        ("10.0.0.5", "10.0.0.5"),
        ("10.0.0.4/30", "10.0.0.4-10.0.0.7"),
        ("fd00::1-fd00::f", "fd00::1-fd00::f"),
    ] {
        let range: AddressRange = text.parse().unwrap();
        assert_eq!(range.to_string(), expected, "{text}");
    }
    for text in [
        "",
        "-",
        "10.0.0.9-10.0.0.5",
        "10.0.0.1-fd00::1",
        "10.0.0.0/33",
        "rail",
    ] {
        assert!(text.parse::<AddressRange>().is_err(), "{text:?}");
    }
}

#[test]
fn an_address_is_found_by_its_place() {
    let range: AddressRange = "10.0.0.254-10.0.1.1".parse().unwrap();
    let nth = |offset| range.nth(offset).map(|address| address.to_string());
    assert_eq!(nth(0).as_deref(), Some("10.0.0.254"));
    assert_eq!(nth(2).as_deref(), Some("10.0.1.0"));
    assert_eq!(nth(4), None);
    let everything: AddressRange = "::/0".parse().unwrap();
    assert_eq!(
        everything
            .nth(u128::MAX)
            .map(|last| last.to_string())
            .as_deref(),
        Some("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    );
}

#[test]
fn a_subnet_gives_out_what_is_not_excluded_reserved_or_its_gateway() {
    let subnet: AddressRange = "10.0.0.0/29".parse().unwrap();
    let gateway = "10.0.0.1".parse().ok();
    let excluded = ["10.0.0.3".parse().unwrap()];
    let words = |ranges: Vec<AddressRange>| -> Vec<String> {
        ranges.iter().map(AddressRange::to_string).collect()
    };
    let left = usable(subnet, &[subnet], &excluded, gateway);
    assert_eq!(count(&left), 4);
    assert_eq!(words(left), ["10.0.0.2", "10.0.0.4-10.0.0.6"]);
    // A pool that lists none gives out none.
    assert_eq!(usable(subnet, &[], &excluded, gateway), []);
    let given = [
        "10.0.0.6".parse().unwrap(),
        "10.0.0.4-10.0.0.5".parse().unwrap(),
    ];
    assert_eq!(
        words(usable(subnet, &given, &excluded, gateway)),
        ["10.0.0.4-10.0.0.6"]
    );
}
