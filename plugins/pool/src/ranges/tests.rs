use plumb_sdk::IpNetwork;

use super::*;

fn ip(text: &str) -> IpAddress {
    text.parse::<IpAddr>().unwrap().into()
}

fn range(first: &str, last: &str) -> AddressRange {
    AddressRange {
        first: ip(first),
        last: ip(last),
    }
}

fn pool(subnet: &str) -> Pool {
    let (address, prefix_length) = subnet.split_once('/').unwrap();
    let address = ip(address);
    Pool {
        name: "pool".to_owned(),
        family: family(address),
        subnet: IpNetwork {
            address,
            prefix_length: prefix_length.parse().unwrap(),
        },
        ranges: Vec::new(),
        excluded: Vec::new(),
        gateway: None,
        routes: Vec::new(),
        is_default: false,
        disabled: false,
        namespaces: Vec::new(),
        nodes: Vec::new(),
    }
}

fn usable_text(pool: &Pool) -> String {
    in_words(&usable(pool), pool.family)
}

#[test]
fn a_subnet_gives_what_interfaces_may_have() {
    for (subnet, expected) in [
        ("10.0.0.0/24", "10.0.0.1-10.0.0.254"),
        ("10.0.0.0/30", "10.0.0.1-10.0.0.2"),
        ("10.0.0.4/31", "10.0.0.4-10.0.0.5"),
        ("10.0.0.4/32", "10.0.0.4"),
        ("0.0.0.0/0", "0.0.0.1-255.255.255.254"),
        ("fd00::/126", "fd00::1-fd00::3"),
        ("fd00::4/127", "fd00::4-fd00::5"),
        ("fd00::4/128", "fd00::4"),
        ("::/0", "::1-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ] {
        assert_eq!(usable_text(&pool(subnet)), expected, "{subnet}");
    }
}

#[test]
fn gateway_and_exclusions_are_taken_out() {
    let mut pool = pool("10.0.0.0/24");
    pool.gateway = Some(ip("10.0.0.1"));
    pool.excluded = vec![
        range("10.0.0.0", "10.0.0.9"),
        range("10.0.0.100", "10.0.0.254"),
    ];
    assert_eq!(usable_text(&pool), "10.0.0.10-10.0.0.99");

    pool.ranges = vec![
        range("10.0.0.5", "10.0.0.20"),
        range("10.0.0.90", "10.0.0.120"),
    ];
    assert_eq!(
        usable_text(&pool),
        "10.0.0.10-10.0.0.20, 10.0.0.90-10.0.0.99"
    );

    pool.excluded = vec![range("10.0.0.0", "10.0.0.255")];
    assert_eq!(usable(&pool), []);
}

#[test]
fn an_exclusion_inside_a_range_splits_it() {
    let mut pool = pool("10.0.0.0/29");
    pool.excluded = vec![range("10.0.0.3", "10.0.0.3"), range("10.0.0.5", "10.0.0.5")];
    assert_eq!(usable_text(&pool), "10.0.0.1-10.0.0.2, 10.0.0.4, 10.0.0.6");
}

#[test]
fn the_ends_of_the_address_space_do_not_overflow() {
    let mut pool = pool("::/0");
    pool.excluded = vec![
        range("::", "::ffff"),
        range("ffff::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ];
    assert_eq!(
        usable_text(&pool),
        "::1:0-fffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
    );
}

#[test]
fn membership_respects_gaps() {
    let mut pool = pool("10.0.0.0/24");
    pool.excluded = vec![range("10.0.0.50", "10.0.0.60")];
    let spans = usable(&pool);
    assert!(contain(&spans, ip("10.0.0.49")));
    assert!(!contain(&spans, ip("10.0.0.50")));
    assert!(!contain(&spans, ip("10.0.0.255")));
}

/// Every address of a small subnet, against a definition without any cleverness.
#[test]
fn subtraction_agrees_with_counting() {
    let mut pool = pool("10.0.0.0/28");
    for seed in 0..400_u32 {
        let part = |shift: u32| (seed.wrapping_mul(2_654_435_761) >> shift) & 15;
        let excluded = [(part(0), part(4)), (part(8), part(12))];
        let ordered = |(a, b): (u32, u32)| (a.min(b), a.max(b));
        pool.excluded = excluded
            .into_iter()
            .map(ordered)
            .map(|(first, last)| range(&format!("10.0.0.{first}"), &format!("10.0.0.{last}")))
            .collect();
        let spans = usable(&pool);
        for host in 0..16 {
            let expected = host != 0
                && host != 15
                && !excluded
                    .into_iter()
                    .map(ordered)
                    .any(|(a, b)| a <= host && host <= b);
            let address = ip(&format!("10.0.0.{host}"));
            assert_eq!(
                contain(&spans, address),
                expected,
                "{address}, excluded {excluded:?}"
            );
        }
    }
}
