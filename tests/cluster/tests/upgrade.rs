//! plumb is replaced by another version, and put back, while interfaces come and go: what a rolling DaemonSet does to a node.
//! A binary of its own, with a cluster of its own: afterwards plumb's pods are others, and its nodes have two images.

#[path = "proof/churn.rs"]
mod churn;
#[path = "proof/direct.rs"]
#[allow(dead_code, reason = "the rest is for tests of `proof`")]
mod direct;
#[path = "proof/manifests.rs"]
#[allow(dead_code, reason = "the rest is for tests of `proof`")]
mod manifests;
#[path = "proof/upgrade.rs"]
mod upgrade;
