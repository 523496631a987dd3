//! Rails: a pod with several network cards on networks that lead to each other. Each of them gets a routing table of its
//! own, so that what has its address as the source leaves by it, and what comes in by it is answered by it; and the pod's
//! primary interface gets one, so that an answer to a node that has a rail's address leaves by the way the question came.
//!
//! ```text
//! rule 32764  from the primary's address  lookup 99    default via the cluster's network
//! rule 32765  from the rail's address     lookup 100   default via the rail's gateway
//! main                                                 default via the cluster's network, and what is connected
//! ```
//!
//! It is the host's and not a component's: all flavours have it, and it needs to know of no device.
//!
//! - [`Rails`](crate::cni::rails::Rails): what a network asks for
//! - [`layout`]: the tables, decided when the plan is made, from what the pod has at that moment
//! - [`routes`]: what becomes of the routes of an interface when its addresses are known

pub mod layout;
pub mod routes;

use ipnetwork::IpNetwork;

use crate::cni::rails::Disposition;

pub use crate::operations::route_primary::{PRIMARY_RULE_PRIORITY, RULE_PRIORITY};
pub use layout::Layout;

/// The table of the first rail, `net1`.
pub const FIRST_TABLE: u32 = 100;

/// The table of the pod's primary interface, where it is free.
pub const PRIMARY_TABLE: u32 = 99;

/// How one interface is kept apart from the pod's others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rail {
    /// Its routing table.
    pub table: u32,
    /// What becomes of its routes.
    pub disposition: Disposition,
    /// Networks that other interfaces of the pod reach by this one's gateway as well, where none does yet.
    pub rdma_routes: Vec<IpNetwork>,
    /// `rp_filter` that it should have in effect; none: whatever answers by several ways need.
    pub reverse_path_filter: Option<u8>,
}
