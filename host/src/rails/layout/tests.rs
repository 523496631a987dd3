use serde_json::{Value, json};

use super::*;
use crate::facts::{Facts, RecordedFacts};

fn rails() -> Rails {
    Rails::default()
}

/// A pod with the interfaces that are given, and their addresses and routes.
fn pod(interfaces: &[(&str, &str, Value)], default: &str, rules: Value) -> RecordedFacts {
    let link = |(index, (name, ..)): (usize, &(&str, &str, Value))| json!({"name": name, "index": index + 2, "mac": "02:00:00:00:00:01", "mtu": 1500});
    let details: serde_json::Map<_, _> = interfaces
        .iter()
        .map(|(name, address, routes)| {
            (
                (*name).to_owned(),
                json!({"addresses": [address, "fe80::1/64"], "routes": routes}),
            )
        })
        .collect();
    let facts = json!({
        "pod": {
            "links": interfaces.iter().enumerate().map(link).collect::<Vec<_>>(),
            "defaultRouteLink": default,
            "details": details,
        },
        "podRules": rules,
    });
    RecordedFacts::parse(facts.to_string().as_bytes()).unwrap()
}

fn cluster() -> (&'static str, &'static str, Value) {
    let routes = json!([
        {"destination": "0.0.0.0/0", "gateway": "169.254.1.1"},
        {"destination": "169.254.1.1/32"},
        {"destination": "fe80::/64"},
    ]);
    ("eth0", "10.233.119.164/32", routes)
}

fn rule(source: &str, table: u32, priority: u32) -> Value {
    json!({"is_ipv6": false, "source": source, "destination": null, "table": table, "priority": priority})
}

fn layout(rails: &Rails, interface: &str, facts: &RecordedFacts) -> Layout {
    Layout::of(rails, interface, facts.pod_routing().unwrap()).unwrap()
}

fn table(interface: &str, facts: &RecordedFacts) -> u32 {
    layout(&rails(), interface, facts).take_rail().table
}

#[test]
fn a_rail_has_the_table_of_its_number_whoever_comes_first() {
    let facts = pod(&[cluster()], "eth0", json!([]));
    assert_eq!(table("net1", &facts), 100);
    assert_eq!(table("net8", &facts), 107);
    assert_eq!(table("net0", &facts), 100);
    assert_eq!(table("rail", &facts), 100);
    assert_eq!(table("x99999", &facts), 100);
}

#[test]
fn a_table_that_somebody_has_is_not_taken() {
    let net1 = json!([{"destination": "0.0.0.0/0", "gateway": "172.16.11.254", "table": 100}]);
    let facts = pod(
        &[cluster(), ("net1", "172.16.11.10/24", net1)],
        "eth0",
        json!([rule("172.16.12.0/24", 101, 7)]),
    );
    assert_eq!(table("rail1", &facts), 102);
    assert_eq!(table("net9", &facts), 108);
}

#[test]
fn tables_of_the_kernel_are_none_of_a_rail() {
    let facts = pod(&[cluster()], "eth0", json!([]));
    assert_eq!(table("net154", &facts), 256);
}

#[test]
fn a_table_that_the_network_states_must_be_free() {
    let stated = Rails {
        table: Some(100),
        ..rails()
    };
    let net1 = json!([{"destination": "0.0.0.0/0", "gateway": "172.16.11.254", "table": 100}]);
    let facts = pod(
        &[cluster(), ("net1", "172.16.11.10/24", net1)],
        "eth0",
        json!([]),
    );
    let error = Layout::of(&stated, "net2", facts.pod_routing().unwrap()).unwrap_err();
    assert!(
        error.message.contains("interface net1 has it"),
        "{}",
        error.message
    );
    assert_eq!(
        layout(&stated, "net1", &facts).take_rail().table,
        100,
        "its own is no other's"
    );
}

#[test]
fn further_interfaces_of_an_attachment_have_further_tables() {
    let facts = pod(&[cluster()], "eth0", json!([]));
    let mut layout = layout(&rails(), "net1", &facts);
    assert_eq!(
        [layout.take_rail().table, layout.take_rail().table],
        [100, 101]
    );
}

#[test]
fn the_interface_of_the_default_route_is_the_primary_one() {
    let facts = pod(&[cluster()], "eth0", json!([]));
    let primary = layout(&rails(), "net1", &facts).primary.unwrap();
    assert_eq!((primary.interface.as_str(), primary.table), ("eth0", 99));
    let routes: Vec<String> = primary.routes.iter().map(Route::to_string).collect();
    assert_eq!(
        routes,
        [
            "169.254.1.1/32 table 99",
            "default (ipv4) via 169.254.1.1 table 99"
        ],
        "what is on the link comes first, and nothing link-local of IPv6"
    );
    let rules: Vec<String> = primary.rules.iter().map(Rule::to_string).collect();
    assert_eq!(rules, ["from 10.233.119.164/32 lookup 99 priority 32764"]);
}

#[test]
fn the_primary_one_stays_it_when_a_rail_gets_the_default_route() {
    let net1 = (
        "net1",
        "172.16.11.10/24",
        json!([{"destination": "0.0.0.0/0", "gateway": "172.16.11.254"}]),
    );
    let rules = json!([
        rule("10.233.119.164/32", 98, 32_764),
        rule("172.16.11.10/32", 100, 32_765)
    ]);
    let facts = pod(&[cluster(), net1.clone()], "net1", rules);
    let primary = layout(&rails(), "net2", &facts).primary.unwrap();
    assert_eq!((primary.interface.as_str(), primary.table), ("eth0", 98));
    // The default route is a rail's, and no rail has made another one the primary: there is none.
    let eth0 = ("eth1", "10.233.119.164/32", json!([]));
    let rules = json!([rule("172.16.11.10/32", 100, 32_765)]);
    let facts = pod(&[eth0, net1], "net1", rules);
    assert_eq!(layout(&rails(), "net2", &facts).primary, None);
}

#[test]
fn a_pod_without_another_interface_has_no_primary_one() {
    let facts = pod(&[], "eth0", json!([]));
    assert_eq!(layout(&rails(), "net1", &facts).primary, None);
}

#[test]
fn an_interface_that_is_still_to_come_is_not_waited_for() {
    let wished = Rails {
        primary: Some("net2".to_owned()),
        ..rails()
    };
    let facts = pod(&[cluster()], "eth0", json!([]));
    assert_eq!(layout(&wished, "net1", &facts).primary, None);
}
