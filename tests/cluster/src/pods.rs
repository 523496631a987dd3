//! Pods as the API server has them.

use std::time::Duration;

use serde_json::Value;

use crate::{Cluster, until};

/// The annotation in which Multus says what a pod got.
pub const NETWORK_STATUS: &str = plumb_runtimes::kubernetes::NETWORK_STATUS;

/// A running pod.
#[derive(Clone, Debug)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// The node that it runs on.
    pub node: String,
    /// What Multus says of each of its interfaces, the cluster's network first.
    pub interfaces: Vec<Value>,
}

impl Pod {
    /// The addresses of an interface, without prefixes, as Multus reports them.
    ///
    /// # Panics
    ///
    /// When the pod has no such interface.
    #[track_caller]
    pub fn addresses(&self, interface: &str) -> Vec<String> {
        let of_name = |found: &&Value| found["interface"] == interface;
        let found = self.interfaces.iter().find(of_name);
        let found = found.unwrap_or_else(|| panic!("{interface} is not in {self:?}"));
        let addresses = found["ips"].as_array().into_iter().flatten();
        addresses
            .filter_map(|address| address.as_str().map(str::to_owned))
            .collect()
    }
}

/// Waits until so many pods of the label `app` in the namespace `default` run, and no others are there.
///
/// # Panics
///
/// With the events of their namespace, when that takes longer than `patience`.
#[track_caller]
pub fn running(cluster: &Cluster, app: &str, count: usize, patience: Duration) -> Vec<Pod> {
    let what = format!("{count} pods of {app} run");
    until(&what, patience, || {
        let found = cluster
            .kubectl()
            .list("pods", &["--selector", &format!("app={app}")]);
        let pods: Vec<_> = found.iter().filter_map(of_object).collect();
        if pods.len() == count && found.len() == count {
            return Ok(pods);
        }
        let seen: Vec<_> = found
            .iter()
            .map(|pod| {
                let phase = &pod["status"]["phase"];
                format!("{} {phase}", pod["metadata"]["name"])
            })
            .collect();
        Err(format!("{}\n{}", seen.join(", "), events(cluster)))
    })
}

/// Waits until no pod of the label `app` is in the namespace `default`.
#[track_caller]
pub fn gone(cluster: &Cluster, app: &str, patience: Duration) {
    until(&format!("the pods of {app} are gone"), patience, || {
        let selector = format!("app={app}");
        let found = cluster.kubectl().list("pods", &["--selector", &selector]);
        match found.is_empty() {
            true => Ok(()),
            false => Err(format!("{} pods\n{}", found.len(), events(cluster))),
        }
    });
}

/// What has happened to the pods, as `kubectl describe` shows it: here is what a plugin says
/// that refuses one.
#[track_caller]
pub fn events(cluster: &Cluster) -> String {
    let columns = "custom-columns=OBJECT:.involvedObject.name,REASON:.reason,MESSAGE:.message";
    let arguments = ["get", "events", "--output", columns];
    cluster.kubectl().run(&arguments).expect_success()
}

/// `None` while it does not run, or is about to end.
fn of_object(object: &Value) -> Option<Pod> {
    let metadata = &object["metadata"];
    let started = object["status"]["containerStatuses"].as_array()?;
    let runs = started.iter().all(|container| container["ready"] == true);
    if !runs || !metadata["deletionTimestamp"].is_null() {
        return None;
    }
    let status = metadata["annotations"][NETWORK_STATUS].as_str();
    let interfaces = status.map_or(Ok(Vec::new()), serde_json::from_str);
    Some(Pod {
        name: metadata["name"].as_str()?.to_owned(),
        node: object["spec"]["nodeName"].as_str()?.to_owned(),
        interfaces: interfaces.expect("a network status is a list"),
    })
}
