use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
struct Outer {
    #[serde(default)]
    mtu: u32,
    #[serde(default)]
    offset: i8,
    #[serde(default)]
    trust: bool,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    mode: Mode,
    #[serde(default)]
    ipam: Inner,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Auto,
    Fixed(u8),
    Between {
        low: u8,
        high: u8,
    },
}

#[derive(Debug, Default, PartialEq, Deserialize)]
struct Inner {
    #[serde(default)]
    pools: Vec<String>,
}

fn outer(text: &str) -> Outer {
    read(text).unwrap()
}

fn refusal(text: &str) -> String {
    read::<Outer>(text).unwrap_err().to_string()
}

/// Another reader of JSON has the last word on what a text means.
fn assert_as_serde_json(text: &str) {
    let expected: Value = serde_json::from_str(text).unwrap();
    assert_eq!(read::<Value>(text).unwrap(), expected, "{text}");
    read::<IgnoredAny>(text).unwrap();
}

#[test]
fn every_kind_of_value_is_read() {
    for text in [
        r#"{"a": [1, -2, 0, 18446744073709551615, -9223372036854775808], "b": {"c": {}}, "d": []}"#,
        r#"  [ true , false , null , "x" ]  "#,
        r#"[1.5, -2e3, 0.25E-2, 0, -0.0, 10, 1e+2, 0e1]"#,
        r#""plain""#,
        r#""quote \" slash \\ \/ controls \b\f\n\r\t""#,
        r#""\u00e9 \u20ac \ud83d\ude00 é€😀""#,
        r#"{"": "", "}]\",:{[": "}"}"#,
    ] {
        assert_as_serde_json(text);
    }
}

#[test]
fn malformed_text_is_refused_and_never_a_panic() {
    for text in [
        "",
        "{",
        "[",
        "\"",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,",
        "[1",
        "[1 2]",
        "{\"a\" 1}",
        "\"\\",
        "\"\\u",
        "\"\\u12",
        "\"\\ud800\"",
        "\"\\x\"",
        "nul",
        "-",
        "1 1",
        "[}",
        "}",
        ":",
        "{1: 2}",
        "00",
        "-01",
        "1.",
        "-.5",
        "1e",
        "1e999",
        "-infinity",
        "+1",
        "\u{c}1",
        "\"a\nb\"",
        "\"\\u+123\"",
        "\"\\ud83d\\u0041\"",
        "[01]",
    ] {
        assert!(read::<Value>(text).is_err(), "{text}");
    }
    let text = r#"{"name": "\ud83d\ude00é", "ipam": {"pools": ["a", "b"]}, "mtu": 12, "x": [{}]}"#;
    for (end, _) in text.char_indices() {
        assert!(read::<Outer>(&text[..end]).is_err(), "{}", &text[..end]);
    }
}

#[test]
fn types_are_filled_and_foreign_keys_passed_over() {
    let text = r#"{
        "capabilities": {"mac": true, "ips": [{"a": "}"}, 1.5]},
        "mtu": 9000, "offset": -3, "trust": true, "name": "a\tb",
        "ipam": {"type": "pool", "pools": ["x", "y"]}
    }"#;
    assert_eq!(
        outer(text),
        Outer {
            mtu: 9000,
            offset: -3,
            trust: true,
            name: Some("a\tb".to_owned()),
            mode: Mode::Auto,
            ipam: Inner {
                pools: vec!["x".to_owned(), "y".to_owned()]
            },
        }
    );
    assert_eq!(outer(r#"{"name": null}"#).name, None);
    let map: BTreeMap<String, u8> = read(r#"{"b": 2, "a": 1}"#).unwrap();
    assert_eq!(
        map.into_iter().collect::<Vec<_>>(),
        [("a".to_owned(), 1), ("b".to_owned(), 2)]
    );
}

#[test]
fn variants_are_written_as_a_name_or_as_an_object() {
    assert_eq!(outer(r#"{"mode": "auto"}"#).mode, Mode::Auto);
    assert_eq!(outer(r#"{"mode": {"fixed": 7}}"#).mode, Mode::Fixed(7));
    assert_eq!(
        outer(r#"{"mode": {"between": {"low": 1, "high": 2}}, "mtu": 1}"#).mode,
        Mode::Between { low: 1, high: 2 }
    );
    let message = refusal(r#"{"mode": "sideways"}"#);
    for part in ["key \"mode\"", "`sideways`", "`auto`"] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn a_wrong_value_is_named_with_its_key_and_what_would_be_right() {
    for (text, expected) in [
        (
            r#"{"mtu": "9000"}"#,
            "key \"mtu\": \"9000\" is not a whole number from 0 to 4294967295",
        ),
        (
            r#"{"mtu": -1}"#,
            "key \"mtu\": -1 is not a whole number from 0 to 4294967295",
        ),
        (
            r#"{"mtu": 1.5}"#,
            "key \"mtu\": 1.5 is not a whole number from 0 to 4294967295",
        ),
        (
            r#"{"mtu": 99999999999999999999}"#,
            "key \"mtu\": 99999999999999999999 is not a whole number from 0 to 4294967295",
        ),
        (
            r#"{"offset": 200}"#,
            "key \"offset\": 200 is not a whole number",
        ),
        (
            r#"{"trust": "yes"}"#,
            "key \"trust\": \"yes\" is not true or false",
        ),
        (r#"{"name": 7}"#, "key \"name\": 7 is not a string"),
        (r#"{"ipam": []}"#, "key \"ipam\": a list is not an object"),
        (
            r#"{"ipam": {"pools": {}}}"#,
            "key \"ipam.pools\": an object is not a list",
        ),
        (
            r#"{"ipam": {"pools": ["a", null]}}"#,
            "key \"ipam.pools\": null is not a string",
        ),
        ("[]", "a list is not an object"),
    ] {
        assert_eq!(refusal(text), expected);
    }
}

#[test]
fn a_missing_key_is_named() {
    #[derive(Debug, Deserialize)]
    struct Strict {
        #[allow(dead_code, reason = "only the error is looked at")]
        master: String,
    }
    let error = read::<Strict>("{}").unwrap_err();
    assert!(error.to_string().contains("`master`"), "{error}");
}

#[test]
fn deep_nesting_that_nobody_wants_costs_no_stack() {
    let text = format!(
        "{{\"x\": {}{}, \"mtu\": 5}}",
        "[".repeat(200_000),
        "]".repeat(200_000)
    );
    assert_eq!(outer(&text).mtu, 5);
}
