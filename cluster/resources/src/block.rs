//! Blocks of addresses, each of which at most one node uses at a time.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// How many addresses a pool must have for each node before it is given out in blocks of more than one.
pub const SMALLEST_POOL_FOR_BLOCKS: u64 = 16;

/// A block of addresses that a node has claimed.
///
/// Creating the object is the claim: its name says the space and the first address ([`block_name`]), and the API server
/// lets a name exist once. At any time one node, or none, may give out the block's addresses without asking: the one
/// in `node`, unless `released` is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "kube", derive(kube::CustomResource))]
#[cfg_attr(
    feature = "kube",
    kube(
        group = "ipam.plumb.network",
        version = "v1alpha1",
        kind = "IPBlock",
        plural = "ipblocks",
        schema = "disabled"
    )
)]
pub struct IPBlockSpec {
    /// In which an address is held once; `default` is the nodes' own.
    pub space: String,
    /// The first address, a multiple of `size`.
    pub first: IpAddr,
    /// How many addresses, a power of two.
    pub size: u32,
    /// The node that may use them.
    pub node: String,
    /// The pool for which they were claimed; for people.
    pub pool: String,
    /// Whether the node has stopped using them: another one may take the block over, by a change that the API server
    /// compares with what was read.
    #[serde(default)]
    pub released: bool,
    /// When it was released, in seconds since 1970-01-01 UTC by the node's clock; for the order in which blocks are freed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<u64>,
    /// How many times a node has claimed it again since it was made: by this change what an earlier agent may have sent
    /// before, and the API server has not done yet, is no more for the block as it is.
    #[serde(default)]
    pub claims: u64,
    /// Pods that get their address again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bindings: Vec<Binding>,
}

/// An address that is kept for an interface of a pod.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The address.
    pub address: IpAddr,
    /// The pod.
    pub pod: BlockPod,
    /// The network's name.
    pub network: String,
    /// The interface's name in the pod.
    pub interface: String,
}

/// A pod by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockPod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// The name of the block of `space` that begins with `first`. An IPv6 address is 32 hexadecimal digits.
#[must_use]
pub fn block_name(space: &str, first: IpAddr) -> String {
    match first {
        IpAddr::V4(first) => format!("{space}-{first}"),
        IpAddr::V6(first) => format!("{space}-{:032x}", first.to_bits()),
    }
}
