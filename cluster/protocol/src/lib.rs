//! What plumb asks the agent of its node, and what the agent answers.
//!
//! The agent listens on a unix socket that only root may connect to. A connection carries one question and one answer,
//! each a line of JSON. plumb asks only where what the node holds already does not serve; a DEL never asks.
//!
//! Of each call that has ended plumb leaves a line in a file that the agent has made, see [`Call`].

pub mod registry;

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Where the agent listens.
pub const SOCKET: &str = "/run/plumb/agent.sock";

/// Most bytes of a question or an answer.
pub const LIMIT: usize = 1024 * 1024;

/// The file of [`Call`]s, below the state folder. The agent makes it and takes it away; plumb appends to one that is there.
pub const CALLS: &str = "calls";

/// Most bytes that the file of calls gets; of calls beyond them nothing is written.
pub const CALLS_LIMIT: u64 = 1024 * 1024;

/// A call of a runtime that has ended: one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Call {
    /// `CNI_COMMAND`: `ADD`, `DEL`, `CHECK`, `GC` or `STATUS`.
    pub verb: String,
    /// The network's name; empty where the configuration could not be read.
    pub network: String,
    /// The code of the error (`docs/errors.md`); 0 for none.
    pub code: u32,
    /// From the start of the program to what it prints.
    pub microseconds: u64,
}

/// What plumb asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Question {
    /// Addresses that the node does not hold yet.
    Take(Take),
    /// What a pod's and its namespace's annotations and labels say about its addresses.
    Pod(PodName),
}

/// A pod, as `CNI_ARGS` names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PodName {
    /// `K8S_POD_NAMESPACE`.
    pub namespace: String,
    /// `K8S_POD_NAME`.
    pub name: String,
    /// `K8S_POD_UID`; empty where the runtime does not tell it.
    #[serde(default)]
    pub uid: String,
}

/// Addresses that are wanted for one interface: one of each claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Take {
    /// In which an address is held once; `""` is the node's own (see `Lease::space` of `plumb-leases`).
    pub space: String,
    /// The network's name.
    pub network: String,
    /// `CNI_IFNAME`.
    pub interface: String,
    /// The pod, where the runtime named one.
    pub pod: Option<PodName>,
    /// Whether the pod's name is to get the same addresses again, on whatever node.
    pub keep: bool,
    /// Whether the addresses were asked for one by one: then another one does not serve.
    pub requested: bool,
    /// For each address where it may come from, by preference. Only pools that the cluster shares.
    pub claims: Vec<Vec<Candidate>>,
}

/// A pool and what of it may be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Candidate {
    /// The pool's name.
    pub pool: String,
    /// First and last address of each range, both included.
    pub ranges: Vec<(IpAddr, IpAddr)>,
}

/// What the agent answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The lease store has what was asked for; the ranges that were added.
    Taken(Vec<(IpAddr, IpAddr)>),
    /// What is known of the pod.
    Pod(PodChoice),
    /// Why not.
    Refused(Refusal),
}

/// Why the agent did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refusal {
    /// The code that plumb ends with (`docs/errors.md`).
    pub code: u32,
    /// One sentence for a person.
    pub message: String,
}

/// What a pod's annotations, its namespace's, and the affinities of pools say. The agent writes it for each pod of its
/// node into the folder of choices, and answers [`Question::Pod`] with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct PodChoice {
    /// The pod's UID.
    pub uid: String,
    /// Pools by interface; `*` is any interface that has no entry of its own.
    pub pools: BTreeMap<String, ChosenPools>,
    /// Routes that the pod's first interface gets beside those of its pool.
    pub routes: Vec<ChosenRoute>,
    /// The interface that has the pod's default route.
    pub default_route_nic: Option<String>,
    /// Pools that are not for this pod, with why: their affinities do not match.
    pub refused_pools: BTreeMap<String, String>,
    /// Whether the pod's name gets the same addresses again, on whatever node: it belongs to a StatefulSet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keep: bool,
    /// Why the pod gets no address at all: an annotation that cannot be understood, as one sentence. Its ADD ends with the
    /// code of a wrong configuration (7) instead of with addresses that the pod's author did not mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
}

/// Which pools an interface may have addresses of, by preference.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct ChosenPools {
    /// Names and patterns of IPv4 pools.
    pub ipv4: Vec<String>,
    /// Names and patterns of IPv6 pools.
    pub ipv6: Vec<String>,
    /// Whether the interface gets no default route.
    pub clean_gateway: bool,
    /// Which annotation says so, for messages.
    pub because: String,
}

/// A route that an annotation asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ChosenRoute {
    /// The destination, as `10.0.0.0/16`.
    pub dst: String,
    /// The next hop.
    pub gw: IpAddr,
}
