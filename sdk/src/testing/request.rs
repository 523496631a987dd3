//! What the host makes of a network configuration before a component sees it.

use std::net::IpAddr;

use plumb_values::{HardwareAddress, octets};
use serde_json::{Map, Value};

use super::LinkFacts;
use super::host::requests::{Pod, PreviousInterface, Request as Described, UnusablePool};
use crate::{IpNetwork, Request};

/// A request for the interface `net1` of a container `3f5a` on the node `node-1`, with a
/// network configuration as the user and the runtime would write it. As the host does, this
/// turns its keys into lower case, leaves out what is null, takes `prevResult` out, and reads
/// `deviceID`, `runtimeConfig` and `args.cni` into the request.
///
/// # Panics
///
/// When the text is no JSON object, or a value that the host reads is malformed.
pub fn request(configuration: &str) -> Request {
    let configuration = serde_json::from_str(configuration).expect("the configuration is JSON");
    let Value::Object(mut lower) = lower_keys(configuration) else {
        panic!("the configuration is not an object");
    };
    let previous = lower.remove("prevresult").unwrap_or_default();
    let configuration = Value::Object(lower);
    let runtime = &configuration["runtimeconfig"];
    let arguments = &configuration["args"]["cni"];
    let mac = text(&runtime["mac"]).or_else(|| text(&arguments["mac"]));
    let guid = text(&runtime["infinibandguid"]).or_else(|| text(&arguments["guid"]));
    let device = text(&runtime["deviceid"]).or_else(|| text(&configuration["deviceid"]));
    let mut addresses = items(&runtime["ips"]);
    if addresses.is_empty() {
        addresses = items(&arguments["ips"]);
    }
    let ipam = configuration.get("ipam").filter(|ipam| ipam.is_object());
    Request(Described {
        network: text(&configuration["name"]).unwrap_or("network").to_owned(),
        pod: None,
        mac: mac.map(hardware_address),
        infiniband_guid: guid.map(|guid| guid.parse().expect(guid)),
        device_id: device.map(str::to_owned),
        requested_addresses: addresses.iter().map(address).collect(),
        previous_interfaces: items(&previous["interfaces"])
            .iter()
            .map(|interface| PreviousInterface {
                name: text(&interface["name"]).unwrap_or_default().to_owned(),
                is_in_pod: text(&interface["sandbox"]).is_some(),
            })
            .collect(),
        has_ipam: ipam.is_some_and(|ipam| text(&ipam["type"]).is_some()),
        has_previous_addresses: !items(&previous["ips"]).is_empty(),
        unusable_pools: Vec::new(),
        parent: None,
        planned_mac: None,
        configuration: configuration.to_string(),
    })
}

impl Request {
    /// The same request for a pod that the runtime reported.
    pub fn of_pod(mut self, namespace: &str, name: &str) -> Self {
        self.0.pod = Some(Pod {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        });
        self
    }

    /// The same request, with a pool that the host has left out. An empty name is none: a file that cannot be read.
    pub fn with_unusable_pool(mut self, name: &str, is_default: bool, reason: &str) -> Self {
        self.0.unusable_pools.push(UnusablePool {
            name: (!name.is_empty()).then(|| name.to_owned()),
            is_default,
            reason: reason.to_owned(),
        });
        self
    }

    /// The same request to an address policy, for an interface on this link of the node.
    pub fn on_parent(mut self, parent: LinkFacts) -> Self {
        self.0.parent = Some(parent);
        self
    }

    /// The same request to an address policy, for an interface that will have this hardware address.
    pub fn with_planned_mac(mut self, mac: impl Into<HardwareAddress>) -> Self {
        self.0.planned_mac = Some(mac.into());
        self
    }

    /// The same request with another text as the configuration, which need not be JSON: for
    /// tests of how it is read.
    pub fn with_configuration_text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.0.configuration);
        self
    }
}

/// To Go's plugins a key that is null is a key that is absent; only what the runtime adds
/// itself (`cni.dev/`) distinguishes them. Of two keys that become one, the one that was
/// written in lower case wins.
fn lower_keys(value: Value) -> Value {
    match value {
        Value::Object(object) => {
            let mut lower = Map::new();
            for (key, value) in object {
                if value.is_null() && !key.starts_with("cni.dev/") {
                    continue;
                }
                lower.insert(key.to_lowercase(), lower_keys(value));
            }
            Value::Object(lower)
        }
        Value::Array(values) => values.into_iter().map(lower_keys).collect(),
        other => other,
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.is_empty())
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn hardware_address(text: &str) -> HardwareAddress {
    let bytes = octets::parse(text).filter(|bytes| matches!(bytes.len(), 6 | 20));
    let bytes = bytes.unwrap_or_else(|| {
        panic!("{text:?} is not a hardware address like 02:00:5e:10:00:01");
    });
    HardwareAddress::from(bytes)
}

/// With or without a prefix.
fn address(value: &Value) -> IpAddr {
    let text = text(value).expect("an address is a text");
    let with_prefix = text.parse().map(|network: IpNetwork| network.address);
    with_prefix.unwrap_or_else(|_| text.parse().expect(text))
}
