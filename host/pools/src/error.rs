//! Why pools are refused.

use std::io;
use std::path::PathBuf;

use ipnetwork::IpNetwork;

use super::range::whole;
use super::{AddressRange, Family};

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
    /// Addresses are reserved, and it cannot be read which.
    #[error(
        "{fault}; which addresses it reserves is not known, so no pool of the folder gives any out"
    )]
    Reservation {
        /// What is wrong with the file or object.
        fault: String,
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
    #[error("{value} has host bits set; did you mean {canonical}{}?", or(*longer))]
    HostBits {
        /// As written.
        value: String,
        /// The network of this prefix that holds the address.
        canonical: IpNetwork,
        /// The network of this address, with the longer prefix that it would need; none for the address of a host.
        longer: Option<IpNetwork>,
    },
    /// A manifest without addresses.
    #[error(
        "not written, so the pool gives out no address, as with Spiderpool; list ranges of its subnet, or all of it as {subnet}"
    )]
    NoAddresses {
        /// The pool's subnet.
        subnet: IpNetwork,
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
    #[error("{value:?} is outside the subnet {subnet}, which is {}", whole(*subnet))]
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
    #[error("unknown field; {question}known are {known}")]
    Unknown {
        /// The known fields, separated by commas.
        known: String,
        /// After those that are nearly the same; empty where none is.
        question: String,
    },
    /// A field written twice in different case.
    #[error("written more than once, in upper and lower case; keep one")]
    Repeated,
}

/// The second of two networks that may be meant.
fn or(longer: Option<IpNetwork>) -> String {
    longer.map_or_else(String::new, |network| format!(" or {network}"))
}
