//! A result as the reference library holds it: a structure, whose keys have an order of
//! their own and whose empty fields are left out.

use serde_json::Value;

use super::json;
use crate::Version;

const RESULT: &[&str] = &["cniVersion", "interfaces", "ips", "routes", "dns"];
const INTERFACE_BEFORE_1_0: &[&str] = &["name", "mac", "sandbox"];
const INTERFACE: &[&str] = &["name", "mac", "mtu", "sandbox", "socketPath", "pciID"];
const ADDRESS_BEFORE_1_0: &[&str] = &["version", "interface", "address", "gateway"];
const ADDRESS: &[&str] = &["interface", "address", "gateway"];
const ROUTE: &[&str] = &["dst", "gw", "mtu", "advmss", "priority", "table", "scope"];
const DNS: &[&str] = &["nameservers", "domain", "search", "options"];

/// How a release of the library writes a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Library {
    /// Up to 1.1: in the order of the structure, with an empty `dns`.
    Ordered,
    /// From 1.2 on: through a map, to leave an empty `dns` out, so that the keys are sorted.
    Sorted,
}

/// Writes the result that a plugin printed as the library hands it to the next call.
pub fn marshal(result: &Value, version: Version, library: Library) -> String {
    let (interface, address) = match version < Version::V1_0_0 {
        true => (INTERFACE_BEFORE_1_0, ADDRESS_BEFORE_1_0),
        false => (INTERFACE, ADDRESS),
    };
    let fields = RESULT.iter().filter_map(|key| {
        let value = &result[*key];
        let text = match *key {
            "interfaces" => list(value, interface)?,
            "ips" => list(value, address)?,
            "routes" => list(value, ROUTE)?,
            // A structure is never empty for Go.
            "dns" => object(value, DNS),
            _ => plain(key, value)?,
        };
        let left_out = library == Library::Sorted && text == "{}";
        (!left_out).then(|| format!("\"{key}\":{text}"))
    });
    let ordered = format!("{{{}}}", fields.collect::<Vec<_>>().join(","));
    match library {
        Library::Ordered => ordered,
        Library::Sorted => json::sort(&ordered),
    }
}

fn list(value: &Value, order: &[&str]) -> Option<String> {
    let list = value.as_array().filter(|list| !list.is_empty())?;
    let items: Vec<String> = list.iter().map(|item| object(item, order)).collect();
    Some(format!("[{}]", items.join(",")))
}

fn object(value: &Value, order: &[&str]) -> String {
    let fields: Vec<String> = order
        .iter()
        .filter_map(|key| Some(format!("\"{key}\":{}", plain(key, &value[*key])?)))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// Nothing for what Go calls empty. These are pointers, whose 0 is not.
fn plain(key: &str, value: &Value) -> Option<String> {
    const POINTERS: [&str; 3] = ["interface", "table", "scope"];
    let empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Number(number) => number.as_u64() == Some(0) && !POINTERS.contains(&key),
        _ => false,
    };
    (!empty).then(|| json::marshal(value))
}
