//! Address pools: from what a user wrote to checked, typed values.
//!
//! Pools come from two places: inline, as `ipam.pools`
//! of the network configuration, and from a folder of Kubernetes manifests with
//! `SpiderIPPool` and `SpiderReservedIP` objects. Both are checked by the same rules.
//! They include those of Spiderpool's admission webhook, because manifests in a folder
//! never passed the API server. Two things are wider: `ips` may hold networks, and an inline
//! pool without `ips` is its whole subnet. A `SpiderIPPool` without has no address, as with Spiderpool.
//!
//! What is wrong with an inline pool is wrong with its network. A folder is everybody's: an object that cannot be
//! used is left out with the reason, and the others are not.
//!
//! The check is here, before any policy sees a pool, so that a policy can rely on it:
//! one family, all ranges inside the subnet, no address in two enabled pools. Nothing in
//! this module enumerates addresses; a /10 or an IPv6 /64 costs as much as a /30.

mod annotations;
mod error;
mod fields;
mod folder;
mod inline;
mod inside;
mod manifest;
mod range;
mod routes;
mod set;
mod specification;
mod unsupported;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnetwork::IpNetwork;
use serde_json::Value;

pub use annotations::{POD_AFFINITY_ANNOTATION, SHARED_ANNOTATION, UNUSABLE_ANNOTATION};
pub use error::{Error, Problem};
pub use plumb_values::{AddressRange, Family};
pub use range::whole;

use set::Found;

/// A checked pool of addresses; the host's side of the record `pool` in `wit/0.1/pools.wit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Unique in its set; letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Family of every address in the pool.
    pub family: Family,
    /// Network without host bits. Its prefix length is what a pod's address gets.
    pub subnet: IpNetwork,
    /// `ips`, merged and ascending, inside `subnet`; the whole subnet where an inline pool has none.
    pub ranges: Vec<AddressRange>,
    /// `excludeIPs` and what `SpiderReservedIP` objects take from `subnet`, merged and ascending.
    pub excluded: Vec<AddressRange>,
    /// Next hop of the default route, inside `subnet`.
    pub gateway: Option<IpAddr>,
    /// Routes beside the default route, in the order written.
    pub routes: Vec<PoolRoute>,
    /// Used by networks that name no pool.
    pub is_default: bool,
    /// Gives out no address.
    pub disabled: bool,
    /// Namespaces that may use the pool; empty: all.
    pub namespaces: Vec<String>,
    /// Nodes that may use the pool; empty: all.
    pub nodes: Vec<String>,
    /// `multusName`: networks that may use the pool; empty: all.
    pub networks: Vec<NetworkName>,
    /// The file that it was read from; none for an inline pool.
    pub file: Option<PathBuf>,
    /// Whether the nodes of a cluster share it: then a node gives out what its agent has got for it. An inline pool is
    /// its node's own.
    pub shared: bool,
    /// Why this node may not use it, as its agent says.
    pub unusable: Option<String>,
    /// Whether it is for some pods only, which the agent alone can tell from others by what they are labelled with.
    pub by_pod_affinity: bool,
}

/// How a pool names a network: as Spiderpool names a `NetworkAttachmentDefinition`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkName {
    /// The namespace, where it is written.
    pub namespace: Option<String>,
    /// The name.
    pub name: String,
}

impl fmt::Display for NetworkName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(formatter, "{namespace}/{}", self.name),
            None => formatter.write_str(&self.name),
        }
    }
}

/// What a folder has: pools that can be used, and what cannot.
#[derive(Debug, Default)]
pub struct Set {
    /// By file name and document.
    pub pools: Vec<Pool>,
    /// In the same order, those that two pools are at odds about last.
    pub left_out: Vec<LeftOut>,
}

/// A pool, or a file that may have some, that nobody gets an address of.
#[derive(Debug)]
pub struct LeftOut {
    /// The pool's name, as far as it can be read.
    pub name: Option<String>,
    /// Whether it is marked as default, as far as that can be read.
    pub is_default: bool,
    /// The file.
    pub file: Option<PathBuf>,
    /// Why: one sentence that says where and what would be right.
    pub error: Error,
}

/// A route that comes with an address of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolRoute {
    /// Network without host bits; never the default route.
    pub destination: IpNetwork,
    /// Next hop, inside the pool's subnet.
    pub gateway: IpAddr,
}

/// A folder of manifests.
#[derive(Debug, Clone, Copy)]
pub struct Folder<'a> {
    /// Where the manifests are.
    pub path: &'a Path,
    /// The configuration key that named the folder, for messages.
    pub key: &'a str,
}

/// Reads the pools that a configuration states itself: `ipam.pools`, an array, with every object key in lower case.
///
/// # Errors
///
/// The first thing wrong, a name used twice, or an address in two pools.
pub fn inline(value: &Value) -> Result<Vec<Pool>, Error> {
    let mut found = Found::default();
    inline::read(value, &mut found.drafts)?;
    let Set { pools, left_out } = set::assemble(found);
    match left_out.into_iter().next() {
        None => Ok(pools),
        Some(LeftOut { error, .. }) => Err(error),
    }
}

/// Reads all `*.yaml`, `*.yml` and `*.json` files of a folder.
///
/// # Errors
///
/// [`Error::Folder`] when the folder cannot be listed.
pub fn folder(folder: Folder<'_>) -> Result<Set, Error> {
    let mut found = Found::default();
    folder::read(folder, &mut found)?;
    Ok(set::assemble(found))
}

/// Reads objects that are no files, each with where it is from. Other kinds than pools and reservations are passed over.
/// The place stands for the file, in the pools as well as in messages, which name the objects alone where it is empty.
pub fn objects<'a>(objects: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Set {
    let mut found = Found::default();
    for (place, object) in objects {
        match serde_yaml_ng::to_value(object) {
            Ok(document) => manifest::read(&document, Path::new(place), place, &mut found),
            Err(error) => found.left_out.push(LeftOut {
                name: None,
                is_default: false,
                file: Some(PathBuf::from(place)),
                error: Error::Syntax {
                    place: place.to_owned(),
                    format: "JSON",
                    message: error.to_string(),
                },
            }),
        }
    }
    set::assemble(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_held_against_each_other_as_the_files_of_a_folder() {
        let pool = |name: &str, subnet: &str| {
            serde_json::json!({"apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
                "metadata": {"name": name}, "spec": {"subnet": subnet, "ips": ["10.0.0.1-10.0.0.9"]}})
        };
        let (first, second) = (pool("a", "10.0.0.0/24"), pool("b", "10.0.0.0/16"));
        let reserved = serde_json::json!({"kind": "SpiderReservedIP", "metadata": {"name": "r"}, "spec": {"ips": ["10.0.0.9"]}});
        let set = objects([("one", &first), ("two", &reserved), ("three", &second)]);
        assert_eq!(set.pools.len(), 1);
        assert_eq!(set.pools[0].usable()[0].to_string(), "10.0.0.1-10.0.0.8");
        assert_eq!(
            set.left_out[0].error.to_string(),
            "10.0.0.1-10.0.0.8 is in two pools: one (SpiderIPPool \"a\") and three (SpiderIPPool \"b\"); take it from the \
             `ips` of one of them or add it to its `excludeIPs`"
        );
    }
}
