//! The `ipam` of a network, drawn at random.

use plumb_tests::configuration::with;
use plumb_tests::dice::Dice;
use serde_json::{Value, json};

use super::surroundings::{NETWORKS, NETWORKS6};

/// What an interface gets that must have an address.
pub const ADDRESS: &str = "10.4.0.5/24";

/// An address of static, its gateway, and a next hop that it reaches.
const FIXED: [(&str, &str, &str); 7] = [
    (ADDRESS, "10.4.0.1", "10.4.0.9"),
    ("10.4.0.6/24", "", "10.4.0.7"),
    ("10.5.0.5/16", "10.5.0.1", "10.5.0.9"),
    ("10.70.0.9/24", "", "10.70.0.1"),
    ("10.4.1.5/32", "", ""),
    ("fd00:4::5/64", "fd00:4::1", "fd00:4::9"),
    ("fd00:70::9/64", "", "fd00:70::1"),
];

/// None for an interface without addresses. What the runtime says is added to `CNI_ARGS`.
pub fn ipam(dice: &mut Dice, has_ipv6: bool, arguments: &mut String) -> Option<Value> {
    match dice.below(8) {
        0 => None,
        1 => Some(json!({})),
        2..=4 => Some(fixed(dice, has_ipv6, arguments)),
        _ => Some(host_local(dice, has_ipv6, arguments)),
    }
}

fn fixed(dice: &mut Dice, has_ipv6: bool, arguments: &mut String) -> Value {
    let mut menu = FIXED.to_vec();
    menu.retain(|(address, ..)| has_ipv6 || !address.contains(':'));
    let mut addresses = Vec::new();
    let mut hops = Vec::new();
    for _ in 0..=dice.below(3) {
        let number = dice.below(menu.len() as u64);
        let (address, gateway, hop) = menu.remove(usize::try_from(number).unwrap_or_default());
        let address = json!({"address": address});
        addresses.push(match gateway.is_empty() || dice.below(3) == 0 {
            true => address,
            false => with(address, json!({"gateway": gateway})),
        });
        hops.extend((!hop.is_empty()).then_some(hop));
    }
    if dice.below(8) == 0 {
        *arguments += ";IP=10.4.0.79/24;GATEWAY=10.4.0.1";
    }
    let mut ipam = json!({"type": "static", "addresses": addresses});
    ipam["routes"] = routes(dice, &hops);
    if dice.below(6) == 0 {
        ipam["dns"] = json!({"nameservers": ["10.0.0.54"]});
    }
    ipam
}

fn host_local(dice: &mut Dice, has_ipv6: bool, arguments: &mut String) -> Value {
    let v4 = match dice.below(3) {
        0 => json!({"subnet": "10.2.0.0/22"}),
        1 => json!({
            "subnet": "10.2.0.0/22", "gateway": "10.2.0.254",
            "rangeStart": "10.2.0.100", "rangeEnd": "10.2.0.110",
        }),
        _ => json!({"subnet": "10.2.0.0/22", "rangeStart": "10.2.3.0", "gateway": "10.2.0.1"}),
    };
    let v6 = json!({"subnet": "fd00:2::/64"});
    let another = json!({"subnet": "10.70.0.0/24", "rangeStart": "10.70.0.50"});
    let ranges = |ranges: Value| json!({"type": "host-local", "ranges": ranges});
    let (mut ipam, hops) = match dice.below(if has_ipv6 { 6 } else { 3 }) {
        0 => (with(json!({"type": "host-local"}), v4), vec!["10.2.0.9"]),
        1 => (ranges(json!([[v4]])), vec!["10.2.0.9"]),
        2 => (
            ranges(json!([[v4], [another]])),
            vec!["10.2.0.9", "10.70.0.1"],
        ),
        3 => (with(json!({"type": "host-local"}), v6), vec!["fd00:2::9"]),
        4 => (ranges(json!([[v4], [v6]])), vec!["10.2.0.9", "fd00:2::9"]),
        _ => (ranges(json!([[v6], [v4]])), vec!["10.2.0.9", "fd00:2::9"]),
    };
    ipam["routes"] = routes(dice, &hops);
    if dice.below(8) == 0 {
        *arguments += ";IP=10.2.0.105";
    }
    ipam
}

/// Mostly by next hops that are reached, to places that others lead to.
fn routes(dice: &mut Dice, hops: &[&str]) -> Value {
    let mut routes = Vec::new();
    for _ in 0..dice.below(5) {
        let (networks, hop): (&[&str], _) = match hops.is_empty() {
            true => (&NETWORKS, "10.4.0.9"),
            false => match *dice.one_of(hops) {
                hop if hop.contains(':') => (&NETWORKS6, hop),
                hop => (&NETWORKS, hop),
            },
        };
        let mut route = json!({"dst": *dice.one_of(networks)});
        if dice.below(2) == 0 && !hops.is_empty() || dice.below(20) == 0 {
            route["gw"] = hop.into();
        }
        if dice.below(4) == 0 {
            route["priority"] = (*dice.one_of(&[0, 50, 1024])).into();
        }
        if dice.below(6) == 0 {
            route["table"] = (*dice.one_of(&[50, 254, 1000])).into();
        }
        if dice.below(8) == 0 {
            route["scope"] = (*dice.one_of(&[0, 253])).into();
        }
        if dice.below(8) == 0 {
            route["mtu"] = 1400.into();
            route["advmss"] = 1360.into();
        }
        routes.push(route);
    }
    routes.into()
}
