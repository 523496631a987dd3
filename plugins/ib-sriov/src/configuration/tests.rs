use plumb_sdk::ErrorCode;
use plumb_sdk::testing::request;

use super::*;

/// The keys after the type.
fn read(keys: &str) -> Result<Configuration, Error> {
    Configuration::read(&request(&format!(r#"{{"type": "ib-sriov"{keys}}}"#)))
}

#[track_caller]
fn assert_refused(keys: &str, code: ErrorCode, words: &[&str]) {
    let error = read(keys).unwrap_err();
    error.assert_says(code, words);
}

#[test]
fn what_is_not_said_stays_as_it_is() {
    let configuration = read(r#", "guid": "", "pkey": "", "link_state": "", "mtu": 0"#).unwrap();
    assert_eq!(configuration.settings(), VirtualFunctionSettings::default());
    assert_eq!(configuration.partition_key.key(), Ok(None));
    assert_eq!(configuration.mtu, None);
    assert_eq!(*configuration.isolation, None);
    assert!(!configuration.ib_kubernetes);
    assert!(!configuration.vfio);
}

#[test]
fn every_key_is_read() {
    let configuration = read(
        r#", "guid": "02:00:00:00:00:00:00:aa", "pkey": "0x8005", "link_state": "enable",
            "mtu": 4092, "rdmaIsolation": true, "ibKubernetesEnabled": true, "vfioPciMode": true,
            "args": {"cni": {"mellanox.infiniband.app": "configured", "pkey": "0x5"}}"#,
    )
    .unwrap();
    let guid = Guid::new([2, 0, 0, 0, 0, 0, 0, 0xaa]);
    assert_eq!(configuration.guid, Some(guid));
    assert_eq!(configuration.partition_key.key(), Ok(Some(0x8005)));
    assert_eq!(configuration.mtu, Some(4092));
    assert!(configuration.isolation.is_some());
    assert!(configuration.ib_kubernetes);
    assert_eq!(configuration.args.cni.state, "configured");
    assert!(configuration.vfio);
    let expected = VirtualFunctionSettings {
        link_state: Some(VirtualFunctionLinkState::Enable),
        guid: Some(guid),
        ..Default::default()
    };
    assert_eq!(configuration.settings(), expected);
}

#[test]
fn the_runtimes_guid_goes_before_the_arguments_and_the_configurations() {
    let runtime = r#""runtimeConfig": {"infinibandGUID": "02:00:00:00:00:00:00:01"}"#;
    let argument = r#""args": {"cni": {"guid": "02:00:00:00:00:00:00:02"}}"#;
    let key = r#""guid": "02:00:00:00:00:00:00:03""#;
    for (keys, last) in [
        (format!(", {runtime}, {argument}, {key}"), 1),
        (format!(", {argument}, {key}"), 2),
        (format!(", {key}"), 3),
    ] {
        let guid = read(&keys).unwrap().guid;
        assert_eq!(guid, Some(Guid::new([2, 0, 0, 0, 0, 0, 0, last])), "{keys}");
    }
}

#[test]
fn values_that_cannot_be_are_answered_with_those_that_can() {
    const WRONG: ErrorCode = ErrorCode::InvalidConfiguration;
    for guid in [
        "00:00:00:00:00:00:00:00",
        "ff:ff:ff:ff:ff:ff:ff:ff",
        "03:00:00:00:00:00:00:01",
    ] {
        let words = [guid, "02:00:00:00:00:00:00:01"];
        assert_refused(&format!(r#", "guid": "{guid}""#), WRONG, &words);
        let runtime = format!(r#", "runtimeConfig": {{"infinibandGUID": "{guid}"}}"#);
        assert_refused(&runtime, WRONG, &words);
    }
    for guid in ["02:00", "0200000000000001"] {
        let words = [guid, "02:00:00:00:00:00:00:01"];
        assert_refused(&format!(r#", "guid": "{guid}""#), WRONG, &words);
    }
    let words = ["\"up\"", "\"auto\"", "\"enable\"", "\"disable\""];
    assert_refused(r#", "link_state": "up""#, WRONG, &words);
}

#[test]
fn a_value_of_the_wrong_type_is_named_with_its_key() {
    for (keys, words) in [
        (r#", "guid": 1"#, ["\"guid\"", "1"]),
        (r#", "pkey": true"#, ["\"pkey\"", "true"]),
        (r#", "link_state": true"#, ["\"link_state\"", "true"]),
        (r#", "mtu": "4092""#, ["\"mtu\"", "\"4092\""]),
        (
            r#", "rdmaIsolation": "on""#,
            ["\"rdmaIsolation\"", "\"on\""],
        ),
        (
            r#", "ibKubernetesEnabled": 1"#,
            ["\"ibKubernetesEnabled\"", "1"],
        ),
        (
            r#", "vfioPciMode": "true""#,
            ["\"vfioPciMode\"", "\"true\""],
        ),
        (
            r#", "args": {"cni": {"mellanox.infiniband.app": 1}}"#,
            ["\"args.cni.mellanox.infiniband.app\"", "1"],
        ),
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

#[test]
fn keys_and_arguments_of_others_are_left_alone() {
    let keys = r#", "resourceName": "vendor.com/ib", "capabilities": {"infinibandGUID": true},
        "args": {"cni": {"cpu": 4, "debug": true}}"#;
    read(keys).unwrap();
}
