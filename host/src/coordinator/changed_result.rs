//! The previous plugin's result, as it is after a coordinator's plan: what it says of the interface is true again, for those
//! who read it and for the CHECK of the plugin before.

use serde_json::{Map, Value};

use crate::cni::{Request, Version, keys};
use crate::octets;
use crate::operations::{MoveRoute, Operation};
use crate::plan::Plan;

/// Routes that have moved say their table, or are left out where the version has no word for it, and the interface has its
/// new hardware address.
pub fn of(result: &Map<String, Value>, plan: &Plan, call: &Request) -> Map<String, Value> {
    let mut result = result.clone();
    for operation in plan.operations() {
        match operation {
            Operation::MoveRoute(moved) => {
                move_route(&mut result, moved, call.configuration.version)
            }
            Operation::SetMac(set) => {
                set_mac(&mut result, &call.attachment.interface_name, &set.mac)
            }
            _ => {}
        }
    }
    result
}

fn move_route(result: &mut Map<String, Value>, moved: &MoveRoute, version: Version) {
    let destination = moved.route.destination.to_string();
    let gateway = moved.route.gateway.map(|gateway| gateway.to_string());
    let is_it = |route: &Map<String, Value>| {
        let text = |key: &str| keys::get(route, key).and_then(Value::as_str);
        text("dst") == Some(&destination)
            && text("gw").is_none_or(|text| text.is_empty() || Some(text) == gateway.as_deref())
    };
    let Some(routes) = list(result, "routes") else {
        return;
    };
    routes.retain_mut(|route| match route.as_object_mut() {
        Some(route) if is_it(route) => {
            route.insert("table".into(), moved.table.into());
            version >= Version::V1_1_0
        }
        _ => true,
    });
}

fn set_mac(result: &mut Map<String, Value>, name: &str, mac: &[u8]) {
    let interfaces = list(result, "interfaces").into_iter().flatten();
    for interface in interfaces.filter_map(Value::as_object_mut) {
        let text = |key: &str| keys::get(interface, key).and_then(Value::as_str);
        if text("name") == Some(name) && text("sandbox").is_some_and(|sandbox| !sandbox.is_empty())
        {
            keys::remove(interface, "mac");
            interface.insert("mac".into(), octets::text(mac).into());
        }
    }
}

/// A list of a result, whatever the case of its key.
fn list<'a>(result: &'a mut Map<String, Value>, name: &str) -> Option<&'a mut Vec<Value>> {
    let key = result
        .keys()
        .find(|key| key.eq_ignore_ascii_case(name))?
        .clone();
    result.get_mut(&key)?.as_array_mut()
}
