use plumb_sdk::ErrorCode;
use plumb_sdk::testing::request;

use super::*;

fn read(configuration: &str) -> Result<Configuration, Error> {
    Configuration::read(&request(configuration))
}

fn refused(configuration: &str) -> Error {
    read(configuration).unwrap_err()
}

fn macvlan_of(configuration: Configuration) -> Macvlan {
    match configuration.child {
        Child::Macvlan(macvlan) => macvlan,
        Child::Ipvlan(_) => panic!("an ipvlan was read"),
    }
}

#[test]
fn nothing_but_the_type_is_needed() {
    let configuration = read(r#"{"type": "macvlan"}"#).unwrap();
    assert_eq!(
        configuration,
        Configuration {
            master: None,
            mtu: None,
            link_in_container: false,
            require_rdma: false,
            child: Child::Macvlan(Macvlan {
                mode: MacvlanMode::Bridge,
                mac: None,
                broadcast_queue_length: None,
            }),
        }
    );
}

#[test]
fn the_kind_comes_from_the_type_or_from_its_own_key() {
    for (text, kind) in [
        (r#"{"type": "ipvlan"}"#, "ipvlan"),
        (
            r#"{"type": "plumb", "flavour": "macvlan-shared"}"#,
            "macvlan",
        ),
        (r#"{"type": "plumb", "kind": "ipvlan"}"#, "ipvlan"),
        (r#"{"type": "plumb", "kind": ""}"#, "macvlan"),
        (r#"{"type": "macvlan", "kind": "macvlan"}"#, "macvlan"),
    ] {
        assert_eq!(read(text).unwrap().child.kind(), kind, "{text}");
    }
    let error = refused(r#"{"type": "macvlan", "kind": "ipvlan"}"#);
    assert!(
        error.message.contains("\"ipvlan\" contradicts"),
        "{}",
        error.message
    );
    let error = refused(r#"{"type": "plumb", "kind": "vlan"}"#);
    assert!(error.message.contains("\"vlan\""), "{}", error.message);
}

#[test]
fn every_mode_of_the_kernel_can_be_asked_for() {
    for (mode, expected) in [
        ("", MacvlanMode::Bridge),
        ("bridge", MacvlanMode::Bridge),
        ("private", MacvlanMode::Private),
        ("vepa", MacvlanMode::Vepa),
        ("passthru", MacvlanMode::Passthru),
    ] {
        let text = format!(r#"{{"type": "macvlan", "mode": "{mode}"}}"#);
        assert_eq!(macvlan_of(read(&text).unwrap()).mode, expected, "{mode}");
    }
    for (mode, expected) in [
        ("", IpvlanMode::L2),
        ("l2", IpvlanMode::L2),
        ("l3", IpvlanMode::L3),
        ("l3s", IpvlanMode::L3s),
    ] {
        let text = format!(r#"{{"type": "ipvlan", "mode": "{mode}"}}"#);
        let child = read(&text).unwrap().child;
        assert_eq!(child, Child::Ipvlan(Ipvlan { mode: expected }), "{mode}");
    }
}

#[test]
fn an_unknown_mode_is_answered_with_those_of_its_kind() {
    let error = refused(r#"{"type": "macvlan", "mode": "l3"}"#);
    assert_eq!(error.code, ErrorCode::InvalidConfiguration);
    for part in ["\"l3\"", "\"bridge\"", "\"passthru\""] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    let error = refused(r#"{"type": "ipvlan", "mode": "bridge"}"#);
    for part in ["\"bridge\"", "\"l2\"", "\"l3s\""] {
        assert!(error.message.contains(part), "{}", error.message);
    }
}

#[test]
fn keys_may_be_written_in_any_case() {
    let text =
        r#"{"type": "macvlan", "bcQueueLen": 2000, "linkInContainer": true, "requireRDMA": true}"#;
    let configuration = read(text).unwrap();
    assert!(configuration.link_in_container);
    assert!(configuration.require_rdma);
    assert_eq!(macvlan_of(configuration).broadcast_queue_length, Some(2000));
}

#[test]
fn an_mtu_of_the_wrong_type_is_named_with_its_value() {
    let error = refused(r#"{"type": "macvlan", "mtu": "9000"}"#);
    assert!(
        error.message.contains("\"mtu\"") && error.message.contains("\"9000\""),
        "{}",
        error.message
    );
    let error = refused(r#"{"type": "macvlan", "mtu": -1}"#);
    assert!(
        error.message.contains("\"mtu\"") && error.message.contains("-1"),
        "{}",
        error.message
    );
}

#[test]
fn the_runtimes_hardware_address_goes_first() {
    let key = r#""type": "macvlan", "mac": "02:00:00:00:00:aa""#;
    let runtime = r#""runtimeConfig": {"mac": "02:00:00:00:00:bb"}"#;
    for (text, last) in [
        (format!("{{{key}}}"), 0xaa),
        (format!("{{{key}, {runtime}}}"), 0xbb),
    ] {
        let mac = macvlan_of(read(&text).unwrap()).mac;
        assert_eq!(mac, Some(Mac::new([2, 0, 0, 0, 0, last])), "{text}");
    }
}

#[test]
fn addresses_that_no_interface_can_have_are_refused() {
    for (address, reason) in [
        ("01:00:5e:00:00:01", "multicast"),
        ("ff:ff:ff:ff:ff:ff", "multicast"),
        ("00:00:00:00:00:00", "all zero"),
        ("02:00:00:00:00", "six bytes"),
    ] {
        let error = refused(&format!(r#"{{"type": "macvlan", "mac": "{address}"}}"#));
        assert_eq!(error.code, ErrorCode::InvalidConfiguration);
        assert!(
            error.message.contains(address) && error.message.contains(reason),
            "{}",
            error.message
        );
    }

    let infiniband = ["80"; 20].join(":");
    let runtime = format!(r#""runtimeConfig": {{"mac": "{infiniband}"}}"#);
    let error = refused(&format!(r#"{{"type": "macvlan", {runtime}}}"#));
    assert_eq!(error.code, ErrorCode::InvalidEnvironment);
    assert!(error.message.contains("20 bytes"), "{}", error.message);
}

#[test]
fn dhcp_is_refused_where_broadcasts_do_not_pass() {
    for mode in ["l3", "l3s"] {
        let text = format!(r#"{{"type": "ipvlan", "mode": "{mode}", "ipam": {{"type": "dhcp"}}}}"#);
        let error = refused(&text);
        assert!(matches!(error.code, ErrorCode::UnsupportedField));
        for part in ["dhcp", "l2"] {
            assert!(error.message.contains(part), "{part} in {}", error.message);
        }
    }
    for text in [
        r#"{"type": "ipvlan", "mode": "l2", "ipam": {"type": "dhcp"}}"#,
        r#"{"type": "ipvlan", "mode": "l3", "ipam": {"type": "pool"}}"#,
        r#"{"type": "macvlan", "ipam": {"type": "dhcp"}}"#,
    ] {
        read(text).unwrap();
    }
}
