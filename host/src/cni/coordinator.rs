//! The keys of the type `coordinator`, typed: those of Spiderpool's plugin.

use std::net::{IpAddr, Ipv4Addr};

use ipnetwork::IpNetwork;
use plumb_values::octets;
use plumb_values::similar::question;
use serde_json::Value;

use super::Configuration;
use crate::kernel::route::Route;
use crate::{Error, Result};

/// Keys of the second interface to the node. Where the pod has another primary interface they have lost their purpose: rules
/// by that one's address stand in for routes to each address of the node and each network of the cluster.
const WITHOUT_PURPOSE: [&str; 6] = [
    "overlayPodCIDR",
    "serviceCIDR",
    "hijackCIDR",
    "hostRuleTable",
    "vethLinkAddress",
    "vethMTU",
];

/// Keys of the plugin that gives the interface its addresses.
const ELSEWHERE: [&str; 3] = ["gatewayCheck", "conflictCheck", "rails"];

/// What the replaced plugin has where nothing is said.
const VETH_MTU: u32 = 1500;
const HOST_TABLE: u32 = 500;

/// The words of `mode`.
const MODES: [(&str, Mode); 5] = [
    ("auto", Mode::Auto),
    ("overlay", Mode::Overlay),
    ("underlay", Mode::Underlay),
    // The one is in the code of the replaced plugin, the other in its documentation.
    ("disable", Mode::Disabled),
    ("disabled", Mode::Disabled),
];

/// What the pod's first interface is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By the name of the interface.
    Auto,
    /// That of the cluster's own network.
    Overlay,
    /// One on the fabric.
    Underlay,
    /// Nothing is to be done.
    Disabled,
}

impl Mode {
    /// As it is written.
    pub fn word(self) -> &'static str {
        MODES
            .iter()
            .find(|(_, mode)| *mode == self)
            .map_or("", |(word, _)| word)
    }
}

/// What a network asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coordinator {
    /// `mode`
    pub mode: Mode,
    /// `podDefaultCniNic`: the name of a pod's first interface.
    pub primary: String,
    /// `tunePodRoutes`
    pub tunes_routes: bool,
    /// `podDefaultRouteNIC`: the interface that keeps its default route in the main table.
    pub default_route_interface: Option<String>,
    /// `podRPFilter`
    pub reverse_path_filter: Option<u8>,
    /// `txQueueLen`: packets.
    pub queue_length: Option<u32>,
    /// `podMACPrefix`
    pub mac_prefix: Option<[u8; 2]>,
    /// `policyRoutes`
    pub policy_routes: Vec<Route>,
    /// `vethMTU`: bytes.
    pub veth_mtu: u32,
    /// `vethLinkAddress`
    pub veth_address: Option<Ipv4Addr>,
    /// `hostRuleTable`
    pub host_table: u32,
    /// `overlayPodCIDR`, `serviceCIDR` and `hijackCIDR`.
    pub cluster_networks: Vec<IpNetwork>,
    /// Keys that say something, and are of no use on a pod with another primary interface.
    pub without_purpose: Vec<&'static str>,
}

impl Coordinator {
    /// Understands the keys.
    ///
    /// # Errors
    ///
    /// [`crate::Code::INVALID_CONFIGURATION`] with the first value that is wrong.
    pub fn of(configuration: &Configuration) -> Result<Self> {
        let get = |key: &str| {
            configuration
                .lower
                .get(&key.to_ascii_lowercase())
                .filter(|value| says_something(value))
        };
        if let Some(key) = ELSEWHERE.into_iter().find(|key| get(key).is_some()) {
            return Err(Error::configuration(format!(
                "{key:?} says nothing to the type \"coordinator\": write it beside the plugin that gives the interface its \
                 addresses"
            )));
        }
        Ok(Self {
            mode: get("mode").map_or(Ok(Mode::Auto), mode)?,
            primary: configuration
                .string("poddefaultcninic")?
                .unwrap_or("eth0")
                .to_owned(),
            tunes_routes: match configuration.lower.get("tunepodroutes") {
                None | Some(Value::Null) => true,
                Some(Value::Bool(tunes)) => *tunes,
                Some(other) => return Err(wrong("tunePodRoutes", "true or false", other)),
            },
            default_route_interface: configuration
                .string("poddefaultroutenic")?
                .map(str::to_owned),
            reverse_path_filter: get("podRPFilter")
                .map(reverse_path_filter)
                .transpose()?
                .flatten(),
            queue_length: get("txQueueLen")
                .map(queue_length)
                .transpose()?
                .filter(|length| *length > 0),
            mac_prefix: get("podMACPrefix").map(mac_prefix).transpose()?,
            policy_routes: get("policyRoutes")
                .map(policy_routes)
                .transpose()?
                .unwrap_or_default(),
            veth_mtu: get("vethMTU")
                .map(veth_mtu)
                .transpose()?
                .flatten()
                .unwrap_or(VETH_MTU),
            veth_address: get("vethLinkAddress").map(veth_address).transpose()?,
            host_table: get("hostRuleTable")
                .map(host_table)
                .transpose()?
                .unwrap_or(HOST_TABLE),
            cluster_networks: ["overlayPodCIDR", "serviceCIDR", "hijackCIDR"]
                .into_iter()
                .filter_map(|key| Some((key, get(key)?)))
                .map(|(key, value)| networks(key, value))
                .collect::<Result<Vec<_>>>()?
                .concat(),
            without_purpose: WITHOUT_PURPOSE
                .into_iter()
                .filter(|key| get(key).is_some())
                .collect(),
        })
    }
}

