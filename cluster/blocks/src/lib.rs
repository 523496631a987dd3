//! How nodes share the addresses of a pool.
//!
//! **The rule**: at any time one node, or none, may use a block of addresses without asking: the one that its object at
//! the API server names, unless that says `released`. Whoever creates the object has the block.
//!
//! Here is all that decides, and nothing that speaks: the API server is the trait [`Api`], the node's lease store the
//! trait [`Store`], time, chance and pools the trait [`Agent`]. So a test runs many nodes against a model of the API
//! server and checks the rule after every step (`tests/`).

mod agent;
mod api;
mod arithmetic;
mod bindings;
mod claims;
mod create;
mod exhaustion;
mod hold;
mod idle;
mod kept;
mod orphans;
mod part;
mod reconcile;
mod requested;
mod size;
mod state;
mod store;
mod take;

pub use agent::{Agent, Conflict, Pool};
pub use api::{
    Api, BoundTo, Created, Deleted, Failure, Listed, Replaced, Stored, Version, api_space,
    label_value, labels,
};
pub use claims::Blocks;
pub use orphans::{
    Freeing, LONGEST_GAP, MISSING_FOR, NodeSeen, OUT_OF_SERVICE_FOR, Orphan, Orphans,
};
pub use part::part_label;
pub use store::{GaveBack, Leased, Seen, Store, StoreError};

use std::net::IpAddr;

/// First and last address, both included and of one family.
pub type Range = (IpAddr, IpAddr);

/// The label of a block with its node.
pub const NODE_LABEL: &str = "ipam.plumb.network/node";
/// The label of a block with its pool.
pub const POOL_LABEL: &str = "ipam.plumb.network/pool";
/// The label of a block with where its addresses are ([`part_label`]).
pub const PART_LABEL: &str = "ipam.plumb.network/part";
/// The label of a block with for whom its address is kept ([`BoundTo::label`]).
pub const BOUND_LABEL: &str = "ipam.plumb.network/bound";
