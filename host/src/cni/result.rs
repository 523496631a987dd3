//! What ADD prints, in the layout of each version (CNI specification, section 5).

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use serde_json::{Map, Value, json};

use super::{Version, keys, old_result};
use crate::kernel::route::Route;

/// The interface that an attachment gave to the pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name in the pod.
    pub name: String,
    /// Its hardware address as text; empty where it has none.
    pub mac: String,
    /// Bytes.
    pub mtu: Option<u32>,
    /// `CNI_NETNS`, unchanged: reference plugins compare it as text.
    pub sandbox: String,
    /// PCI address of the device that was passed through.
    pub pci_address: Option<String>,
}

/// An address it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// With the prefix of its network.
    pub address: IpNetwork,
    /// The network's gateway.
    pub gateway: Option<IpAddr>,
    /// Which of [`Attached::interfaces`] has it.
    pub interface: usize,
}

/// What an ADD did, before it is written in the layout of a version.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attached {
    /// The interfaces; none when the plugin only changed one of an earlier plugin.
    pub interfaces: Vec<Interface>,
    /// Their addresses.
    pub addresses: Vec<Address>,
    /// Their routes.
    pub routes: Vec<Route>,
    /// `dns` of the configuration, else of the IPAM plugin.
    pub dns: Option<Value>,
}

/// Writes the result. With a previous result, that is what is printed, and only added
/// to: its unknown fields, interfaces and addresses stay as they are.
pub fn render(
    version: Version,
    previous: Option<&Map<String, Value>>,
    attached: &Attached,
) -> Value {
    let mut result = previous.cloned().unwrap_or_default();
    let previous_dns = keys::remove(&mut result, "dns")
        .filter(|dns| dns.as_object().is_some_and(|dns| !dns.is_empty()));
    keys::remove(&mut result, "cniVersion");
    result.insert("cniVersion".into(), version.as_str().into());
    match version.has_one_address_of_a_family() {
        true => old_result::add(&mut result, version, attached),
        false => add(&mut result, version, attached),
    }
    match attached.dns.clone().or(previous_dns) {
        Some(dns) => {
            result.insert("dns".into(), dns);
        }
        // Before 1.0.0 the reference library always writes it, and some readers expect it.
        None if version < Version::V1_0_0 => {
            result.insert("dns".into(), json!({}));
        }
        None => {}
    }
    Value::Object(result)
}

/// Adds what was attached to the lists of a result.
fn add(result: &mut Map<String, Value>, version: Version, attached: &Attached) {
    let [old_addresses, old_routes] = old_result::take(result, version);
    let mut take = |key: &str| match keys::remove(result, key) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let mut interfaces = take("interfaces");
    let mut addresses = take("ips");
    let mut routes = take("routes");
    addresses.extend(old_addresses);
    routes.extend(old_routes);
    let index = interfaces.len();
    if index == 0 {
        // The number of an interface that no plugin listed would become that of ours.
        for address in addresses.iter_mut().filter_map(Value::as_object_mut) {
            keys::remove(address, "interface");
        }
    }
    interfaces.extend(
        attached
            .interfaces
            .iter()
            .map(|item| interface(version, item)),
    );
    addresses.extend(
        attached
            .addresses
            .iter()
            .map(|item| address(version, item, index + item.interface)),
    );
    routes.extend(attached.routes.iter().map(|item| route(version, item)));

    result.insert("interfaces".into(), interfaces.into());
    if !addresses.is_empty() {
        result.insert("ips".into(), addresses.into());
    }
    if !routes.is_empty() {
        result.insert("routes".into(), routes.into());
    }
}

fn interface(version: Version, interface: &Interface) -> Value {
    let mut item = Map::new();
    item.insert("name".into(), interface.name.clone().into());
    if !interface.mac.is_empty() {
        item.insert("mac".into(), interface.mac.clone().into());
    }
    item.insert("sandbox".into(), interface.sandbox.clone().into());
    if version >= Version::V1_1_0 {
        if let Some(mtu) = interface.mtu.filter(|mtu| *mtu > 0) {
            item.insert("mtu".into(), mtu.into());
        }
        if let Some(address) = &interface.pci_address {
            item.insert("pciID".into(), address.clone().into());
        }
    }
    Value::Object(item)
}

fn address(version: Version, address: &Address, interface: usize) -> Value {
    let mut item = Map::new();
    if version < Version::V1_0_0 {
        let family = if address.address.is_ipv4() { "4" } else { "6" };
        item.insert("version".into(), family.into());
    }
    item.insert("interface".into(), interface.into());
    item.insert("address".into(), address.address.to_string().into());
    if let Some(gateway) = address.gateway {
        item.insert("gateway".into(), gateway.to_string().into());
    }
    Value::Object(item)
}

