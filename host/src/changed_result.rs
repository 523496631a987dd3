//! The previous plugin's result, as it is after the plan of a plugin that works on its interface: what it says of it is true
//! again, for those who read it and for the CHECK of the plugin before.

use serde_json::{Map, Value};

use crate::cni::{Request, Version, keys};
use crate::octets;
use crate::operations::{LinkNumber, MoveRoute, Operation, Reversible};
use crate::plan::Plan;

/// Routes that have moved say their table, or are left out where the version has no word for it, and the interface has its
/// new hardware address and MTU.
pub fn of(result: &Map<String, Value>, plan: &Plan, call: &Request) -> Map<String, Value> {
    let mut result = result.clone();
    let version = call.configuration.version;
    let name = |link: LinkNumber| {
        let mut used = plan.operations().filter_map(Reversible::uses_link);
        let found = used.find(|(number, ..)| *number == link);
        found.map_or(call.attachment.interface_name.as_str(), |(_, name, _)| name)
    };
    for operation in plan.operations() {
        match operation {
            Operation::MoveRoute(moved) => move_route(&mut result, moved, version),
            Operation::SetMac(new) => {
                set(
                    &mut result,
                    name(new.link),
                    "mac",
                    octets::text(&new.mac).into(),
                );
            }
            Operation::SetMtu(new) if version >= Version::V1_1_0 => {
                set(&mut result, name(new.link), "mtu", new.mtu.into());
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

/// What the result says of an interface of the pod.
fn set(result: &mut Map<String, Value>, name: &str, key: &str, value: Value) {
    let interfaces = list(result, "interfaces").into_iter().flatten();
    for interface in interfaces.filter_map(Value::as_object_mut) {
        let text = |key: &str| keys::get(interface, key).and_then(Value::as_str);
        if text("name") == Some(name) && text("sandbox").is_some_and(|sandbox| !sandbox.is_empty())
        {
            keys::remove(interface, key);
            interface.insert(key.into(), value.clone());
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
