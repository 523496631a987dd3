//! What the host makes of a network configuration before a component sees it.

use serde_json::Value;

use crate::{PreviousInterface, Request, mac};

/// A request for the interface `net1` of a pod, with a network configuration as the user and
/// the runtime would write it. As the host does, this turns its keys into lower case, leaves
/// out what is null, and takes `deviceID`, `runtimeConfig`, `args.cni` and `prevResult` out of
/// it into the fields of the request.
///
/// # Panics
///
/// When the text is no JSON object, or the runtime's hardware address or GUID is malformed.
pub fn request(configuration: &str) -> Request {
    let configuration: Value =
        serde_json::from_str(configuration).expect("the configuration is JSON");
    assert!(
        configuration.is_object(),
        "the configuration is not an object"
    );
    let network = text(&configuration["name"]).unwrap_or("network").to_owned();
    let lower = lower_keys(configuration);
    let runtime = &lower["runtimeconfig"];
    let arguments = &lower["args"]["cni"];
    let previous = &lower["prevresult"];
    Request {
        network,
        container_id: "3f5a".to_owned(),
        interface_name: "net1".to_owned(),
        pod: None,
        node: "node-1".to_owned(),
        has_ipam: !items(&lower["ipam"]).is_empty(),
        mac: bytes(&runtime["mac"]).or_else(|| bytes(&arguments["mac"])),
        infiniband_guid: bytes(&runtime["infinibandguid"]).or_else(|| bytes(&arguments["guid"])),
        device_id: text(&runtime["deviceid"])
            .or_else(|| text(&lower["deviceid"]))
            .map(str::to_owned),
        requested_addresses: Vec::new(),
        previous_interfaces: items(&previous["interfaces"])
            .into_iter()
            .map(|interface| PreviousInterface {
                name: text(&interface["name"]).unwrap_or_default().to_owned(),
                in_pod: text(&interface["sandbox"]).is_some(),
            })
            .collect(),
        has_previous_addresses: !items(&previous["ips"]).is_empty(),
        configuration: lower.to_string(),
    }
}

/// To Go's plugins a key that is null is a key that is absent.
fn lower_keys(value: Value) -> Value {
    match value {
        Value::Object(object) => object
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(key, value)| (key.to_lowercase(), lower_keys(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(lower_keys).collect(),
        other => other,
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    text(value).map(|text| {
        mac::parse(text).unwrap_or_else(|| panic!("{text:?} is not bytes in hexadecimal"))
    })
}

/// The items of a list, or the values of an object.
fn items(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Object(object) => object.values().collect(),
        _ => Vec::new(),
    }
}
