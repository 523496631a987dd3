//! The way back: what Spiderpool would have written of the pods that run.
//!
//! Blocks say which node may use an address, not which pod has it. That the pods themselves report: Multus in their
//! annotation, the kubelet in their status. So no node is asked.

use std::collections::BTreeMap;
use std::net::IpAddr;

use plumb_leases::Pod;
use serde_json::{Map, Value, json};

use crate::objects::{Objects, PodSeen};

/// What is to be written for Spiderpool.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Back {
    /// `status` of each pool.
    pub pools: BTreeMap<String, Value>,
    /// The `SpiderEndpoint` of each pod.
    pub endpoints: BTreeMap<Pod, Value>,
    /// What cannot be told, one sentence each.
    pub told: Vec<String>,
}

impl Back {
    /// What the pods of a cluster have.
    #[must_use]
    pub fn of(objects: &Objects) -> Self {
        let mut back = Self::default();
        let mut allocated: BTreeMap<&str, BTreeMap<IpAddr, &Pod>> = BTreeMap::new();
        allocated.extend(
            objects
                .pools
                .keys()
                .map(|name| (name.as_str(), BTreeMap::new())),
        );
        for (pod, seen) in &objects.pods {
            let Some(node) = seen.node.as_deref().filter(|_| !seen.is_finished) else {
                continue;
            };
            let mut ips = Vec::new();
            for interface in &seen.interfaces {
                let mut details = Map::new();
                for address in &interface.addresses {
                    let Some(pool) = objects.pool_of(*address) else {
                        continue;
                    };
                    let records = allocated.entry(pool).or_default();
                    if let Some(other) = records.insert(*address, pod)
                        && other != pod
                    {
                        back.told.push(format!(
                            "{address} of pool {pool} is reported of pod {other} and of pod {pod}: the second is recorded"
                        ));
                    }
                    add(&mut details, *address, pool, objects);
                }
                if !details.is_empty() {
                    details.insert("interface".to_owned(), json!(interface.name));
                    details.insert("vlan".to_owned(), json!(0));
                    details.insert("cleanGateway".to_owned(), json!(false));
                    ips.push(Value::Object(details));
                }
            }
            if !ips.is_empty() {
                back.endpoints
                    .insert(pod.clone(), endpoint(pod, seen, node, ips));
            }
        }
        back.missing(&allocated, objects);
        for (name, records) in allocated {
            let record = |(address, pod): (&IpAddr, &&Pod)| {
                let uid = objects.pods.get(*pod).map_or("", |seen| seen.uid.as_str());
                let reference = format!("{}/{}", pod.namespace, pod.name);
                (
                    address.to_string(),
                    json!({"pod": reference, "podUid": uid}),
                )
            };
            let records: Map<String, Value> = records.iter().map(record).collect();
            let total: u128 = objects.pools[name]
                .ranges
                .iter()
                .map(plumb_values::AddressRange::size)
                .sum();
            let status = json!({
                "allocatedIPs": Value::Object(records.clone()).to_string(),
                "allocatedIPCount": records.len(),
                "totalIPCount": u64::try_from(total).unwrap_or(u64::MAX),
            });
            back.pools.insert(name.to_owned(), status);
        }
        back
    }

    /// Says which blocks no pod is reported to have an address of.
    fn missing(&mut self, allocated: &BTreeMap<&str, BTreeMap<IpAddr, &Pod>>, objects: &Objects) {
        for (name, (block, _)) in &objects.blocks {
            if block.size != 1 || block.released {
                continue;
            }
            let is_reported = allocated.values().any(|all| all.contains_key(&block.first));
            if !is_reported {
                self.told.push(format!(
                    "block {name} is of node {}, and no pod reports its address: it counts as free; look at plumbctl leases \
                     there if a pod of it has interfaces that Multus did not make",
                    block.node
                ));
            }
        }
    }
}

/// As Spiderpool's agent writes it after an ADD.
fn endpoint(pod: &Pod, seen: &PodSeen, node: &str, ips: Vec<Value>) -> Value {
    let (kind, name) = seen
        .controller
        .clone()
        .unwrap_or_else(|| ("Pod".to_owned(), pod.name.clone()));
    // It outlives the pod of a StatefulSet, and the others go with theirs.
    let owners = match kind.as_str() {
        "StatefulSet" => json!([]),
        _ => json!([{"apiVersion": "v1", "kind": "Pod", "name": pod.name, "uid": seen.uid}]),
    };
    json!({
        "apiVersion": "spiderpool.spidernet.io/v2beta1",
        "kind": "SpiderEndpoint",
        "metadata": {"namespace": pod.namespace, "name": pod.name, "ownerReferences": owners},
        "status": {
            "current": {"uid": seen.uid, "node": node, "ips": ips},
            "ownerControllerType": kind,
            "ownerControllerName": name,
        },
    })
}

fn add(details: &mut Map<String, Value>, address: IpAddr, pool: &str, objects: &Objects) {
    let known = &objects.pools[pool];
    let prefix = known
        .subnet
        .split_once('/')
        .map_or("", |(_, prefix)| prefix);
    let family = if address.is_ipv4() { "ipv4" } else { "ipv6" };
    details.insert(family.to_owned(), json!(format!("{address}/{prefix}")));
    details.insert(format!("{family}Pool"), json!(pool));
    if let Some(gateway) = &known.gateway {
        details.insert(format!("{family}Gateway"), json!(gateway));
    }
}
