//! Standard input as Go's library writes it. What is expected here follows from the
//! library's types and from the rules of Go's encoding/json.

use cni_conformance::Version;
use cni_conformance::libcni::input::{self, Capability};
use cni_conformance::libcni::json;
use cni_conformance::libcni::result::{self, Library};
use serde_json::{Value, json};

const OLD: Version = Version::V0_4_0;
const NEW: Version = Version::V1_1_0;

fn marshal(result: &Value, version: Version) -> String {
    result::marshal(result, version, Library::Ordered)
}

fn compose(configuration: &Value, previous: Option<&Value>, given: &[Capability]) -> String {
    input::compose(configuration, NEW, previous, given, Library::Ordered)
}

#[test]
fn keys_are_sorted_by_their_bytes() {
    let value = json!({"b": {"z": 1, "A": 2}, "a": [3, {"y": 4, "x": 5}], "B": 6, "_": 7});
    assert_eq!(
        json::marshal(&value),
        r#"{"B":6,"_":7,"a":[3,{"x":5,"y":4}],"b":{"A":2,"z":1}}"#
    );
}

#[test]
fn what_is_dangerous_in_a_web_page_is_escaped() {
    let value = json!({"<k>": "a & b < c > d\u{2028}\u{2029}"});
    assert_eq!(
        json::marshal(&value),
        r#"{"\u003ck\u003e":"a \u0026 b \u003c c \u003e d\u2028\u2029"}"#
    );
}

#[test]
fn other_characters_stay() {
    let value = json!("ä 'x' / \u{7f} \"q\" \\ \n");
    assert_eq!(
        json::marshal(&value),
        "\"ä 'x' / \u{7f} \\\"q\\\" \\\\ \\n\""
    );
}

#[test]
fn a_result_has_the_order_of_the_structure() {
    let printed = json!({
        "dns": {"search": ["b", "a"], "nameservers": ["10.0.0.1"], "options": ["o"], "domain": "d"},
        "routes": [{"gw": "10.0.0.1", "dst": "0.0.0.0/0", "scope": 0, "table": 0, "mtu": 1400}],
        "ips": [{"gateway": "10.0.0.1", "address": "10.0.0.2/24", "interface": 0}],
        "interfaces": [{"sandbox": "/run/netns/a", "mtu": 9000, "mac": "02:00:00:00:00:01", "name": "eth0"}],
        "cniVersion": "1.1.0",
    });
    assert_eq!(
        marshal(&printed, NEW),
        concat!(
            r#"{"cniVersion":"1.1.0","#,
            r#""interfaces":[{"name":"eth0","mac":"02:00:00:00:00:01","mtu":9000,"sandbox":"/run/netns/a"}],"#,
            r#""ips":[{"interface":0,"address":"10.0.0.2/24","gateway":"10.0.0.1"}],"#,
            r#""routes":[{"dst":"0.0.0.0/0","gw":"10.0.0.1","mtu":1400,"table":0,"scope":0}],"#,
            r#""dns":{"nameservers":["10.0.0.1"],"domain":"d","search":["b","a"],"options":["o"]}}"#,
        )
    );
}

