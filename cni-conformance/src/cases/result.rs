//! 951 to 956: the layout of a result, version by version (specification, section 5,
//! "Success").

use std::net::IpAddr;

use cni_harness::result::check_network;
use serde_json::{Map, Value};

use super::INTERFACE;
use crate::case::failed;
use crate::{Case, Kind, Scene, Verdict, Version, expect};

pub(super) const CASES: &[Case] = &[
    Case::must(
        951,
        "layout",
        "section 5, Success",
        "a result has the keys of its version, each of its type",
        layout,
    )
    .each_version(),
    Case::must(
        952,
        "interface-of-the-pod",
        "section 5, Success: interfaces",
        "the pod's interface is in the list, with name, hardware address and sandbox as they are",
        interface_of_the_pod,
    )
    .kinds(INTERFACE)
    .each_version(),
    Case::must(
        953,
        "index-of-the-interface",
        "section 5, Success: ips; an index beyond the list crashes containerd",
        "each address has the index of an interface in the list",
        index_of_the_interface,
    )
    .kinds(INTERFACE)
    .each_version(),
    Case::relied(
        954,
        "readable-hardware-addresses",
        "podman refuses a result without",
        "each interface of the pod has a hardware address of 6, 8 or 20 bytes",
        readable_hardware_addresses,
    )
    .kinds(INTERFACE),
    Case::must(
        955,
        "ipam-result",
        "section 5, Delegated plugins (IPAM)",
        "an IPAM plugin's result has addresses, and neither interfaces nor indices",
        ipam_result,
    )
    .kinds(&[Kind::Ipam])
    .each_version(),
    Case::must(
        956,
        "old-layout",
        "specification 0.2.0, Result",
        "before 0.3.0 a result has ip4 and ip6",
        old_layout,
    )
    .since(Version::V0_1_0)
    .until(Version::V0_2_0)
    .each_version(),
];

fn layout(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let outcome = scene.pod_call("ADD", &pod).run();
    let result = expect::result(&outcome)?;
    check(&result, scene.version).map_err(|what| failed(what, &outcome))
}

fn check(result: &Value, version: Version) -> Result<(), String> {
    let before_1_0 = version < Version::V1_0_0;
    let newest = version >= Version::V1_1_0;
    for interface in list(result, "interfaces")? {
        let interface = object(interface, "an interface")?;
        text(interface, "name")?;
        for key in ["mac", "sandbox"] {
            optional_text(interface, key)?;
        }
        if newest {
            optional_number(interface, "mtu")?;
            optional_text(interface, "socketPath")?;
            optional_text(interface, "pciID")?;
        }
    }
    for ip in list(result, "ips")? {
        let ip = object(ip, "an entry of ips")?;
        let address = text(ip, "address")?;
        let family = check_network(address)?;
        optional_number(ip, "interface")?;
        if let Some(gateway) = ip.get("gateway") {
            let valid = gateway
                .as_str()
                .is_some_and(|gateway| gateway.parse::<IpAddr>().is_ok());
            if !valid {
                return Err(format!("{gateway} is not a gateway"));
            }
        }
        match (before_1_0, ip.get("version").and_then(Value::as_str)) {
            (true, Some(reported)) if reported == family => {}
            (true, _) => return Err(format!("{address} needs \"version\": \"{family}\"")),
            (false, None) => {}
            (false, Some(_)) => {
                return Err(format!("{address} has a version, which 1.0.0 removed"));
            }
        }
    }
    for route in list(result, "routes")? {
        let route = object(route, "a route")?;
        check_network(text(route, "dst")?)?;
        optional_text(route, "gw")?;
        if newest {
            for key in ["mtu", "advmss", "priority", "table", "scope"] {
                optional_number(route, key)?;
            }
        }
    }
    match result.get("dns") {
        None | Some(Value::Object(_)) => Ok(()),
        Some(other) => Err(format!("dns is not an object: {other}")),
    }
}

