//! What the nodes of a cluster agree on about a pool.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the nodes of a cluster agree on about a pool, named after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "kube", derive(kube::CustomResource))]
#[cfg_attr(
    feature = "kube",
    kube(
        group = "ipam.plumb.network",
        version = "v1alpha1",
        kind = "PoolState",
        plural = "poolstates",
        status = "PoolStateStatus",
        schema = "disabled"
    )
)]
pub struct PoolStateSpec {
    /// How many addresses a block of the pool has; whoever needs the pool first decides it.
    pub block_size: u32,
}

/// What changes about a pool.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PoolStateStatus {
    /// When a node last found nothing free, in milliseconds since 1970-01-01 UTC: the others give idle blocks back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pressure: Option<u64>,
    /// How many addresses the pool has.
    pub total: u64,
    /// How many addresses are in claimed blocks.
    pub held: u64,
    /// How many addresses the blocks of each node have.
    pub nodes: BTreeMap<String, u64>,
}
