//! The custom resources of a cluster.
//!
//! What users write keeps the group and the fields of Spiderpool, so that their manifests and tools serve. What plumb keeps for itself
//! is in a group of its own.

mod block;
mod pool_state;

#[cfg(feature = "kube")]
pub use block::IPBlock;
pub use block::{Binding, BlockPod, IPBlockSpec, SMALLEST_POOL_FOR_BLOCKS, block_name};
#[cfg(feature = "kube")]
pub use pool_state::PoolState;
pub use pool_state::{PoolStateSpec, PoolStateStatus};

/// The group of what plumb keeps for itself.
pub const GROUP: &str = "ipam.plumb.network";
/// The version of what plumb keeps for itself.
pub const VERSION: &str = "v1alpha1";
/// The group of what users write.
pub const USERS_GROUP: &str = "spiderpool.spidernet.io";
/// The version of what users write.
pub const USERS_VERSION: &str = "v2beta1";
/// The annotation of a pool file that the agent has written: its addresses are shared by the nodes of a cluster.
pub const SHARED_ANNOTATION: &str = "plumb.network/shared";
/// The annotation of a pool file with why this node may not use the pool.
pub const UNUSABLE_ANNOTATION: &str = "plumb.network/unusable";
/// The annotation of a pool file whose affinities only the agent can compare with a pod.
pub const POD_AFFINITY_ANNOTATION: &str = "plumb.network/pod-affinity";
