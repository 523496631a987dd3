//! The layout of a result, version by version (CNI specification, "Success").

use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::Pod;

const INTERFACE_KEYS: [&str; 3] = ["name", "mac", "sandbox"];
const INTERFACE_KEYS_1_1: [&str; 3] = ["mtu", "socketPath", "pciID"];
const ROUTE_KEYS: [&str; 2] = ["dst", "gw"];
const ROUTE_KEYS_1_1: [&str; 5] = ["mtu", "advmss", "priority", "table", "scope"];

/// Checks that `result` is what a runtime of this version can read, and that it
/// lists one new interface `eth0` in the pod.
///
/// # Panics
///
/// With the result and what is wrong with it.
#[track_caller]
pub fn assert_layout(result: &Value, version: &str, pod: &Pod) {
    if let Err(wrong) = check(result, version, pod) {
        panic!("the result is not one of version {version}: {wrong}\n{result:#}");
    }
}

/// The addresses of a result in CIDR form, sorted.
pub fn addresses(result: &Value) -> Vec<String> {
    let mut addresses: Vec<String> = result["ips"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|ip| Some(ip["address"].as_str()?.to_owned()))
        .collect();
    addresses.sort();
    addresses
}

/// The address of a result that has one only, without its prefix.
#[track_caller]
pub fn address(result: &Value) -> IpAddr {
    match addresses(result).as_slice() {
        [one] => one
            .split('/')
            .next()
            .and_then(|address| address.parse().ok())
            .unwrap_or_else(|| panic!("{one} is not an address")),
        other => panic!("expected one address, got {other:?}"),
    }
}

fn check(result: &Value, version: &str, pod: &Pod) -> Result<(), String> {
    let newest = version == "1.1.0";
    let before_1_0 = version.starts_with("0.");
    if result["cniVersion"] != version {
        return Err(format!("cniVersion is {}", result["cniVersion"]));
    }
    only_keys(
        object(result, "the result")?,
        &["cniVersion", "interfaces", "ips", "routes", "dns"],
        &[],
    )?;
    let interfaces = list(result, "interfaces")?;
    for interface in interfaces {
        let extra = if newest { &INTERFACE_KEYS_1_1[..] } else { &[] };
        check_interface(object(interface, "an interface")?, extra)?;
    }
    let mine = interfaces
        .iter()
        .filter(|interface| interface["sandbox"] == pod.path())
        .collect::<Vec<_>>();
    let [mine] = mine.as_slice() else {
        return Err(format!(
            "{} interfaces have the sandbox {}",
            mine.len(),
            pod.path()
        ));
    };
    if mine["name"] != "eth0" {
        return Err(format!("the pod's interface is {}", mine["name"]));
    }
    if newest && mine["mtu"].as_u64().is_none_or(|mtu| mtu == 0) {
        return Err("the pod's interface has no mtu".into());
    }
    for ip in list(result, "ips")? {
        check_ip(object(ip, "an ip")?, before_1_0, interfaces.len())?;
    }
    for route in result["routes"].as_array().into_iter().flatten() {
        let route = object(route, "a route")?;
        only_keys(
            route,
            &ROUTE_KEYS,
            if newest { &ROUTE_KEYS_1_1 } else { &[] },
        )?;
        let destination = route.get("dst").and_then(Value::as_str).unwrap_or("");
        check_network(destination)?;
    }
    Ok(())
}

fn check_interface(interface: &Map<String, Value>, extra: &[&str]) -> Result<(), String> {
    only_keys(interface, &INTERFACE_KEYS, extra)?;
    // podman refuses the whole result when an interface of the pod has no readable mac.
    let mac = interface.get("mac").and_then(Value::as_str).unwrap_or("");
    let bytes: Vec<&str> = mac.split(':').collect();
    let readable = bytes
        .iter()
        .all(|byte| byte.len() == 2 && u8::from_str_radix(byte, 16).is_ok());
    match readable && [6, 8, 20].contains(&bytes.len()) {
        true => Ok(()),
        false => Err(format!("{mac:?} is not a hardware address")),
    }
}

fn check_ip(ip: &Map<String, Value>, before_1_0: bool, interfaces: usize) -> Result<(), String> {
    only_keys(
        ip,
        &["address", "gateway", "interface"],
        if before_1_0 { &["version"] } else { &[] },
    )?;
    let address = ip.get("address").and_then(Value::as_str).unwrap_or("");
    let family = check_network(address)?;
    if before_1_0 && ip.get("version").and_then(Value::as_str) != Some(family) {
        return Err(format!("{address} needs \"version\": \"{family}\""));
    }
    if let Some(gateway) = ip.get("gateway") {
        let valid = gateway
            .as_str()
            .is_some_and(|gateway| gateway.parse::<IpAddr>().is_ok());
        if !valid {
            return Err(format!("{gateway} is not a gateway"));
        }
    }
    // An index equal to the number of interfaces crashes containerd.
    match ip.get("interface").and_then(Value::as_u64) {
        Some(index) if (index as usize) < interfaces => Ok(()),
        _ => Err(format!(
            "{address} has the interface index {:?}",
            ip.get("interface")
        )),
    }
}

/// An address with a prefix length; gives its family as the old versions write it.
///
/// # Errors
///
/// A sentence with the text that is none.
pub fn check_network(text: &str) -> Result<&'static str, String> {
    let wrong = || format!("{text:?} is not an address with a prefix length");
    let (address, length) = text.split_once('/').ok_or_else(wrong)?;
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let length: u8 = length.parse().map_err(|_| wrong())?;
    match address {
        IpAddr::V4(_) if length <= 32 => Ok("4"),
        IpAddr::V6(_) if length <= 128 => Ok("6"),
        _ => Err(wrong()),
    }
}

fn object<'value>(value: &'value Value, what: &str) -> Result<&'value Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{what} is not an object: {value}"))
}

fn list<'value>(value: &'value Value, key: &str) -> Result<&'value [Value], String> {
    value[key]
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| format!("there is no list {key:?}"))
}

fn only_keys(object: &Map<String, Value>, keys: &[&str], more: &[&str]) -> Result<(), String> {
    match object
        .keys()
        .find(|key| !keys.contains(&key.as_str()) && !more.contains(&key.as_str()))
    {
        Some(key) => Err(format!("unexpected key {key:?}")),
        None => Ok(()),
    }
}
