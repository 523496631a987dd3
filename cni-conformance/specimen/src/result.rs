//! The result of ADD (specification, section 5, "Success").

use serde_json::{Value, json};

use crate::request::Request;
use crate::version::Version;
use crate::{defects, json as go};

/// What earlier plugins have made, as it is, and after it the pod's interface with the
/// addresses and routes of the IPAM plugin.
pub fn compose(request: &Request, mac: &str, ipam: &Value) -> Value {
    let mut result = match go::get(&request.configuration, "prevResult") {
        Value::Object(previous) if !defects::has("forgets-earlier-plugins") => {
            previous.clone().into()
        }
        _ => json!({}),
    };
    result["cniVersion"] = match defects::has("result-of-the-newest-version") {
        true => crate::version::newest(),
        false => request.version.as_str(),
    }
    .into();
    if defects::has("result-with-a-code") {
        result["code"] = 0.into();
    }
    let index = append(&mut result, "interfaces", [interface(request, mac)]);
    let index = match defects::has("index-beyond-the-list") && is_own(ipam) {
        true => index + 1,
        false => index,
    };
    let ips = list(ipam, "ips");
    let ips = ips.iter().map(|ip| address(request.version, ip, index));
    append(&mut result, "ips", ips);
    if !defects::has("forgets-the-delegates-routes") || is_own(ipam) {
        append(&mut result, "routes", list(ipam, "routes").to_vec());
    }
    let of_the_configuration = match defects::has("forgets-the-dns") {
        true => &Value::Null,
        false => go::get(&request.configuration, "dns"),
    };
    let dns = [of_the_configuration, go::get(ipam, "dns"), &result["dns"]];
    let dns = dns.into_iter().find(|dns| has_entries(dns)).cloned();
    result["dns"] = dns.unwrap_or(json!({}));
    result
}

/// The list, which may be missing.
pub fn list<'value>(value: &'value Value, key: &str) -> &'value [Value] {
    go::get(value, key).as_array().map_or(&[], Vec::as_slice)
}

/// The own pool's answer has no version, a delegate's often.
fn is_own(ipam: &Value) -> bool {
    ipam["cniVersion"].is_null()
}

/// The length before.
fn append(result: &mut Value, key: &str, items: impl IntoIterator<Item = Value>) -> usize {
    let mut list = list(result, key).to_vec();
    let length = list.len();
    list.extend(items);
    result[key] = list.into();
    length
}

fn interface(request: &Request, mac: &str) -> Value {
    let mut interface = json!({"name": request.interface, "sandbox": request.namespace});
    if !defects::has("tells-no-hardware-address") {
        interface["mac"] = match defects::has("capital-hardware-address") {
            true => mac.to_uppercase(),
            false => mac.to_owned(),
        }
        .into();
    }
    if defects::has("tells-the-real-path")
        && let Ok(path) = std::fs::canonicalize(&request.namespace)
    {
        interface["sandbox"] = path.to_string_lossy().into();
    }
    interface
}

fn address(version: Version, ip: &Value, index: usize) -> Value {
    let mut reported = ip.clone();
    reported["interface"] = index.into();
    let needs_version = version < Version::V1_0_0 || defects::has("addresses-with-a-version");
    match (reported.as_object_mut(), needs_version) {
        (Some(object), true) => {
            let six = ip["address"]
                .as_str()
                .is_some_and(|text| text.contains(':'));
            object.insert("version".into(), if six { "6" } else { "4" }.into());
        }
        (Some(object), false) => {
            object.remove("version");
        }
        (None, _) => {}
    }
    reported
}

fn has_entries(dns: &Value) -> bool {
    dns.as_object().is_some_and(|dns| !dns.is_empty())
}