pub(super) fn route(version: Version, route: &Route) -> Value {
    let mut item = Map::new();
    item.insert("dst".into(), route.destination.to_string().into());
    if let Some(gateway) = route.gateway {
        item.insert("gw".into(), gateway.to_string().into());
    }
    if version >= Version::V1_1_0 {
        let fields = [
            ("mtu", route.mtu),
            ("advmss", route.advertised_mss),
            ("priority", route.priority),
            ("table", route.table),
            ("scope", route.scope.map(u32::from)),
        ];
        for (key, value) in fields {
            if let Some(value) = value {
                item.insert(key.into(), value.into());
            }
        }
    }
    Value::Object(item)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attached() -> Attached {
        Attached {
            interfaces: vec![Interface {
                name: "net1".into(),
                mac: "02:00:00:00:00:01".into(),
                mtu: Some(9000),
                sandbox: "/run/netns/x".into(),
                pci_address: None,
            }],
            addresses: vec![Address {
                address: "10.0.0.5/24".parse().unwrap(),
                gateway: Some([10, 0, 0, 1].into()),
                interface: 0,
            }],
            routes: vec![Route {
                table: Some(0),
                ..Route::new("0.0.0.0/0".parse().unwrap(), Some([10, 0, 0, 1].into()))
            }],
            dns: None,
        }
    }

    #[test]
    fn each_version_has_its_layout() {
        let old = render(Version::V0_3_1, None, &attached());
        assert_eq!(
            old,
            json!({
                "cniVersion": "0.3.1",
                "interfaces": [
                    {"name": "net1", "mac": "02:00:00:00:00:01", "sandbox": "/run/netns/x"}
                ],
                "ips": [{"version": "4", "interface": 0, "address": "10.0.0.5/24",
                         "gateway": "10.0.0.1"}],
                "routes": [{"dst": "0.0.0.0/0", "gw": "10.0.0.1"}],
                "dns": {}
            })
        );
        let oldest = render(Version::V0_1_0, None, &attached());
        assert_eq!(
            oldest,
            json!({
                "cniVersion": "0.1.0",
                "ip4": {"ip": "10.0.0.5/24", "gateway": "10.0.0.1",
                        "routes": [{"dst": "0.0.0.0/0", "gw": "10.0.0.1"}]},
                "dns": {}
            })
        );
        let new = render(Version::V1_1_0, None, &attached());
        assert_eq!(new["interfaces"][0]["mtu"], 9000);
        assert_eq!(new["routes"][0]["table"], 0);
        assert!(new["ips"][0].get("version").is_none());
        assert!(new.get("dns").is_none());
        let middle = render(Version::V1_0_0, None, &attached());
        assert!(middle["interfaces"][0].get("mtu").is_none());
    }

    #[test]
    fn an_address_of_no_interface_does_not_fall_to_ours() {
        let previous = json!({
            "ips": [{"address": "10.9.0.5/24", "Interface": 0}],
        });
        let result = render(Version::V1_0_0, previous.as_object(), &attached());
        assert_eq!(result["ips"][0], json!({"address": "10.9.0.5/24"}));
        assert_eq!(result["ips"][1]["interface"], 0);
    }

    #[test]
    fn an_old_result_keeps_the_address_that_it_has() {
        let previous = json!({
            "cniVersion": "0.2.0",
            "ip4": {"ip": "10.9.0.5/24", "routes": [{"dst": "10.8.0.0/16"}]},
            "dns": {"nameservers": ["10.9.0.1"]}
        });
        let mut attached = attached();
        attached.addresses.push(Address {
            address: "fd00::5/64".parse().unwrap(),
            gateway: None,
            interface: 0,
        });
        let result = render(Version::V0_2_0, previous.as_object(), &attached);
        assert_eq!(
            result,
            json!({
                "cniVersion": "0.2.0",
                "ip4": {"ip": "10.9.0.5/24",
                        "routes": [{"dst": "10.8.0.0/16"}, {"dst": "0.0.0.0/0", "gw": "10.0.0.1"}]},
                "ip6": {"ip": "fd00::5/64"},
                "dns": {"nameservers": ["10.9.0.1"]}
            })
        );
    }

    #[test]
    fn an_old_result_becomes_one_of_the_version() {
        let previous = json!({
            "cniVersion": "0.2.0",
            "ip4": {"ip": "10.9.0.5/24", "gateway": "10.9.0.1", "routes": [{"dst": "10.8.0.0/16"}]},
        });
        let result = render(Version::V0_3_1, previous.as_object(), &attached());
        assert_eq!(
            result["ips"][0],
            json!({"version": "4", "address": "10.9.0.5/24", "gateway": "10.9.0.1"})
        );
        assert_eq!(result["ips"][1]["address"], "10.0.0.5/24");
        assert_eq!(result["routes"][0], json!({"dst": "10.8.0.0/16"}));
        assert!(result.get("ip4").is_none());
    }

    #[test]
    fn a_previous_result_is_only_added_to() {
        let previous = json!({
            "CNIVersion": "1.0.0",
            "interfaces": [{"name": "eth0", "sandbox": "/run/netns/x", "vendor": 1}],
            "ips": [{"address": "10.9.0.5/24", "interface": 0}],
            "dns": {"nameservers": ["10.9.0.1"]},
            "unknown": {"kept": true}
        });
        let result = render(Version::V1_1_0, previous.as_object(), &attached());
        assert_eq!(result["interfaces"][0], previous["interfaces"][0]);
        assert_eq!(result["ips"][0], previous["ips"][0]);
        assert_eq!(result["ips"][1]["interface"], 1);
        assert_eq!(result["dns"], previous["dns"]);
        assert_eq!(result["unknown"], previous["unknown"]);
        assert_eq!(result["cniVersion"], "1.1.0");
        assert!(result.get("CNIVersion").is_none());
    }
}
