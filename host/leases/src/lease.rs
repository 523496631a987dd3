//! What is asked of the store and what it answers.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What holds a lease: one interface that one network gave to one container.
///
/// The three parts are what CNI identifies an attachment by (CNI specification 1.1, "Runtime configuration
/// parameters": the network's `name`, `CNI_CONTAINERID` and `CNI_IFNAME`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// The `name` of the network configuration.
    pub network: String,
    /// `CNI_CONTAINERID`: with Kubernetes the sandbox's, so a restarted pod comes with a new one.
    pub container_id: String,
    /// `CNI_IFNAME`: the interface's name inside the pod.
    pub interface_name: String,
}

/// The pod behind an attachment, from `CNI_ARGS` (`K8S_POD_NAMESPACE`, `K8S_POD_NAME`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Pod {
    /// The pod's Kubernetes namespace.
    pub namespace: String,
    /// The pod's name: for a StatefulSet the same before and after a restart.
    pub name: String,
}

/// As kubectl writes it; podman tells a name and no namespace.
impl fmt::Display for Pod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.namespace.as_str() {
            "" => formatter.write_str(&self.name),
            namespace => write!(formatter, "{namespace}/{}", self.name),
        }
    }
}

/// One address and who holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Within a space an address is held once: `""` is the node's own (pools in the pool folder, which
    /// networks share), any other is the space of the network of that name.
    pub space: String,
    /// The address held.
    pub address: IpAddr,
    /// The pool that it was taken from; only for people to read.
    pub pool: String,
    /// Who holds it.
    pub owner: Owner,
    /// The pod, where the runtime named one.
    pub pod: Option<Pod>,
    /// When it was claimed, in seconds since 1970-01-01 UTC.
    pub since: u64,
}

/// A place where an address may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The pool's name, which lands in the lease and in error texts.
    pub pool: String,
    /// First and last address of each range, both included and of one family. They may be of any size and in
    /// any order; addresses are handed out in the order given, beginning after the last one handed out.
    pub ranges: Vec<(IpAddr, IpAddr)>,
    /// Whether other nodes have the pool as well: then only what this node holds of it is given out
    /// ([`crate::Store::hold`]).
    pub shared: bool,
}

/// What one claim got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The address, now the owner's.
    pub address: IpAddr,
    /// Which of the claim's candidates it came from: an index into the list that was passed in.
    pub candidate: usize,
}

/// How full some ranges are, in addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// How many addresses the ranges have; all of IPv6 (`2^128`) reads as `u128::MAX`.
    pub size: u128,
    /// How many of them are leased.
    pub taken: u128,
    /// How many of them this node holds; of use where the pool is shared.
    pub held: u128,
    /// How many of those that this node holds are leased.
    pub held_taken: u128,
}
