//! What Spiderpool has written down: `SpiderIPPool.status.allocatedIPs` says which pod has an address, and the pod's
//! `SpiderEndpoint` on which node and interface.

use std::net::IpAddr;

use serde_json::{Map, Value};

use crate::found::{self, Found};
use crate::objects::{Objects, Pool, address_of, pod_of, text};

/// The records of a pool, and why they cannot be read.
pub(crate) fn of_pool(name: &str, pool: &Pool) -> Result<Vec<Found>, String> {
    let source = format!("SpiderIPPool {name}");
    let wrong = |what: String| format!("{source}: {what}; nothing of it is imported");
    if pool.allocated.trim().is_empty() {
        return Ok(Vec::new());
    }
    let records: Map<String, Value> = serde_json::from_str(&pool.allocated)
        .map_err(|error| wrong(format!("status.allocatedIPs is no JSON object ({error})")))?;
    let mut found = Vec::new();
    for (address, record) in records {
        let address: IpAddr = address.parse().map_err(|_| {
            wrong(format!(
                "status.allocatedIPs has {address:?}, which is no address"
            ))
        })?;
        // Older releases keep the namespace apart.
        let pod = match (text(&record, "/pod"), text(&record, "/namespace")) {
            (name, namespace) if !namespace.is_empty() && !name.contains('/') => {
                found::pod(&format!("{namespace}/{name}"))
            }
            (reference, _) => found::pod(reference),
        };
        let pod = pod.ok_or_else(|| {
            wrong(format!(
                "status.allocatedIPs has {address} for {}, which is no pod as in \"team-a/web-0\"",
                record["pod"]
            ))
        })?;
        let interface = text(&record, "/interface");
        found.push(Found {
            pool: Some(name.to_owned()),
            pod: Some(pod),
            uid: text(&record, "/podUid").to_owned(),
            interface: (!interface.is_empty()).then(|| interface.to_owned()),
            ..Found::new(source.clone(), address)
        });
    }
    Ok(found)
}

/// The addresses of all endpoints.
pub(crate) fn of_endpoints(objects: &Objects) -> Vec<Found> {
    let is_endpoint = |object: &&Value| object["kind"] == "SpiderEndpoint";
    let mut found = Vec::new();
    for endpoint in objects.others.iter().filter(is_endpoint) {
        let pod = pod_of(endpoint);
        let node = text(endpoint, "/status/current/node");
        let ips = endpoint
            .pointer("/status/current/ips")
            .and_then(Value::as_array);
        for details in ips.into_iter().flatten() {
            for (address, pool) in [("/ipv4", "/ipv4Pool"), ("/ipv6", "/ipv6Pool")] {
                let Some(address) = address_of(text(details, address)) else {
                    continue;
                };
                let (pool, interface) = (text(details, pool), text(details, "/interface"));
                found.push(Found {
                    pool: (!pool.is_empty()).then(|| pool.to_owned()),
                    pod: Some(pod.clone()),
                    uid: text(endpoint, "/status/current/uid").to_owned(),
                    node: (!node.is_empty()).then(|| node.to_owned()),
                    interface: (!interface.is_empty()).then(|| interface.to_owned()),
                    ..Found::new(format!("SpiderEndpoint {pod}"), address)
                });
            }
        }
    }
    found
}
