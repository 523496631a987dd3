//! The result of the plugin before this one in the chain, or at CHECK and DEL this
//! plugin's own (`prevResult`, CNI specification, section 5).

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use serde_json::{Map, Value};

use super::keys;
use crate::kernel::route::Route;
use crate::{Error, Result};

/// An interface of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its hardware address as written; empty when not reported.
    pub mac: String,
    /// The namespace it lies in; empty for the host's.
    pub sandbox: String,
}

/// An address of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// With the prefix of its network.
    pub address: IpNetwork,
    /// The network's gateway.
    pub gateway: Option<IpAddr>,
    /// Index into the interfaces.
    pub interface: Option<usize>,
}

/// A result, as far as plumb reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Previous {
    /// `interfaces`
    pub interfaces: Vec<Interface>,
    /// `ips`
    pub addresses: Vec<Address>,
    /// `routes`
    pub routes: Vec<Route>,
}

impl Previous {
    /// Understands a result of any version. `whose` names it in errors.
    pub fn parse(result: &Map<String, Value>, whose: &str) -> Result<Self> {
        let Value::Object(result) = keys::lower(&Value::Object(result.clone())) else {
            unreachable!("an object stays an object");
        };
        let list = |key: &str| match result.get(key) {
            None | Some(Value::Null) => Ok(&[][..]),
            Some(Value::Array(items)) => Ok(&items[..]),
            Some(other) => Err(Error::configuration(format!(
                "{key:?} of {whose} must be a list, not {other}"
            ))),
        };
        let mut parsed = Self {
            interfaces: list("interfaces")?.iter().map(interface).collect(),
            addresses: list("ips")?
                .iter()
                .map(|item| address(item, "address", whose))
                .collect::<Result<_>>()?,
            routes: list("routes")?
                .iter()
                .map(|item| route(item, whose))
                .collect::<Result<_>>()?,
        };
        for key in ["ip4", "ip6"] {
            parsed.add_family(result.get(key), key, whose)?;
        }
        let count = parsed.interfaces.len();
        for address in &parsed.addresses {
            if address
                .interface
                .is_some_and(|index| index >= count && count > 0)
            {
                return Err(Error::configuration(format!(
                    "address {} of {whose} belongs to interface {}, but there are {count}",
                    address.address,
                    address.interface.unwrap_or_default()
                )));
            }
        }
        Ok(parsed)
    }

    /// The address of a family and its routes, as results had them before 0.3.0.
    fn add_family(&mut self, family: Option<&Value>, key: &str, whose: &str) -> Result<()> {
        let family = match family {
            None | Some(Value::Null) => return Ok(()),
            Some(family @ Value::Object(_)) => family,
            Some(other) => {
                return Err(Error::configuration(format!(
                    "{key:?} of {whose} must be an object, not {other}"
                )));
            }
        };
        let address = address(family, "ip", whose)?;
        if address.address.is_ipv4() != (key == "ip4") {
            return Err(Error::configuration(format!(
                "{key:?} of {whose} has {}, which is no address of that family",
                address.address
            )));
        }
        self.addresses.push(address);
        for item in family
            .get("routes")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.routes.push(route(item, whose)?);
        }
        Ok(())
    }
}

fn text<'a>(item: &'a Value, key: &str) -> &'a str {
    item.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn interface(item: &Value) -> Interface {
    Interface {
        name: text(item, "name").to_owned(),
        mac: text(item, "mac").to_owned(),
        sandbox: text(item, "sandbox").to_owned(),
    }
}

fn parse<T: std::str::FromStr>(text: &str, what: &str, whose: &str) -> Result<T> {
    text.parse().map_err(|_| {
        Error::configuration(format!("{what} {text:?} of {whose} cannot be understood"))
    })
}

/// An IP address that may be absent or empty.
fn optional_address(item: &Value, key: &str, whose: &str) -> Result<Option<IpAddr>> {
    match text(item, key) {
        "" => Ok(None),
        address => parse(address, key, whose).map(Some),
    }
}

