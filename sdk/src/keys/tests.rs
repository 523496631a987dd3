//! Keys as users write them, what they become, and what is said where that cannot be.

use super::*;
use crate::testing::request;
use crate::{Error, ErrorCode, IpNetwork, Mac};

#[derive(Debug, PartialEq, plumb_sdk_macros::Keys)]
struct Rail {
    /// The interface of the node
    /// below the pod's.
    ///
    /// More about it.
    master: String,
    rdma_device: Option<String>,
    #[keys(absent_when_zero)]
    mtu: Option<u32>,
    #[keys(name = "vlanQoS", default)]
    priority: u8,
    #[keys(name = "min_tx_rate", default = 100)]
    rate: u32,
    #[keys(default)]
    mode: Mode,
    #[keys(default)]
    neighbours: Vec<(std::net::IpAddr, Mac)>,
    #[keys(parse = on_or_off)]
    trust: Option<bool>,
    #[keys(default)]
    ipam: Ipam,
    #[keys(flatten)]
    table: Table,
}

#[derive(Debug, Default, PartialEq, plumb_sdk_macros::Keys)]
enum Mode {
    #[default]
    Bridge,
    #[keys(name = "802.1q")]
    Tagged,
}

#[derive(Debug, Default, PartialEq, plumb_sdk_macros::Keys)]
struct Ipam {
    subnet: Option<IpNetwork>,
    #[keys(default)]
    pools: Vec<String>,
}

#[derive(Debug, PartialEq, plumb_sdk_macros::Keys)]
struct Table {
    #[keys(default = 254)]
    table: u32,
}

fn on_or_off(text: &str) -> Result<bool, &'static str> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("is neither \"on\" nor \"off\""),
    }
}

fn rail(configuration: &str) -> Result<Rail, Error> {
    request(configuration).keys()
}

#[track_caller]
fn assert_refused(configuration: &str, words: &[&str]) {
    rail(configuration)
        .unwrap_err()
        .assert_says(ErrorCode::InvalidConfiguration, words);
}

#[test]
fn a_key_is_found_however_it_is_written() {
    for device in [
        "rdmaDevice",
        "RDMADevice",
        "rdmadevice",
        "rdma_device",
        "RDMA_device",
    ] {
        for rate in ["min_tx_rate", "minTxRate", "MIN_TX_RATE"] {
            for priority in ["vlanQoS", "vlanqos", "VLANQOS"] {
                let keys = rail(&format!(
                    r#"{{"Master": "ens6", "{device}": "mlx5_0", "{rate}": 7, "{priority}": 3, "TABLE": 101}}"#
                ));
                let keys = keys.unwrap();
                assert_eq!(keys.master, "ens6");
                assert_eq!(keys.rdma_device.as_deref(), Some("mlx5_0"), "{device}");
                assert_eq!((keys.rate, keys.priority), (7, 3), "{rate} {priority}");
                assert_eq!(keys.table.table, 101);
            }
        }
    }
}