/// Go's plugins write what nobody has said as the empty value of its type.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

fn mode(value: &Value) -> Result<Mode> {
    let word = value.as_str().unwrap_or_default();
    let words = || MODES.iter().map(|(word, _)| *word);
    let found = MODES.iter().find(|(known, _)| *known == word);
    found.map(|(_, mode)| *mode).ok_or_else(|| {
        Error::configuration(format!(
            "\"mode\" of type \"coordinator\" is {value}: {}it is one of {}",
            question(word, words()),
            words().collect::<Vec<_>>().join(", ")
        ))
    })
}

fn reverse_path_filter(value: &Value) -> Result<Option<u8>> {
    match value.as_i64() {
        Some(0..=2) => Ok(value.as_u64().and_then(|mode| u8::try_from(mode).ok())),
        // As it is.
        Some(..0) => Ok(None),
        _ => Err(wrong(
            "podRPFilter",
            "0, 1, 2, or negative to leave it as it is",
            value,
        )),
    }
}

fn queue_length(value: &Value) -> Result<u32> {
    let length = value.as_u64().and_then(|length| u32::try_from(length).ok());
    length.ok_or_else(|| wrong("txQueueLen", "a number of packets", value))
}

/// Bytes; of Go's zero nothing is said.
fn veth_mtu(value: &Value) -> Result<Option<u32>> {
    match value.as_u64() {
        Some(0) => Ok(None),
        // The least of IPv4 (RFC 791), and the most that a veth takes.
        Some(bytes @ 68..=65_535) => Ok(u32::try_from(bytes).ok()),
        _ => Err(wrong(
            "vethMTU",
            "a number of bytes from 68 to 65535",
            value,
        )),
    }
}

fn veth_address(value: &Value) -> Result<Ipv4Addr> {
    let text = value.as_str().unwrap_or_default();
    let address = text.strip_suffix("/32").unwrap_or(text).parse();
    address.map_err(|_| wrong("vethLinkAddress", "an IPv4 address", value))
}

/// A table that is none of the kernel's.
fn host_table(value: &Value) -> Result<u32> {
    let table = value.as_u64().and_then(|table| u32::try_from(table).ok());
    table
        .filter(|table| *table > 0 && !(253..=255).contains(table))
        .ok_or_else(|| {
            wrong(
                "hostRuleTable",
                "the number of a routing table of its own",
                value,
            )
        })
}

fn networks(key: &str, value: &Value) -> Result<Vec<IpNetwork>> {
    let wanted = "a list of networks like \"10.233.0.0/18\"";
    let network = |item: &Value| {
        let network: Option<IpNetwork> = item.as_str().and_then(|text| text.parse().ok());
        let network =
            network.and_then(|found| IpNetwork::new(found.network(), found.prefix()).ok());
        // The route of everything is that of the pod's first interface.
        network
            .filter(|network| network.prefix() > 0)
            .ok_or_else(|| wrong(key, wanted, item))
    };
    let items = value.as_array().ok_or_else(|| wrong(key, wanted, value))?;
    items.iter().map(network).collect()
}

fn mac_prefix(value: &Value) -> Result<[u8; 2]> {
    let wanted = "the first two bytes of an address of one interface, like \"0a:1b\"";
    // The text of two bytes, as that of an address of six.
    let prefix = value
        .as_str()
        .and_then(|text| octets::parse(&format!("{text}:00:00:00:00")));
    match prefix.as_deref() {
        Some([first, second, _, _, _, _]) if first & 1 == 0 => Ok([*first, *second]),
        _ => Err(wrong("podMACPrefix", wanted, value)),
    }
}

fn policy_routes(value: &Value) -> Result<Vec<Route>> {
    let wanted = "a list of routes like {\"dst\": \"10.6.0.0/16\", \"gw\": \"10.7.0.1\"}, each of one family";
    let route = |item: &Value| {
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let destination: Option<IpNetwork> = text("dst").and_then(|text| text.parse().ok());
        let gateway: Option<IpAddr> = text("gw").and_then(|text| text.parse().ok());
        match (destination, gateway) {
            (Some(destination), Some(gateway)) if destination.is_ipv4() == gateway.is_ipv4() => {
                let network = IpNetwork::new(destination.network(), destination.prefix());
                Ok(Route::new(network.unwrap_or(destination), Some(gateway)))
            }
            _ => Err(wrong("policyRoutes", wanted, item)),
        }
    };
    let items = value
        .as_array()
        .ok_or_else(|| wrong("policyRoutes", wanted, value))?;
    items.iter().map(route).collect()
}

fn wrong(key: &str, wanted: &str, value: &Value) -> Error {
    Error::configuration(format!(
        "{key:?} of type \"coordinator\" must be {wanted}, not {value}"
    ))
}
