//! What a pod of these tests has to show.

use cni_harness::{Pod, ip};
use serde_json::Value;

use crate::program::output;

/// The link `eth0` of the pod.
///
/// # Panics
///
/// When there is none.
#[track_caller]
pub fn eth0(pod: &Pod) -> Value {
    link(pod, "eth0")
}

/// The link of this name in the pod.
#[track_caller]
pub fn link(pod: &Pod, name: &str) -> Value {
    pod.link(name).unwrap_or_else(|| {
        let there: Vec<Value> = ip::links(Some(pod.name()))
            .iter()
            .map(|link| link["ifname"].clone())
            .collect();
        panic!("{} has no link {name}, but {there:?}", pod.name())
    })
}

/// Gives the pod an `eth0` with the default route, as the cluster's own network does before Multus adds others.
#[track_caller]
pub fn join_cluster(pod: &Pod) {
    ip::batch(
        Some(pod.name()),
        "link add eth0 type dummy\n\
         link set eth0 up\n\
         address add 10.244.0.5/32 dev eth0\n\
         route add default dev eth0\n",
    );
}

/// Whether a link is set up by the administrator.
pub fn is_up(link: &Value) -> bool {
    link["flags"]
        .as_array()
        .is_some_and(|flags| flags.iter().any(|flag| flag == "UP"))
}

/// The last eight bytes of an InfiniBand link's hardware address: its port's GUID.
pub fn guid(link: &Value) -> String {
    let address = link["address"].as_str().unwrap_or_default();
    let bytes: Vec<&str> = address.split(':').collect();
    bytes[bytes.len().saturating_sub(8)..].join(":")
}

/// The GIDs that are set on an RDMA device's port, as sysfs shows them in the pod.
#[track_caller]
pub fn gids(pod: &Pod, device: &str) -> Vec<String> {
    // ip netns exec mounts the namespace's own sysfs; entering the namespace alone does not.
    let line = format!(
        "ip netns exec {} grep -rhv 0000:0000:0000:0000:0000:0000:0000:0000 /sys/class/infiniband/{device}/ports/1/gids",
        pod.name()
    );
    let text = String::from_utf8_lossy(&output(&line).stdout).into_owned();
    text.lines().map(str::to_owned).collect()
}
