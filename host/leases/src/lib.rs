//! Leases: who holds which address on this node.
//!
//! Each CNI call is a process of its own, so what they share lives in one file, `leases.mdb`, in the state
//! folder: an LMDB environment that any number of processes may open at once. A claim is one write
//! transaction, so it happens whole or not at all, also when the process is killed in the middle of it.
//!
//! The cost of a claim does not grow with the number of leases, nor with the size of a pool: what is taken
//! is kept as maximal runs of consecutive addresses (`extents`), so "the first free address from here on" is
//! one lookup and an IPv6 /64 costs what a /29 costs.
//!
//! What a caller needs is the trait [`Leases`]; [`Store`] is the implementation for one node.

mod address;
mod check;
mod claim;
mod error;
mod extents;
mod file;
mod memory;
mod read;
mod release;
mod store;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use address::NAME_LIMIT;
pub use error::{ClaimError, Error, PoolUsage};
pub use file::{FILE_NAME, SetAside};
pub use store::Store;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// How many addresses the ranges have; all of IPv6 (`2^128`) reads as `u128::MAX`.
    pub size: u128,
    /// How many of them are leased.
    pub taken: u128,
}

/// A store of leases: the one in a file on this node ([`Store`]), or one that a cluster shares.
pub trait Leases {
    /// Takes one address for each entry of `claims`, all of them or none.
    ///
    /// An entry lists its candidates by preference: the address comes from the first that has a free one,
    /// beginning after the address that was last handed out there, so that a released one rests for as long
    /// as possible (peers may still have it in their neighbour tables).
    ///
    /// With `keep` and a `pod` the address is remembered for this pod's name, namespace, network and
    /// interface, and a later claim gets it again if a candidate still has it and nobody holds it. Others get
    /// a remembered address only when nothing else is free.
    ///
    /// # Errors
    ///
    /// [`ClaimError`] for each way to be refused; nothing has been taken then.
    fn claim(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError>;

    /// What [`Leases::claim`] would answer now. Takes nothing.
    ///
    /// # Errors
    ///
    /// As for [`Leases::claim`].
    fn peek(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError>;

    /// Gives back all that `owner` holds and returns it, in the order claimed. An owner that holds nothing is
    /// no error: CNI asks for DEL until it succeeds.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be written.
    fn release(&self, owner: &Owner) -> Result<Vec<Lease>, Error>;

    /// The leases of `owner`, in the order claimed.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    fn held_by(&self, owner: &Owner) -> Result<Vec<Lease>, Error>;

    /// All leases, by space and address, IPv4 before IPv6.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    fn leases(&self) -> Result<Vec<Lease>, Error>;

    /// All owners that hold something, by network, container and interface. What GC compares with the
    /// runtime's list of valid attachments.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    fn owners(&self) -> Result<Vec<Owner>, Error>;

    /// How many leases there are.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    fn count(&self) -> Result<u64, Error>;

    /// How full `ranges` are in `space`. An address in two of the ranges counts once. The cost grows with the
    /// number of runs of taken addresses, so this is for STATUS, not for ADD.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read or a range is none.
    fn usage(&self, space: &str, ranges: &[(IpAddr, IpAddr)]) -> Result<Usage, Error>;
}
