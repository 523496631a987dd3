use plumb_sdk::testing::request;

use super::*;

/// The keys after type and master.
fn read(keys: &str) -> Result<Configuration> {
    Configuration::read(&request(&format!(
        r#"{{"type": "ipoib", "master": "ib0"{keys}}}"#
    )))
}

#[track_caller]
fn assert_refused(keys: &str, code: ErrorCode, words: &[&str]) {
    let error = read(keys).unwrap_err();
    error.assert_says(code, words);
}

#[test]
fn the_parent_decides_what_is_not_said() {
    let expected = Configuration {
        master: "ib0".to_owned(),
        partition_key: partition_key::Configured::Absent,
        mode: None,
        user_multicast: None,
        mtu: None,
        ipam: Ipam::default(),
    };
    assert_eq!(read("").unwrap(), expected);
    assert_eq!(
        read(r#", "pkey": "", "mode": "", "mtu": 0"#).unwrap(),
        expected
    );
}

#[test]
fn every_key_is_read() {
    let keys = r#", "pkey": "0x8001", "mode": "connected", "umcast": false, "mtu": 65520"#;
    assert_eq!(
        read(keys).unwrap(),
        Configuration {
            master: "ib0".to_owned(),
            partition_key: partition_key::Configured::Text("0x8001".to_owned()),
            mode: Some(IpoibMode::Connected),
            user_multicast: Some(false),
            mtu: Some(65520),
            ipam: Ipam::default(),
        }
    );
    let key = read(r#", "pkey": 32769"#).unwrap().partition_key;
    assert_eq!(key.key(), Ok(Some(0x8001)));
    let mode = read(r#", "mode": "datagram""#).unwrap().mode;
    assert_eq!(mode, Some(IpoibMode::Datagram));
}

#[test]
fn values_that_cannot_be_are_answered_with_those_that_can() {
    const WRONG: ErrorCode = ErrorCode::InvalidConfiguration;
    let words = ["\"multicast\"", "\"datagram\"", "\"connected\""];
    assert_refused(r#", "mode": "multicast""#, WRONG, &words);
    for key in ["0x0", "0x8000", "0x10000", "5"] {
        let words = [key, "0x0001", "0x7fff"];
        assert_refused(&format!(r#", "pkey": "{key}""#), WRONG, &words);
    }
    let words = ["65536", "0x0001", "0x7fff"];
    assert_refused(r#", "pkey": 65536"#, WRONG, &words);
    let error = Configuration::read(&request(r#"{"type": "ipoib"}"#)).unwrap_err();
    assert_eq!(error.code, WRONG);
    assert!(error.message.contains("\"master\""), "{}", error.message);
}

#[test]
fn a_value_of_the_wrong_type_is_named_with_its_key() {
    for (keys, words) in [
        (r#", "pkey": true"#, ["\"pkey\"", "true"]),
        (r#", "mode": 1"#, ["\"mode\"", "1"]),
        (r#", "umcast": "on""#, ["\"umcast\"", "\"on\""]),
        (r#", "mtu": "2044""#, ["\"mtu\"", "\"2044\""]),
        (r#", "mtu": -1"#, ["\"mtu\"", "-1"]),
    ] {
        assert_refused(keys, ErrorCode::InvalidConfiguration, &words);
    }
}

#[test]
fn what_infiniband_cannot_have_is_said_with_key_and_value() {
    const UNSUPPORTED: ErrorCode = ErrorCode::UnsupportedField;
    let words = ["ipam.type", "dhcp", "RFC 4390", "static"];
    assert_refused(r#", "ipam": {"type": "dhcp"}"#, UNSUPPORTED, &words);
}
