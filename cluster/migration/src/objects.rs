//! The objects of a cluster that matter here, read from what the API server, or `kubectl get -o yaml`, says of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use plumb_leases::Pod;
use plumb_resources::{IPBlockSpec, PoolStateSpec, USERS_GROUP};
use plumb_values::AddressRange;
use serde_json::Value;

use crate::IMPORTED_ANNOTATION;

/// All that is known of a cluster.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// The pools, by name.
    pub pools: BTreeMap<String, Pool>,
    /// The pods.
    pub pods: BTreeMap<Pod, PodSeen>,
    /// The nodes; none where nobody told.
    pub nodes: Option<BTreeSet<String>>,
    /// The blocks, by name, and whether their facts are still to be taken up.
    pub blocks: BTreeMap<String, (IPBlockSpec, bool)>,
    /// How many addresses the blocks of a pool have.
    pub block_sizes: BTreeMap<String, u32>,
    /// Objects of other products: `SpiderEndpoint`, and whereabouts' `IPPool` and `OverlappingRangeIPReservation`.
    pub(crate) others: Vec<Value>,
    /// What cannot be understood.
    pub unreadable: Vec<String>,
}

/// A pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// `spec.subnet`.
    pub subnet: String,
    /// `spec.ips`.
    pub ranges: Vec<AddressRange>,
    /// `spec.gateway`.
    pub gateway: Option<String>,
    /// `status.allocatedIPs`, as Spiderpool writes it: text; empty where it has given out nothing.
    pub allocated: String,
    /// What of that text was imported ([`crate::gate`]).
    pub imported: Option<String>,
}

/// A pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodSeen {
    /// Its UID.
    pub uid: String,
    /// The node that it runs on.
    pub node: Option<String>,
    /// Whether its containers have ended for good.
    pub is_finished: bool,
    /// The kind and name of its controller.
    pub controller: Option<(String, String)>,
    /// Its interfaces, as Multus and the kubelet report them.
    pub interfaces: Vec<Interface>,
}

/// An interface that a pod has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name in the pod.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

impl PodSeen {
    /// Whether one of its interfaces is reported to have the address.
    #[must_use]
    pub fn has(&self, address: IpAddr) -> bool {
        self.interface_with(address).is_some()
    }

    /// The interface that is reported to have the address.
    #[must_use]
    pub fn interface_with(&self, address: IpAddr) -> Option<&str> {
        let has = |one: &&Interface| one.addresses.contains(&address);
        self.interfaces
            .iter()
            .find(has)
            .map(|one| one.name.as_str())
    }
}

impl Objects {
    /// Adds an object, or those of a list. Other kinds are passed over.
    pub fn add(&mut self, object: Value) {
        let kind = text(&object, "/kind").to_owned();
        let group = text(&object, "/apiVersion")
            .split('/')
            .next()
            .unwrap_or_default();
        match (kind.as_str(), group) {
            ("SpiderIPPool", USERS_GROUP) => self.add_pool(&object),
            ("SpiderEndpoint", USERS_GROUP)
            | ("IPPool" | "OverlappingRangeIPReservation", "whereabouts.cni.cncf.io") => {
                self.others.push(object);
            }
            ("Pod", "v1") => {
                self.pods.insert(pod_of(&object), pod_seen(&object));
            }
            ("Node", "v1") => {
                let nodes = self.nodes.get_or_insert_default();
                nodes.insert(text(&object, "/metadata/name").to_owned());
            }
            ("IPBlock", plumb_resources::GROUP) => {
                let name = text(&object, "/metadata/name").to_owned();
                match serde_json::from_value(object["spec"].clone()) {
                    Ok(spec) => {
                        let is_waiting = facts_of(&object).is_some();
                        self.blocks.insert(name, (spec, is_waiting));
                    }
                    Err(error) => self.unreadable.push(format!("IPBlock {name}: {error}")),
                }
            }
            ("PoolState", plumb_resources::GROUP) => {
                let name = text(&object, "/metadata/name").to_owned();
                match serde_json::from_value::<PoolStateSpec>(object["spec"].clone()) {
                    Ok(spec) => drop(self.block_sizes.insert(name, spec.block_size)),
                    Err(error) => self.unreadable.push(format!("PoolState {name}: {error}")),
                }
            }
            (list, _) if list.ends_with("List") => {
                let Value::Object(mut list) = object else {
                    return;
                };
                let (version, items) = (list.remove("apiVersion"), list.remove("items"));
                let kind = kind.trim_end_matches("List");
                let Some(Value::Array(items)) = items else {
                    return;
                };
                for mut item in items {
                    // The API server leaves both out of the items of a list, kubectl does not.
                    if item.get("kind").is_none() {
                        item["kind"] = kind.into();
                        item["apiVersion"] = version.clone().unwrap_or_default();
                    }
                    self.add(item);
                }
            }
            _ => {}
        }
    }