fn interface_of_the_pod(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let outcome = scene.pod_call("ADD", &pod).run();
    let result = expect::result(&outcome)?;
    let there = pod.link("eth0").unwrap_or_default();
    let reported: Vec<&Value> = result["interfaces"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|one| one["sandbox"] == pod.path() && one["name"] == "eth0")
        .collect();
    match reported.as_slice() {
        [one] if one["mac"].is_null() || one["mac"] == there["address"] => Ok(()),
        _ => Err(failed(
            format!(
                "expected eth0 once, with the address {} and the sandbox {}",
                there["address"],
                pod.path()
            ),
            &outcome,
        )),
    }
}

fn index_of_the_interface(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let outcome = scene.pod_call("ADD", &pod).run();
    let result = expect::result(&outcome)?;
    let interfaces = result["interfaces"].as_array().map_or(0, Vec::len);
    for ip in result["ips"].as_array().into_iter().flatten() {
        match ip["interface"].as_u64() {
            Some(index) if (index as usize) < interfaces => {}
            _ => {
                return Err(failed(
                    format!("{} has the index {}", ip["address"], ip["interface"]),
                    &outcome,
                ));
            }
        }
    }
    Ok(())
}

fn readable_hardware_addresses(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let outcome = scene.pod_call("ADD", &pod).run();
    let result = expect::result(&outcome)?;
    let interfaces = result["interfaces"].as_array().into_iter().flatten();
    for interface in
        interfaces.filter(|one| one["sandbox"].as_str().is_some_and(|path| !path.is_empty()))
    {
        let bytes: Vec<&str> = interface["mac"]
            .as_str()
            .unwrap_or_default()
            .split(':')
            .collect();
        let readable = bytes
            .iter()
            .all(|byte| byte.len() == 2 && u8::from_str_radix(byte, 16).is_ok());
        if !readable || ![6, 8, 20].contains(&bytes.len()) {
            return Err(failed(
                format!("{} has the address {}", interface["name"], interface["mac"]),
                &outcome,
            ));
        }
    }
    Ok(())
}

fn ipam_result(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let outcome = scene.pod_call("ADD", &pod).run();
    let result = expect::result(&outcome)?;
    let ips = result["ips"].as_array().cloned().unwrap_or_default();
    let has_interfaces = result["interfaces"]
        .as_array()
        .is_some_and(|list| !list.is_empty());
    let has_index = ips.iter().any(|ip| !ip["interface"].is_null());
    match !ips.is_empty() && !has_interfaces && !has_index {
        true => Ok(()),
        false => Err(failed("expected addresses without interfaces", &outcome)),
    }
}

fn old_layout(scene: &Scene) -> Verdict {
    let pod = scene.pod();
    let outcome = scene.pod_call("ADD", &pod).run();
    let result = expect::result(&outcome)?;
    let four = result["ip4"]["ip"]
        .as_str()
        .is_some_and(|address| check_network(address).is_ok());
    let six = result["ip6"]["ip"]
        .as_str()
        .is_some_and(|address| check_network(address).is_ok());
    match (four || six) && result.get("ips").is_none() {
        true => Ok(()),
        false => Err(failed("expected ip4 or ip6, and no ips", &outcome)),
    }
}

fn object<'value>(value: &'value Value, what: &str) -> Result<&'value Map<String, Value>, String> {
    value
        .as_object()
        .ok_or_else(|| format!("{what} is not an object: {value}"))
}

/// Absent means empty.
fn list<'value>(value: &'value Value, key: &str) -> Result<&'value [Value], String> {
    match value.get(key) {
        None => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(other) => Err(format!("{key} is not a list: {other}")),
    }
}

fn text<'value>(object: &'value Map<String, Value>, key: &str) -> Result<&'value str, String> {
    object
        .get(key)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("{key} is not a text in {object:?}"))
}

fn optional_text(object: &Map<String, Value>, key: &str) -> Result<(), String> {
    match object.get(key) {
        None | Some(Value::String(_)) => Ok(()),
        Some(other) => Err(format!("{key} is not a text: {other}")),
    }
}

fn optional_number(object: &Map<String, Value>, key: &str) -> Result<(), String> {
    match object.get(key) {
        None => Ok(()),
        Some(number) if number.as_u64().is_some() => Ok(()),
        Some(other) => Err(format!("{key} is not a number from 0 on: {other}")),
    }
}
