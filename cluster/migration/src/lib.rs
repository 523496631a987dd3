//! From other products' addresses to plumb's, and back, while their pods run.
//!
//! Spiderpool and whereabouts keep who has which address in objects of the API server, host-local in files of each node.
//! Here they become blocks and leases:
//!
//! 1. `plumb-migrate` reads all of it ([`Objects`]) and makes a [`Plan`]: which node gets which block, for which pods, and
//!    what contradicts itself. Nothing else decides.
//! 2. It creates the blocks (`cluster`). Each has the [`Fact`]s about its pods in an annotation and, instead of the label by
//!    which a node finds what it may give out, [`IMPORTED_LABEL`]: so no node may claim it, and its own does not give out
//!    anything of it yet. When all are there, the pool is marked ([`gate`]): until then no node uses it.
//! 3. The agent of a node takes the facts up as leases ([`node`]), and then the block gets the node's label. What the pods'
//!    DEL will come with, it reads from the runtime's own files ([`cni_cache`]).
//!
//! Each step may end at any point and begin again: an object that is there is left as it is, a lease that is known stays.

pub mod back;
pub mod cluster;
pub mod cni_cache;
mod fact;
mod found;
pub mod gate;
pub mod host_local;
pub mod node;
mod objects;
mod plan;
mod spiderpool;
mod text;
mod whereabouts;

#[cfg(test)]
mod tests;

pub use fact::Fact;
pub use found::Found;
pub use objects::{Interface, Objects, PodSeen, Pool};
pub use plan::{Plan, PlannedBlock, PlannedPool};

/// The label of a block that was made for another product's pods and whose facts its node has not taken up: the node.
pub const IMPORTED_LABEL: &str = "ipam.plumb.network/imported";

/// The annotation of such a block with its [`Fact`]s, and of a pool with what was imported of it ([`gate`]).
pub const IMPORTED_ANNOTATION: &str = "ipam.plumb.network/imported";
