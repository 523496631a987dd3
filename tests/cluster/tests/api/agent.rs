//! Agents of several nodes at one API server: each with a state folder of its own, asked as plumb asks them.
//!
//! - `calls`: what plumb left of its calls
//! - `claims`: addresses
//! - `denied`: tokens and rights that are not enough
//! - `files`: what an agent writes for plumb
//! - `installed`: plumb itself, and the node's policy
//! - `outage`: no API server, and agents that are killed
//! - `rights`: what the token of a node may do

mod calls;
mod claims;
mod denied;
mod files;
mod installed;
mod outage;
mod rights;

use std::sync::Once;

pub use plumb_cluster_tests::agents::{ACCOUNT, Agent, NAMESPACE, PATIENCE, SharedPool, install};

/// The cluster of all tests here, with what agents need.
#[track_caller]
pub fn cluster() -> plumb_cluster_tests::Shared {
    static INSTALLED: Once = Once::new();
    let cluster = plumb_cluster_tests::api();
    INSTALLED.call_once(|| install(&cluster));
    cluster
}
