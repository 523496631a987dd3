//! The cluster as users have it: two nodes with plumb from its image and its chart, and the manifests that guides for such
//! clusters have, as they stand there.
//!
//! Adapters are veths. What needs a function of an adapter or InfiniBand cannot be attached: then what the user is told is
//! looked at.

#[path = "proof/abandoned.rs"]
mod abandoned;
#[path = "proof/annotations.rs"]
mod annotations;
#[path = "proof/direct.rs"]
mod direct;
#[path = "proof/manifests.rs"]
mod manifests;
#[path = "proof/mistakes.rs"]
mod mistakes;
#[path = "proof/outages.rs"]
mod outages;
#[path = "proof/pool.rs"]
mod pool;
#[path = "proof/rails.rs"]
mod rails;
#[path = "proof/shared_adapter.rs"]
mod shared_adapter;
#[path = "proof/stateful.rs"]
mod stateful;
