use plumb_sdk::operations::{VirtualFunctionLinkState, VlanProtocol, VlanTag};
use plumb_sdk::testing::request;
use plumb_sdk::{ErrorCode, Mac};

use super::*;

/// The keys after the type.
fn read(keys: &str) -> Result<Configuration, Error> {
    Configuration::read(&request(&format!(r#"{{"type": "sriov"{keys}}}"#)))
}

fn sriov(keys: &str) -> Sriov {
    match read(keys).unwrap() {
        Configuration::Sriov(sriov) => *sriov,
        Configuration::Rdma(_) => panic!("a chained plugin was read"),
    }
}

#[track_caller]
fn assert_refused(keys: &str, words: &[&str]) {
    let error = read(keys).unwrap_err();
    error.assert_says(ErrorCode::InvalidConfiguration, words);
}

#[test]
fn what_is_not_said_stays_as_it_is() {
    let configuration = sriov("");
    assert_eq!(configuration.settings, VirtualFunctionSettings::default());
    assert_eq!(configuration.mtu, None);
    assert_eq!(configuration.isolation, None);

    let empty = sriov(
        r#", "mac": "", "spoofchk": "", "trust": "", "link_state": "", "vlanProto": "", "mtu": 0"#,
    );
    assert_eq!(empty.settings, VirtualFunctionSettings::default());
    assert_eq!(empty.mtu, None);
}

#[test]
fn every_setting_of_a_virtual_function_can_be_asked_for() {
    let configuration = sriov(
        r#", "vlan": 100, "vlanQoS": 3, "vlanProto": "802.1ad", "MAC": "02:00:00:00:00:AA",
            "spoofchk": "off", "trust": "on", "link_state": "enable",
            "min_tx_rate": 100, "max_tx_rate": 200, "mtu": 9000"#,
    );
    assert_eq!(
        configuration.settings,
        VirtualFunctionSettings {
            mac: Some(Mac::new([2, 0, 0, 0, 0, 0xaa])),
            vlan: Some(VlanTag {
                id: 100,
                priority: 3,
                protocol: VlanProtocol::Ad,
            }),
            minimum_rate: Some(100),
            maximum_rate: Some(200),
            spoof_check: Some(false),
            trust: Some(true),
            link_state: Some(VirtualFunctionLinkState::Enable),
            ..Default::default()
        }
    );
    assert_eq!(configuration.mtu, Some(9000));
}

#[test]
fn the_kind_comes_from_the_type_or_from_its_own_key() {
    for (text, chained) in [
        (r#"{"type": "sriov"}"#, false),
        (r#"{"type": "rdma"}"#, true),
        (r#"{"type": "rdma", "kind": "rdma"}"#, true),
        (r#"{"type": "plumb", "flavour": "sriov-rdma"}"#, false),
        (r#"{"type": "plumb", "kind": "rdma"}"#, true),
    ] {
        let read = Configuration::read(&request(text)).unwrap();
        assert_eq!(matches!(read, Configuration::Rdma(_)), chained, "{text}");
    }
    assert_refused(
        r#", "kind": "rdma""#,
        &["\"rdma\" contradicts", "\"sriov\""],
    );
    let words = ["\"vf\"", "\"sriov\"", "\"rdma\""];
    assert_refused(r#", "kind": "vf""#, &words);
}

#[test]
fn the_runtimes_hardware_address_goes_first() {
    let runtime =
        sriov(r#", "mac": "02:00:00:00:00:aa", "runtimeConfig": {"mac": "02:00:00:00:00:bb"}"#);
    let expected = Mac::new([2, 0, 0, 0, 0, 0xbb]);
    assert_eq!(runtime.settings.mac, Some(expected));
}

#[test]
fn unknown_words_are_answered_with_the_known_ones() {
    assert_refused(
        r#", "spoofchk": "yes""#,
        &["spoofchk", "\"yes\"", "\"on\"", "\"off\""],
    );
    assert_refused(
        r#", "trust": "ON""#,
        &["trust", "\"ON\"", "\"on\"", "\"off\""],
    );
    assert_refused(
        r#", "link_state": "up""#,
        &[
            "link_state",
            "\"up\"",
            "\"auto\"",
            "\"enable\"",
            "\"disable\"",
        ],
    );
    assert_refused(r#", "mac": "02:00""#, &["\"02:00\"", "02:00:00:00:00:01"]);
    assert_refused(
        r#", "mac": "01:00:00:00:00:01""#,
        &["01:00:00:00:00:01", "even"],
    );
    assert_refused(r#", "vlan": 4095"#, &["4095", "0 to 4094"]);
    assert_refused(r#", "vlan": 1, "vlanQoS": 8"#, &["8", "0 to 7"]);
    assert_refused(r#", "vlan": 1, "vlanProto": "q""#, &["\"q\"", "802.1ad"]);
}

#[test]
fn a_minimum_rate_above_the_maximum_is_refused() {
    assert_refused(
        r#", "min_tx_rate": 300, "max_tx_rate": 200"#,
        &["min_tx_rate", "300", "max_tx_rate", "200"],
    );
    for keys in [
        r#", "min_tx_rate": 200, "max_tx_rate": 200"#,
        r#", "min_tx_rate": 300, "max_tx_rate": 0"#,
        r#", "min_tx_rate": 300"#,
    ] {
        sriov(keys);
    }
}

#[test]
fn a_value_of_the_wrong_type_is_named_with_its_key() {
    for (keys, words) in [
        (r#", "vlan": "100""#, ["\"vlan\"", "\"100\""]),
        (r#", "vlan": 1.5"#, ["\"vlan\"", "1.5"]),
        (r#", "vlanQoS": "3""#, ["\"vlanQoS\"", "\"3\""]),
        (r#", "vlan": 1, "vlanProto": 8"#, ["\"vlanProto\"", "8"]),
        (r#", "mtu": "9000""#, ["\"mtu\"", "\"9000\""]),
        (r#", "min_tx_rate": -1"#, ["\"min_tx_rate\"", "-1"]),
        (r#", "max_tx_rate": "1""#, ["\"max_tx_rate\"", "\"1\""]),
        (r#", "trust": true"#, ["\"trust\"", "true"]),
        (r#", "spoofchk": false"#, ["\"spoofchk\"", "false"]),
        (r#", "link_state": 1"#, ["\"link_state\"", "1"]),
        (r#", "mac": 2"#, ["\"mac\"", "2"]),
        (r#", "rdmaIsolation": 1"#, ["\"rdmaIsolation\"", "1"]),
        (
            r#", "allowSharedRDMA": "no""#,
            ["\"allowSharedRDMA\"", "\"no\""],
        ),
        (r#", "rdmaDeviceName": 1"#, ["\"rdmaDeviceName\"", "1"]),
    ] {
        assert_refused(keys, &words);
    }
}

#[test]
fn keys_of_other_plugins_are_left_alone() {
    sriov(r#", "resourceName": "vendor.com/rail1", "capabilities": {"mac": true}, "vf": 3"#);
}
