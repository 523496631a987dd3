//! A result as the reference library holds it: a structure, whose keys have an order of
//! their own and whose empty fields are left out.

use serde_json::Value;

use super::json;
use crate::Version;

const RESULT: &[&str] = &["cniVersion", "interfaces", "ips", "routes", "dns"];
const INTERFACE: &[&str] = &["name", "mac", "mtu", "sandbox", "socketPath", "pciID"];
const ADDRESS_BEFORE_1_0: &[&str] = &["version", "interface", "address", "gateway"];
const ADDRESS: &[&str] = &["interface", "address", "gateway"];
const ROUTE: &[&str] = &["dst", "gw", "mtu", "advmss", "priority", "table", "scope"];
const DNS: &[&str] = &["nameservers", "domain", "search", "options"];

/// Writes the result that a plugin printed as the library hands it to the next call.
pub fn marshal(result: &Value, version: Version) -> String {
    let address = match version < Version::V1_0_0 {
        true => ADDRESS_BEFORE_1_0,
        false => ADDRESS,
    };
    let fields = RESULT.iter().filter_map(|key| {
        let value = &result[*key];
        let text = match *key {
            "interfaces" => list(value, INTERFACE)?,
            "ips" => list(value, address)?,
            "routes" => list(value, ROUTE)?,
            // A structure is never empty for Go.
            "dns" => object(value, DNS),
            _ => plain(value)?,
        };
        Some(format!("\"{key}\":{text}"))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

fn list(value: &Value, order: &[&str]) -> Option<String> {
    let list = value.as_array().filter(|list| !list.is_empty())?;
    let items: Vec<String> = list.iter().map(|item| object(item, order)).collect();
    Some(format!("[{}]", items.join(",")))
}

fn object(value: &Value, order: &[&str]) -> String {
    let fields: Vec<String> = order
        .iter()
        .filter_map(|key| Some(format!("\"{key}\":{}", plain(&value[*key])?)))
        .collect();
    format!("{{{}}}", fields.join(","))
}

/// Nothing for what Go calls empty; a pointer to 0 (`interface`, `table`, `scope`) is not.
fn plain(value: &Value) -> Option<String> {
    let empty = match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        _ => false,
    };
    (!empty).then(|| json::marshal(value))
}