/// `key` is what the address itself is called.
fn address(item: &Value, key: &str, whose: &str) -> Result<Address> {
    let written = text(item, key);
    if !written.contains('/') {
        return Err(Error::configuration(format!(
            "address {written:?} of {whose} has no prefix, as in 10.1.0.5/24"
        )));
    }
    Ok(Address {
        address: parse(written, "address", whose)?,
        gateway: optional_address(item, "gateway", whose)?,
        // Go writes -1 where it has no interface.
        interface: item
            .get("interface")
            .and_then(Value::as_u64)
            .and_then(|index| usize::try_from(index).ok()),
    })
}

fn route(item: &Value, whose: &str) -> Result<Route> {
    let number = |key: &str| {
        item.get(key)
            .and_then(Value::as_u64)
            .and_then(|number| u32::try_from(number).ok())
    };
    let destination: IpNetwork = parse(text(item, "dst"), "route", whose)?;
    Ok(Route {
        mtu: number("mtu").filter(|mtu| *mtu > 0),
        advertised_mss: number("advmss").filter(|size| *size > 0),
        priority: number("priority"),
        table: number("table"),
        scope: number("scope").and_then(|scope| u8::try_from(scope).ok()),
        ..Route::new(destination, optional_address(item, "gw", whose)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(value: Value) -> Result<Previous> {
        Previous::parse(value.as_object().unwrap(), "prevResult")
    }

    #[test]
    fn an_address_of_the_other_family_is_refused() {
        let error = parse(json!({"ip4": {"ip": "fd00:9::5/64"}})).unwrap_err();
        assert!(
            error
                .message
                .contains("\"ip4\" of prevResult has fd00:9::5/64"),
            "{error}"
        );
        assert!(parse(json!({"ip6": {"ip": "fd00:9::5/64"}})).is_ok());
    }

    #[test]
    fn what_go_runtimes_write_is_understood() {
        let previous = parse(json!({
            "CNIVersion": "0.4.0",
            "Interfaces": [{"Name": "eth0", "mac": "02:00:00:00:00:01", "sandbox": "/x"}],
            "IPs": [{"version": "4", "Address": "10.0.0.5/24", "gateway": "", "interface": -1}],
            "routes": [{"dst": "0.0.0.0/0", "GW": "10.0.0.1", "table": 0}],
            "dns": null
        }))
        .unwrap();
        assert_eq!(previous.interfaces[0].name, "eth0");
        assert_eq!(previous.addresses[0].interface, None);
        assert_eq!(previous.addresses[0].gateway, None);
        assert_eq!(previous.routes[0].gateway, Some([10, 0, 0, 1].into()));
        assert_eq!(previous.routes[0].table, Some(0));
    }

    #[test]
    fn an_address_of_an_interface_that_is_not_there_is_refused() {
        let error = parse(json!({
            "interfaces": [{"name": "eth0"}],
            "ips": [{"address": "10.0.0.5/24", "interface": 1}]
        }))
        .unwrap_err();
        assert!(error.message.contains("10.0.0.5/24"), "{error}");
    }

    #[test]
    fn the_layout_before_0_3_0_is_understood() {
        let previous = parse(json!({
            "cniVersion": "0.2.0",
            "ip4": {"ip": "10.0.0.5/24", "gateway": "10.0.0.1",
                    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.8.0.0/16", "gw": "10.0.0.9"}]},
            "ip6": {"ip": "fd00::5/64"},
            "dns": {}
        }))
        .unwrap();
        let addresses: Vec<_> = previous
            .addresses
            .iter()
            .map(|address| address.address.to_string())
            .collect();
        assert_eq!(addresses, ["10.0.0.5/24", "fd00::5/64"]);
        assert_eq!(previous.addresses[0].gateway, Some([10, 0, 0, 1].into()));
        assert_eq!(previous.routes.len(), 2);
        assert_eq!(previous.routes[1].gateway, Some([10, 0, 0, 9].into()));
        let error = parse(json!({"ip4": {"ip": "10.0.0.500/24"}})).unwrap_err();
        assert!(error.message.contains("10.0.0.500/24"), "{error}");
        let error = parse(json!({"ip6": "fd00::5/64"})).unwrap_err();
        assert!(error.message.contains("ip6"), "{error}");
    }

    #[test]
    fn a_bad_address_is_named() {
        let error = parse(json!({"ips": [{"address": "10.0.0.500/24"}]})).unwrap_err();
        assert!(error.message.contains("10.0.0.500/24"), "{error}");
    }
}
