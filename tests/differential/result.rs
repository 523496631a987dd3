//! What a result says, whatever the order of its keys: lines to compare.

use std::collections::BTreeMap;

use cni_harness::Pod;
use serde_json::Value;

use super::state::Cards;

/// Reads a result.
///
/// The orders that mean something stay: `interfaces` are referred to by number, the first
/// of `ips` is the pod's for many a runtime, name servers are asked in order. That of
/// `routes` means nothing. An empty `dns` is none.
pub fn lines(result: &Value, pod: &Pod, cards: &Cards) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::new();
    let mut result = result.clone();
    for (number, mut interface) in take(&mut result, "interfaces").into_iter().enumerate() {
        if let Some(address) = interface["mac"].as_str() {
            interface["mac"] = cards.whose(address).into();
        }
        if interface["sandbox"] == pod.path() {
            interface["sandbox"] = "that of the pod".into();
        }
        let mtu = interface
            .as_object_mut()
            .and_then(|keys| keys.remove("mtu"));
        lines.extend(mtu.map(|mtu| {
            let key = format!("result: interface {number} mtu");
            (key, mtu.to_string())
        }));
        lines.insert(format!("result: interface {number}"), interface.to_string());
    }
    for (number, ip) in take(&mut result, "ips").into_iter().enumerate() {
        lines.insert(format!("result: ip {number}"), ip.to_string());
    }
    for mut route in take(&mut result, "routes") {
        let destination = route["dst"].take();
        let gateway = route["gw"].take();
        let known = format!("result: route {}", destination.as_str().unwrap_or("?"));
        let taken = lines.keys().filter(|key| key.starts_with(&known)).count();
        // A number distinguishes two routes to one place.
        let key = if taken == 0 {
            known
        } else {
            format!("{known} ({taken})")
        };
        let rest: Vec<String> = route
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| format!(", {key} {value}"))
            .collect();
        let gateway = gateway.as_str().unwrap_or("none");
        lines.insert(key, format!("gw {gateway}{}", rest.concat()));
    }
    if let Some(keys) = result.as_object_mut() {
        keys.retain(|_, value| !is_empty(value));
        for (key, value) in keys {
            lines.insert(format!("result: {key}"), value.to_string());
        }
    }
    lines
}

fn take(result: &mut Value, key: &str) -> Vec<Value> {
    match result.get_mut(key).map(Value::take) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(|members| members.is_empty())
}