    fn add_pool(&mut self, object: &Value) {
        let name = text(object, "/metadata/name").to_owned();
        let mut ranges = Vec::new();
        let written = object.pointer("/spec/ips").and_then(Value::as_array);
        for range in written.into_iter().flatten() {
            match range.as_str().and_then(range_of) {
                Some(range) => ranges.push(range),
                None => self.unreadable.push(format!(
                    "SpiderIPPool {name}: {range} of ips is no address, range or network"
                )),
            }
        }
        let annotation = object.pointer("/metadata/annotations");
        let imported = annotation.and_then(|all| all.get(IMPORTED_ANNOTATION));
        let gateway = text(object, "/spec/gateway");
        let pool = Pool {
            subnet: text(object, "/spec/subnet").to_owned(),
            ranges,
            gateway: (!gateway.is_empty()).then(|| gateway.to_owned()),
            allocated: text(object, "/status/allocatedIPs").to_owned(),
            imported: imported.and_then(Value::as_str).map(str::to_owned),
        };
        self.pools.insert(name, pool);
    }

    /// The pool that gives out an address.
    #[must_use]
    pub fn pool_of(&self, address: IpAddr) -> Option<&str> {
        let gives_out = |pool: &Pool| pool.ranges.iter().any(|range| range.contains(address));
        let mut pools = self.pools.iter();
        pools
            .find(|(_, pool)| gives_out(pool))
            .map(|(name, _)| name.as_str())
    }
}

/// The text at a place of an object; empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The facts in a block's annotation.
pub(crate) fn facts_of(block: &Value) -> Option<&str> {
    block
        .pointer("/metadata/annotations")?
        .get(IMPORTED_ANNOTATION)?
        .as_str()
}

/// An address or a network, of which only the address counts.
pub(crate) fn address_of(written: &str) -> Option<IpAddr> {
    written.split('/').next()?.parse().ok()
}

fn range_of(written: &str) -> Option<AddressRange> {
    if let Some((first, last)) = written.split_once('-') {
        return AddressRange::new(first.trim().parse().ok()?, last.trim().parse().ok()?);
    }
    match written.split_once('/') {
        Some((address, prefix)) => Some(AddressRange::network(
            address.parse().ok()?,
            prefix.parse().ok()?,
        )),
        None => Some(AddressRange::single(written.trim().parse().ok()?)),
    }
}

/// The namespace and name of an object.
pub(crate) fn pod_of(object: &Value) -> Pod {
    Pod {
        namespace: text(object, "/metadata/namespace").to_owned(),
        name: text(object, "/metadata/name").to_owned(),
    }
}

fn pod_seen(object: &Value) -> PodSeen {
    let node = text(object, "/spec/nodeName");
    let owners = object
        .pointer("/metadata/ownerReferences")
        .and_then(Value::as_array);
    let is_controller = |owner: &&Value| owner["controller"] == true;
    let controller = owners.into_iter().flatten().find(is_controller);
    PodSeen {
        uid: text(object, "/metadata/uid").to_owned(),
        node: (!node.is_empty()).then(|| node.to_owned()),
        is_finished: matches!(text(object, "/status/phase"), "Succeeded" | "Failed"),
        controller: controller.map(|owner| {
            (
                text(owner, "/kind").to_owned(),
                text(owner, "/name").to_owned(),
            )
        }),
        interfaces: interfaces(object),
    }
}

/// Where Multus reports a pod's interfaces.
const NETWORK_STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

fn interfaces(pod: &Value) -> Vec<Interface> {
    let annotation = pod
        .pointer("/metadata/annotations")
        .and_then(|all| all.get(NETWORK_STATUS));
    let reported = annotation.and_then(Value::as_str);
    let reported: Option<Value> = reported.and_then(|text| serde_json::from_str(text).ok());
    let mut interfaces = Vec::new();
    for network in reported.iter().filter_map(Value::as_array).flatten() {
        let ips = network["ips"].as_array().into_iter().flatten();
        let addresses = ips.filter_map(|ip| address_of(ip.as_str()?)).collect();
        let name = match text(network, "/interface") {
            "" if network["default"] == true => "eth0",
            name => name,
        };
        interfaces.push(Interface {
            name: name.to_owned(),
            addresses,
        });
    }
    let ips = pod.pointer("/status/podIPs").and_then(Value::as_array);
    let ips = ips
        .into_iter()
        .flatten()
        .filter_map(|ip| address_of(ip["ip"].as_str()?));
    let known: BTreeSet<IpAddr> = interfaces
        .iter()
        .flat_map(|one| one.addresses.clone())
        .collect();
    let addresses: Vec<IpAddr> = ips.filter(|ip| !known.contains(ip)).collect();
    if !addresses.is_empty() {
        // The kubelet reports those of the pod's first interface.
        let name = "eth0".to_owned();
        interfaces.push(Interface { name, addresses });
    }
    interfaces
}
