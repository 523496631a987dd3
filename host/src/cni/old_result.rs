//! What ADD prints in 0.1.0 and 0.2.0: one address of each family, with the routes of that family,
//! and no interfaces (CNI specification 0.2.0, "Result").

use ipnetwork::IpNetwork;
use serde_json::{Map, Value};

use super::result::{Attached, route};
use super::{Version, keys};

/// The families by their keys.
const FAMILIES: [(&str, IsOfFamily); 2] =
    [("ip4", IpNetwork::is_ipv4), ("ip6", IpNetwork::is_ipv6)];

type IsOfFamily = fn(&IpNetwork) -> bool;

/// Adds what was attached to a result. An address that is there stays; of several the first has room.
pub fn add(result: &mut Map<String, Value>, version: Version, attached: &Attached) {
    for (key, is_of_family) in FAMILIES {
        let mut family = match keys::remove(result, key) {
            Some(Value::Object(family)) => family,
            _ => Map::new(),
        };
        let first = attached
            .addresses
            .iter()
            .find(|address| is_of_family(&address.address));
        if let Some(address) = first.filter(|_| family.is_empty()) {
            family.insert("ip".into(), address.address.to_string().into());
            if let Some(gateway) = address.gateway {
                family.insert("gateway".into(), gateway.to_string().into());
            }
        }
        // Routes have no place but beside an address.
        if family.is_empty() {
            continue;
        }
        let mut routes = match keys::remove(&mut family, "routes") {
            Some(Value::Array(routes)) => routes,
            _ => Vec::new(),
        };
        let of_family = attached
            .routes
            .iter()
            .filter(|route| is_of_family(&route.destination));
        routes.extend(of_family.map(|item| route(version, item)));
        if !routes.is_empty() {
            family.insert("routes".into(), routes.into());
        }
        result.insert(key.into(), family.into());
    }
}

/// Takes the addresses and the routes of this layout out of a result, as items of the lists that later ones have.
pub fn take(result: &mut Map<String, Value>, version: Version) -> [Vec<Value>; 2] {
    let mut lists = [Vec::new(), Vec::new()];
    let [addresses, routes] = &mut lists;
    for (key, family) in ["ip4", "ip6"].into_iter().zip(["4", "6"]) {
        let Some(Value::Object(mut item)) = keys::remove(result, key) else {
            continue;
        };
        if let Some(Value::Array(of_family)) = keys::remove(&mut item, "routes") {
            routes.extend(of_family);
        }
        if let Some(address) = keys::remove(&mut item, "ip") {
            item.insert("address".into(), address);
        }
        if version < Version::V1_0_0 {
            item.insert("version".into(), family.into());
        }
        addresses.push(item.into());
    }
    lists
}

/// The addresses that have no room.
pub fn without_room(attached: &Attached) -> Vec<String> {
    FAMILIES
        .iter()
        .flat_map(|(_, is_of_family)| {
            let of_family = attached
                .addresses
                .iter()
                .filter(|address| is_of_family(&address.address));
            of_family.skip(1)
        })
        .map(|address| address.address.to_string())
        .collect()
}
