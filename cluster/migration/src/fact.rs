//! What a node must know of an address to take it up as a lease.

use std::net::IpAddr;

use plumb_leases::Pod;
use serde::{Deserialize, Serialize};

/// An address that a pod has from another product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// The address.
    pub address: IpAddr,
    /// The pod; none where only its container is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pod: Option<Pod>,
    /// The pod's UID; empty where it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// The interface in the pod, as the runtime names it in `CNI_IFNAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The network's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// The container, `CNI_CONTAINERID`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Whether the pod's name is to get the address again: it belongs to a `StatefulSet`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
}

impl Fact {
    /// Whose it is, for messages: `pod team-a/web-0 net1`.
    #[must_use]
    pub fn holder(&self) -> String {
        let interface = self.interface.as_deref().unwrap_or("an unknown interface");
        match (&self.pod, &self.container) {
            (Some(pod), _) => format!("pod {pod} {interface}"),
            (None, Some(container)) => format!("container {container} {interface}"),
            (None, None) => format!("nobody known, {interface}"),
        }
    }
}
