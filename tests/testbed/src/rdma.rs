//! rdma(8): RDMA devices, by a program that is not ours.

use crate::program::{inside, json};

/// An RDMA device of one namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Such as `mlx5_3`.
    pub name: String,
    /// Such as `0002:c903:0003:0010`.
    pub node_guid: String,
}

/// The devices of the named network namespace, or of the host's.
#[track_caller]
pub fn devices(pod: Option<&str>) -> Vec<Device> {
    let line = match pod {
        Some(pod) => inside(pod, "rdma -j dev"),
        None => "rdma -j dev".to_owned(),
    };
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
    json(&line)
        .iter()
        .map(|device| Device {
            name: text(&device["ifname"]),
            node_guid: text(&device["node_guid"]),
        })
        .collect()
}

/// The names of the devices of one namespace.
#[track_caller]
pub fn names(pod: Option<&str>) -> Vec<String> {
    devices(pod).into_iter().map(|device| device.name).collect()
}

/// Gives a device of the pod back to the host, by the pod's own hand. rdma(8) looks for
/// namespaces below `/var/run/netns` only; the host's is the one of the first process.
#[track_caller]
pub fn give_back(pod: &str, device: &str) {
    let line = format!("rdma dev set {device} netns ../../proc/1/ns/net");
    crate::program::run(&inside(pod, &line));
}
