//! The custom resources of a cluster.
//!
//! What users write keeps the group and the fields of Spiderpool, so that their manifests and tools serve. What plumb keeps for itself
//! is in a group of its own.

mod block;
mod coordinator;
mod fields;
mod multus_config;
mod pool;
mod pool_state;
mod render;

#[cfg(feature = "kube")]
pub use block::IPBlock;
pub use block::{Binding, BlockPod, IPBlockSpec, SMALLEST_POOL_FOR_BLOCKS, block_name};
pub use coordinator::{Coordinator, PolicyRoute};
pub use multus_config::{
    Bond, FORM_ANNOTATION, Form, KIND as MULTUS_CONFIG_KIND, MultusConfig, Network, Ovs, Parent,
    Pools, Trunk,
};
pub use pool::{
    COORDINATOR_KIND, POOL_KIND, RESERVED_KIND, SUBNET_KIND, SUBNETS_ARE_NOT_USED, unknown_pools,
    without_affinities,
};
#[cfg(feature = "kube")]
pub use pool_state::PoolState;
pub use pool_state::{PoolStateSpec, PoolStateStatus};
pub use render::{
    ANSWERED, ATTACHMENT_KIND, ATTACHMENT_VERSION, RESOURCE_ANNOTATION, Rendered, render,
};

/// The group of what plumb keeps for itself.
pub const GROUP: &str = "ipam.plumb.network";
/// The version of what plumb keeps for itself.
pub const VERSION: &str = "v1alpha1";
/// The group of what users write.
pub const USERS_GROUP: &str = "spiderpool.spidernet.io";
/// The version of what users write.
pub const USERS_VERSION: &str = "v2beta1";
