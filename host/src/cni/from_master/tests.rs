use serde_json::json;

use super::*;
use crate::cni::Verb;

fn of(network: Value) -> Result<Option<FromMaster>> {
    let mut whole = json!({"cniVersion": "1.1.0", "name": "n", "type": "macvlan"});
    for (key, value) in network.as_object().unwrap() {
        whole[key] = value.clone();
    }
    let text = whole.to_string().into_bytes();
    FromMaster::of(&Configuration::parse(Verb::Add, text).unwrap())
}

fn from_master(value: Value) -> Result<Option<FromMaster>> {
    of(json!({"ipam": {"type": "pool", "fromMaster": value}}))
}

#[test]
fn an_empty_object_is_enough() {
    let expected = FromMaster {
        families: vec![Family::Ipv4],
        range: None,
        gateway: Gateway::None,
        exclude: Vec::new(),
        within: Vec::new(),
    };
    for value in [json!({}), json!(true), json!({"range": null})] {
        assert_eq!(from_master(value), Ok(Some(expected.clone())));
    }
    for value in [json!(null), json!(false)] {
        assert_eq!(from_master(value), Ok(None));
    }
    assert_eq!(of(json!({"ipam": {"type": "host-local"}})), Ok(None));
    assert_eq!(of(json!({})), Ok(None));
}

#[test]
fn every_key_is_understood_in_any_case() {
    let wanted = from_master(json!({
        "Family": "both", "RANGE": [10, 200], "gateway": "last", "exclude": [7, [9, 12]],
        "within": ["172.16.0.0/12", "fd00::/8"],
    }));
    let expected = FromMaster {
        families: vec![Family::Ipv4, Family::Ipv6],
        range: Some(10..=200),
        gateway: Gateway::Last,
        exclude: vec![7..=7, 9..=12],
        within: vec![
            "172.16.0.0/12".parse().unwrap(),
            "fd00::/8".parse().unwrap(),
        ],
    };
    assert_eq!(wanted, Ok(Some(expected)));
    for (value, expected) in [
        (json!("first"), Gateway::First),
        (json!("none"), Gateway::None),
        (json!(254), Gateway::At(254)),
        (json!(0), Gateway::At(0)),
    ] {
        let wanted = from_master(json!({"gateway": value})).unwrap().unwrap();
        assert_eq!(wanted.gateway, expected);
    }
    let one = from_master(json!({"within": "10.0.0.0/8"}))
        .unwrap()
        .unwrap();
    assert_eq!(one.within.len(), 1);
}

#[test]
fn what_is_wrong_is_said() {
    let many: Vec<u32> = (0..257).collect();
    for (value, expected) in [
        (json!("yes"), "an object, true or false, not \"yes\""),
        (json!({"gatway": "first"}), "did you mean \"gateway\"?"),
        (json!({"subnet": "10.0.0.0/8"}), "it knows family, range"),
        (
            json!({"family": "ipv5"}),
            "did you mean \"ipv4\" or \"ipv6\"?",
        ),
        (json!({"family": 4}), "is 4: it is one of ipv4, ipv6, both"),
        (json!({"gateway": "frist"}), "did you mean \"first\"?"),
        (
            json!({"gateway": "172.16.11.254"}),
            "or the number of its place",
        ),
        (json!({"gateway": -1}), "is -1"),
        (json!({"range": 10}), "like [10, 200], not 10"),
        (json!({"range": [200, 10]}), "not [200,10]"),
        (json!({"range": [1]}), "not [1]"),
        (json!({"range": [1, -1]}), "not [1,-1]"),
        (json!({"exclude": 7}), "a list of places in the subnet"),
        (json!({"exclude": ["7"]}), "not \"7\""),
        (json!({"exclude": many}), "has 257 items, and may have 256"),
        (json!({"within": "172.16"}), "a network like"),
        (json!({"within": [1]}), "not 1"),
        (json!({"within": "fd00::/8"}), "no address of that family"),
    ] {
        let error = from_master(value.clone()).unwrap_err();
        assert_eq!(error.code, Code::INVALID_CONFIGURATION, "{value}");
        assert!(
            error.message.contains(expected),
            "{value}: {}",
            error.message
        );
    }
}

#[test]
fn nothing_else_gives_the_addresses() {
    for (network, code, expected) in [
        (
            json!({"ipam": {"type": "host-local", "fromMaster": {}}}),
            Code::UNSUPPORTED_FIELD,
            "\"host-local\"",
        ),
        (
            json!({"ipam": {"fromMaster": {}}}),
            Code::UNSUPPORTED_FIELD,
            "use \"pool\"",
        ),
        (
            json!({"ipam": {"type": "spiderpool", "fromMaster": {}, "default_ipv4_ippool": ["a"]}}),
            Code::INVALID_CONFIGURATION,
            "\"default_ipv4_ippool\"",
        ),
        (
            json!({"ipam": {"type": "pool", "fromMaster": {}, "pools": []}}),
            Code::INVALID_CONFIGURATION,
            "\"pools\"",
        ),
        (
            json!({"linkInContainer": true, "ipam": {"type": "pool", "fromMaster": {}}}),
            Code::INVALID_CONFIGURATION,
            "linkInContainer",
        ),
    ] {
        let error = of(network.clone()).unwrap_err();
        assert_eq!(error.code, code, "{network}");
        assert!(error.message.contains(expected), "{}", error.message);
    }
}
