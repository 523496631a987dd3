use super::*;

#[test]
fn entries_parse_to_their_ends_or_say_what_is_wrong() {
    let check = |entry: &str, expected: Result<&str, &str>| match expected {
        Ok(range) => assert_eq!(
            parse_range(entry).map(|range| range.to_string()),
            Ok(range.to_owned()),
            "{entry}"
        ),
        Err(part) => {
            let message = parse_range(entry).expect_err("a wrong entry").to_string();
            assert!(message.contains(part), "{entry}: {message}");
            assert!(message.contains(entry.trim()), "{entry}: {message}");
        }
    };
    check("10.0.0.1-10.0.0.9", Ok("10.0.0.1-10.0.0.9"));
    check("  10.0.0.1 - 10.0.0.9 ", Ok("10.0.0.1-10.0.0.9"));
    check("10.0.0.7", Ok("10.0.0.7"));
    check("10.0.0.7-10.0.0.7", Ok("10.0.0.7"));
    check("10.0.0.0/28", Ok("10.0.0.0-10.0.0.15"));
    check("10.64.0.0/10", Ok("10.64.0.0-10.127.255.255"));
    check("0.0.0.0/0", Ok("0.0.0.0-255.255.255.255"));
    check("fd00::a-fd00::1:0", Ok("fd00::a-fd00::1:0"));
    check("fd00::/64", Ok("fd00::-fd00::ffff:ffff:ffff:ffff"));

    check("10.0.0.9-10.0.0.1", Err("did you mean 10.0.0.1-10.0.0.9?"));
    check("10.0.0.1-fd00::1", Err("mixes IPv4 and IPv6"));
    check("10.0.0.5/28", Err("did you mean 10.0.0.0/28?"));
    for entry in [
        "",
        "-",
        "10.0.0.1-",
        "10.0.0.1-9",
        "10.0.0.1-10.0.0.3-10.0.0.5",
        "10.0.0.1,10.0.0.3",
        "10.0.0.256",
        "010.0.0.1",
        "10.0.0.0/33",
        "10.0.0.0/+8",
        "10.0.0.0/",
        "10.0.0.0/255.0.0.0",
        "10.0.0.1/32-10.0.0.2/32",
        "fe80::1%eth0",
        "rail0",
    ] {
        check(entry, Err("write it like 172.16.0.10-172.16.0.20"));
    }
}

#[test]
fn networks_need_a_prefix_and_no_host_bits() {
    let check = |value: &str, expected: &str| {
        let found = match parse_network(value) {
            Ok(network) => network.to_string(),
            Err(problem) => problem.to_string(),
        };
        assert!(found.contains(expected), "{value}: {found}");
    };
    check(" 10.0.0.0/8 ", "10.0.0.0/8");
    check("fd00::/64", "fd00::/64");
    check(
        "172.16.11.0/16",
        "172.16.11.0/16 has host bits set; did you mean 172.16.0.0/16 or 172.16.11.0/24?",
    );
    check("fd00::1/64", "did you mean fd00::/64?");
    check("10.0.0.0", "is not a network; write it like 172.16.0.0/16");
    check("10.0.0.0/64", "is not a network");
}

#[test]
fn both_networks_that_could_be_meant_are_named() {
    for (value, expected) in [
        ("172.16.11.0/16", "172.16.0.0/16 or 172.16.11.0/24?"),
        ("172.16.12.0/16", "172.16.0.0/16 or 172.16.12.0/24?"),
        ("10.1.0.64/24", "10.1.0.0/24 or 10.1.0.64/26?"),
        ("10.1.0.0/8", "10.0.0.0/8 or 10.1.0.0/16?"),
        ("10.1.0.7/24", "10.1.0.0/24?"),
        ("10.1.0.6/24", "10.1.0.0/24?"),
        ("fd00:5:0:1::/48", "fd00:5::/48 or fd00:5:0:1::/64?"),
        ("fd00::1/64", "fd00::/64?"),
    ] {
        let message = parse_network(value).unwrap_err().to_string();
        let expected = format!("{value} has host bits set; did you mean {expected}");
        assert_eq!(message, expected);
    }
}