#[test]
fn what_is_not_said_has_its_default_and_other_keys_are_left_alone() {
    let expected = Rail {
        master: "ens6".to_owned(),
        rdma_device: None,
        mtu: None,
        priority: 0,
        rate: 100,
        mode: Mode::Bridge,
        neighbours: Vec::new(),
        trust: None,
        ipam: Ipam::default(),
        table: Table { table: 254 },
    };
    for more in [
        "",
        r#", "rdmaDevice": "", "mtu": 0, "trust": "", "mode": """#,
        r#", "rdmaDevice": null, "cniVersion": "1.0.0", "other": {"master": [1, {"x": "]"}]}"#,
    ] {
        let keys = rail(&format!(r#"{{"master": "ens6"{more}}}"#)).unwrap();
        assert_eq!(keys, expected, "{more}");
    }
}

#[test]
fn every_kind_of_value_is_read() {
    let keys = rail(
        r#"{"neighbours": [["10.0.0.9", "02:00:00:00:00:09"], ["fd00::9", "0200.0000.000a"]],
            "ipam": {"subnet": "10.0.0.5/24", "pools": ["a", ""]}, "trust": "off", "mode": "802.1q",
            "mtu": 9000, "master": "h\u00e4 \"x\""}"#,
    )
    .unwrap();
    assert_eq!(keys.master, "hä \"x\"");
    assert_eq!(keys.neighbours[1].1, Mac::new([2, 0, 0, 0, 0, 0x0a]));
    assert_eq!(keys.ipam.subnet.unwrap().to_string(), "10.0.0.5/24");
    assert_eq!(keys.ipam.pools, ["a", ""]);
    assert_eq!((keys.trust, keys.mtu), (Some(false), Some(9000)));
    assert_eq!(keys.mode, Mode::Tagged);
}

#[test]
fn what_cannot_be_is_named_with_its_key_and_what_would_be_right() {
    let missing = "network configuration: key \"master\": it is missing, and must be a text: the interface of \
                   the node below the pod's";
    assert_refused("{}", &[missing]);
    assert_refused(r#"{"master": ""}"#, &[missing]);
    for (key, value, words) in [
        (
            "mtu",
            r#""9000""#,
            r#"key "mtu": "9000" is not a whole number from 0 to 4294967295"#,
        ),
        ("mtu", "-1", "-1 is not a whole number from 0"),
        ("mtu", "1.5", "1.5 is not"),
        (
            "vlanQoS",
            "256",
            r#"key "vlanQoS": 256 is not a whole number from 0 to 255"#,
        ),
        (
            "mode",
            r#""bond""#,
            r#"key "mode": "bond" is not "bridge" or "802.1q""#,
        ),
        (
            "trust",
            r#""yes""#,
            r#"key "trust": "yes" is neither "on" nor "off""#,
        ),
        ("trust", "true", r#"key "trust": true is not a text"#),
        (
            "neighbours",
            r#"[["10.0.0.9"]]"#,
            r#"key "neighbours": a list of 1 is not a list of two"#,
        ),
        (
            "neighbours",
            r#"[["10.0.0.9", "02"]]"#,
            r#""02" is not six bytes"#,
        ),
        (
            "ipam",
            r#"{"subnet": "10.0.0.0"}"#,
            r#"key "ipam.subnet": "10.0.0.0" is not an address with"#,
        ),
        (
            "ipam",
            r#"{"pools": "a"}"#,
            r#"key "ipam.pools": "a" is not a list"#,
        ),
        ("ipam", "[]", r#"key "ipam": a list is not an object"#),
        ("table", "{}", r#"key "table": an object is not"#),
    ] {
        assert_refused(
            &format!(r#"{{"master": "ens6", "{key}": {value}}}"#),
            &[words],
        );
    }
    assert_refused(
        r#"{"master": "ens6", "rdmaDevice": "a", "rdma_device": "b"}"#,
        &["key \"rdmaDevice\": it is there twice, in two spellings"],
    );
}

#[test]
fn text_that_is_no_json_is_refused() {
    for text in [
        "",
        "{",
        "[]",
        r#"{"master"}"#,
        r#"{"master": "ens6"} x"#,
        r#"{"master": "ens6", }"#,
    ] {
        let broken = request("{}").with_configuration_text(text);
        assert!(broken.keys::<Rail>().is_err(), "{text:?}");
    }
}

#[test]
fn a_policy_reads_the_object_that_names_it() {
    let read = |text: &str| request(text).policy_keys::<Ipam>();
    let keys = read(r#"{"pools": ["a"], "ipam": {"type": "acme", "Pools": ["b"]}}"#).unwrap();
    assert_eq!(keys.pools, ["b"]);
    assert_eq!(read("{}").unwrap(), Ipam::default());
    let error = read(r#"{"ipam": {"subnet": "x"}}"#).unwrap_err();
    error.assert_says(
        ErrorCode::InvalidConfiguration,
        &["key \"ipam.subnet\": \"x\""],
    );
    let error = request("{}").policy_keys::<Required>().unwrap_err();
    error.assert_says(
        ErrorCode::InvalidConfiguration,
        &["key \"ipam.subnet\": it is missing"],
    );
}

#[derive(Debug, plumb_sdk_macros::Keys)]
struct Required {
    #[allow(dead_code, reason = "it is only required")]
    subnet: IpNetwork,
}

#[test]
fn the_schema_says_what_is_read() {
    let schema = crate::declaration::Declaration {
        name: "",
        version: "",
        authors: "",
        description: "",
        operations: &[],
        parents: &[],
        functions: &[],
        keys: Some(&<Rail as Value>::SCHEMA),
    };
    let schema: serde_json::Value = serde_json::from_str(&schema.to_json()).unwrap();
    let number =
        |maximum: u32| serde_json::json!({"type": "integer", "minimum": 0, "maximum": maximum});
    let text = serde_json::json!({"type": "string"});
    let title = |what: &str| serde_json::json!({"type": "string", "title": what});
    assert_eq!(
        schema["keys"],
        serde_json::json!({
            "type": "object",
            "properties": {
                "master": {"type": "string", "description": "The interface of the node below the pod's."},
                "rdmaDevice": text, "mtu": number(u32::MAX), "vlanQoS": number(255),
                "min_tx_rate": number(u32::MAX), "mode": {"enum": ["bridge", "802.1q"]},
                "neighbours": {"type": "array", "items": {
                    "type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [
                        title("an IP address, as in 10.0.0.5 or fd00::5"),
                        title("six bytes in hexadecimal, as in 02:00:00:00:00:01")]}},
                "trust": text,
                "ipam": {"type": "object", "properties": {
                    "subnet": title("an address with the length of its prefix, as in 10.0.0.5/24"),
                    "pools": {"type": "array", "items": text}}},
                "table": number(u32::MAX)
            },
            "required": ["master"]
        })
    );
}
