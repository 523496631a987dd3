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

mod fields;
mod folder;
mod inline;
mod manifest;
mod range;
mod set;
mod specification;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnetwork::IpNetwork;
use serde_json::Value;

/// A checked pool of addresses; the host's side of the record `pool` in `wit/pools.wit`.
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

/// Consecutive addresses of one family, both ends included. Printed as `first-last`,
/// or as the address when there is only one.
///
/// The order is that of the first addresses, IPv4 before IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AddressRange {
    /// Lowest address.
    pub first: IpAddr,
    /// Highest address, of the same family and not below `first`.
    pub last: IpAddr,
}

/// Address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// 32-bit addresses.
    Ipv4,
    /// 128-bit addresses.
    Ipv6,
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

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}

/// Why the pools of a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder cannot be listed.
    #[error("read pools folder {} named by `{key}`: {source}; create it or correct the key", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Configuration key that names it.
        key: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// A file of the folder cannot be read.
    #[error("read pools file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the kernel said, or that the text is not UTF-8.
        source: io::Error,
    },
    /// A file of the folder is not YAML, or not JSON when so named.
    #[error("{place}: not readable as {format}: {message}")]
    Syntax {
        /// File and document.
        place: String,
        /// `YAML` or `JSON`.
        format: &'static str,
        /// What the parser said, with line and column.
        message: String,
    },
    /// A field has a value that cannot be used.
    #[error("{place}: `{field}`: {problem}")]
    Field {
        /// Which pool of which file or array.
        place: String,
        /// Path of the field inside the pool or document, such as `spec.ips[2]`.
        field: String,
        /// What is wrong and what would be right.
        problem: Problem,
    },
    /// Two pools have the same name.
    #[error(
        "two pools are named {name:?}: {first} and {second}; a name may be used once in `ipam.pools` and the pools folder together"
    )]
    DuplicateName {
        /// The name.
        name: String,
        /// Where it was first used.
        first: String,
        /// Where it was used again.
        second: String,
    },
    /// An address could be given out twice.
    #[error(
        "{overlap} is in two pools: {first} and {second}; take it from the `ips` of one of them or add it to its `excludeIPs`"
    )]
    Overlap {
        /// The first stretch of addresses that both have.
        overlap: AddressRange,
        /// The pool with the lower range.
        first: String,
        /// The other pool.
        second: String,
    },
}

/// What is wrong with one field. Shown after its place and name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Required and not there.
    #[error("missing; expected {expected}")]
    Missing {
        /// What would be right.
        expected: &'static str,
    },
    /// Another type or form than the field has.
    #[error("is {value}, expected {expected}")]
    Unexpected {
        /// As JSON.
        value: String,
        /// What would be right.
        expected: &'static str,
    },
    /// Not an address.
    #[error("{value:?} is not an IP address; write it like 172.16.0.1 or fd00::1")]
    Address {
        /// As written.
        value: String,
    },
    /// Not a network in CIDR notation.
    #[error("{value:?} is not a network; write it like 172.16.0.0/16 or fd00::/64")]
    Network {
        /// As written.
        value: String,
    },
    /// Not a range, an address or a network.
    #[error(
        "{entry:?} is not a range of addresses; write it like 172.16.0.10-172.16.0.20, 172.16.0.10 or 172.16.0.0/28"
    )]
    Range {
        /// As written.
        entry: String,
    },
    /// A range whose end is below its start.
    #[error("{entry:?} ends before it starts; did you mean {swapped}?")]
    Descending {
        /// As written.
        entry: String,
        /// The range the other way round.
        swapped: AddressRange,
    },
    /// A range from one family to the other.
    #[error("{entry:?} mixes IPv4 and IPv6; both ends are of one family, like fd00::10-fd00::20")]
    MixedFamilies {
        /// As written.
        entry: String,
    },
    /// A network whose address has bits set behind the prefix.
    #[error("{value} has host bits set; did you mean {canonical}?")]
    HostBits {
        /// As written.
        value: String,
        /// The network that holds the address.
        canonical: IpNetwork,
    },
    /// Of the other family than the pool.
    #[error("{value:?} is not {family} like the subnet {subnet}")]
    OtherFamily {
        /// As written.
        value: String,
        /// The pool's family.
        family: Family,
        /// The pool's subnet.
        subnet: IpNetwork,
    },
    /// Addresses that the pool's subnet does not hold.
    #[error("{value:?} is outside the subnet {subnet}, which is {}", AddressRange::of(*subnet))]
    Outside {
        /// As written.
        value: String,
        /// The pool's subnet.
        subnet: IpNetwork,
    },
    /// `ipVersion` says something else than the addresses.
    #[error("is {version}, but {value} is {family}; leave it out or correct it")]
    Version {
        /// 4 or 6.
        version: u64,
        /// Subnet or range of the other family.
        value: String,
        /// Its family.
        family: Family,
    },
    /// A default route among the routes.
    #[error("{destination} is the default route; use `gateway` for it")]
    DefaultRoute {
        /// `0.0.0.0/0` or `::/0`.
        destination: IpNetwork,
    },
    /// Two routes to one network.
    #[error("{destination} has a route already; write one route for each destination")]
    DuplicateRoute {
        /// The network.
        destination: IpNetwork,
    },
    /// A field that plumb cannot honour.
    #[error("not supported, and without it the pool would serve other pods than meant; {instead}")]
    Unsupported {
        /// What to do instead.
        instead: &'static str,
    },
    /// A field that no pool has.
    #[error("unknown field; known are {known}")]
    Unknown {
        /// The known fields, separated by commas.
        known: String,
    },
    /// A field written twice in different case.
    #[error("written more than once, in upper and lower case; keep one")]
    Repeated,
}