#[test]
fn the_version_of_an_address_is_of_the_old_structure_only() {
    let printed = json!({"ips": [{"version": "4", "address": "10.0.0.2/24", "interface": 1}]});
    let old = marshal(&printed, OLD);
    let new = marshal(&printed, NEW);
    assert!(
        old.contains(r#"[{"version":"4","interface":1,"address""#),
        "{old}"
    );
    assert!(new.contains(r#"[{"interface":1,"address""#), "{new}");
}

#[test]
fn what_is_empty_is_left_out_and_dns_never() {
    let printed = json!({
        "cniVersion": "1.1.0", "interfaces": [], "ips": null, "routes": [],
        "dns": {"nameservers": [], "domain": ""},
    });
    assert_eq!(marshal(&printed, NEW), r#"{"cniVersion":"1.1.0","dns":{}}"#);
    assert_eq!(marshal(&json!({}), NEW), r#"{"dns":{}}"#);
}

/// Go's `int`s, unlike its pointers to them, are empty when they are 0.
#[test]
fn numbers_that_are_0_are_left_out() {
    let printed = json!({
        "interfaces": [{"name": "eth0", "mtu": 0}],
        "routes": [{"dst": "0.0.0.0/0", "mtu": 0, "advmss": 0, "priority": 0, "scope": 0}],
    });
    assert_eq!(
        marshal(&printed, NEW),
        r#"{"interfaces":[{"name":"eth0"}],"routes":[{"dst":"0.0.0.0/0","scope":0}],"dns":{}}"#
    );
}

#[test]
fn the_old_structure_of_an_interface_has_three_fields() {
    let printed = json!({"interfaces": [{"name": "a", "mac": "b", "sandbox": "c", "mtu": 9000}]});
    assert_eq!(
        marshal(&printed, OLD),
        r#"{"interfaces":[{"name":"a","mac":"b","sandbox":"c"}],"dns":{}}"#
    );
}

#[test]
fn index_0_stays_and_no_index_stays_away() {
    let printed = json!({"ips": [
        {"address": "10.0.0.2/24", "interface": 0},
        {"address": "10.0.0.3/24", "gateway": ""},
    ]});
    let text = marshal(&printed, NEW);
    assert!(
        text.contains(r#"{"interface":0,"address":"10.0.0.2/24"}"#),
        "{text}"
    );
    assert!(text.contains(r#"{"address":"10.0.0.3/24"}"#), "{text}");
}

#[test]
fn what_the_structure_does_not_have_is_lost() {
    let printed = json!({"acme": 1, "interfaces": [{"name": "eth0", "acme": 2}]});
    assert!(!marshal(&printed, NEW).contains("acme"));
}

#[test]
fn the_library_adds_the_version_and_sorts_the_configuration() {
    let configuration =
        json!({"type": "t", "name": "n", "cniVersion": "0.4.0", "ipam": {"type": "i"}});
    assert_eq!(
        compose(&configuration, None, &[]),
        r#"{"cniVersion":"1.1.0","ipam":{"type":"i"},"name":"n","type":"t"}"#
    );
}

#[test]
fn the_previous_result_keeps_the_order_of_its_structure() {
    let configuration = json!({"name": "n", "type": "t"});
    let previous =
        json!({"ips": [{"gateway": "10.0.0.1", "address": "10.0.0.2/24"}], "cniVersion": "1.1.0"});
    assert_eq!(
        compose(&configuration, Some(&previous), &[]),
        concat!(
            r#"{"cniVersion":"1.1.0","name":"n","prevResult":{"cniVersion":"1.1.0","#,
            r#""ips":[{"address":"10.0.0.2/24","gateway":"10.0.0.1"}],"dns":{}},"type":"t"}"#,
        )
    );
}

#[test]
fn with_capabilities_the_previous_result_is_sorted_as_well() {
    let configuration = json!({"name": "n", "type": "t", "capabilities": {"mac": true}});
    let previous =
        json!({"ips": [{"interface": 0, "address": "10.0.0.2/24"}], "cniVersion": "1.1.0"});
    let given = [("mac", r#""02:00:00:00:00:01""#)];
    assert_eq!(
        compose(&configuration, Some(&previous), &given),
        concat!(
            r#"{"capabilities":{"mac":true},"cniVersion":"1.1.0","name":"n","#,
            r#""prevResult":{"cniVersion":"1.1.0","dns":{},"#,
            r#""ips":[{"address":"10.0.0.2/24","interface":0}]},"#,
            r#""runtimeConfig":{"mac":"02:00:00:00:00:01"},"type":"t"}"#,
        )
    );
}

#[test]
fn only_capabilities_that_are_true_are_given_and_the_key_stays() {
    let configuration = json!({
        "name": "n",
        "capabilities": {"mac": false, "ips": "true", "portMappings": true},
    });
    let given = [("mac", r#""m""#), ("ips", r#"["i"]"#), ("bandwidth", "{}")];
    let text = compose(&configuration, None, &given);
    assert!(!text.contains("runtimeConfig"), "{text}");
    assert!(text.contains(r#""capabilities":{"ips":"true","#), "{text}");
    let given = [("mac", r#""m""#), ("portMappings", "[]")];
    let text = compose(&configuration, None, &given);
    assert!(
        text.contains(r#""runtimeConfig":{"portMappings":[]}"#),
        "{text}"
    );
}

#[test]
fn annotations_are_escaped_in_the_input() {
    let configuration = json!({"name": "n", "capabilities": {"a": true}});
    let given = [("a", r#"{"k":"<a & b>"}"#)];
    let text = compose(&configuration, None, &given);
    assert!(text.contains(r#"\u003ca \u0026 b\u003e"#), "{text}");
    let decoded: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(decoded["runtimeConfig"]["a"]["k"], "<a & b>");
}
