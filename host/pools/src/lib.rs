//! Address pools: from what a user wrote to checked, typed values.
//!
//! Pools come from two places, which may be used together: inline, as `ipam.pools`
//! of the network configuration, and from a folder of Kubernetes manifests with
//! `SpiderIPPool` and `SpiderReservedIP` objects. Both are checked by the same rules.
//! They include those of Spiderpool's admission webhook, because manifests in a folder
//! never passed the API server. Two things are wider: `ips` may hold networks, and a
//! pool without `ips` is its whole subnet, where Spiderpool's has no address.
//!
//! The check is here, before any policy sees a pool, so that a policy can rely on it:
//! one family, all ranges inside the subnet, no address in two enabled pools. Nothing in
//! this module enumerates addresses; a /10 or an IPv6 /64 costs as much as a /30.

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

use std::net::IpAddr;
use std::path::Path;

use ipnetwork::IpNetwork;
use serde_json::Value;

pub use error::{Error, Problem};
pub use plumb_values::{AddressRange, Family};
pub use range::whole;

/// A checked pool of addresses; the host's side of the record `pool` in `wit/0.1/pools.wit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Unique in its set; letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Family of every address in the pool.
    pub family: Family,
    /// Network without host bits. Its prefix length is what a pod's address gets.
    pub subnet: IpNetwork,
    /// `ips`, merged and ascending, inside `subnet`. Empty: the whole subnet.
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

/// Reads the pools of both sources into one set: inline pools first, then those of the
/// folder by file name and document. No source makes an empty set.
///
/// `inline` is the value of `ipam.pools`, an array, with every object key in lower case. Of
/// the folder all `*.yaml`, `*.yml` and `*.json` files are read.
///
/// # Errors
///
/// The first thing wrong in either source, a name used twice, an address in two pools, or a
/// folder or file that cannot be read or is not YAML.
pub fn load(inline: Option<&Value>, folder: Option<Folder<'_>>) -> Result<Vec<Pool>, Error> {
    let mut drafts = Vec::new();
    let mut reserved = Vec::new();
    if let Some(value) = inline {
        inline::read(value, &mut drafts)?;
    }
    if let Some(folder) = folder {
        folder::read(folder, &mut drafts, &mut reserved)?;
    }
    set::assemble(drafts, reserved)
}
