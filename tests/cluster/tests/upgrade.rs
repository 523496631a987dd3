//! plumb is replaced by another version, and put back, while interfaces come and go: what a rolling DaemonSet does to a node.
//! A test of its own because it takes as long as all of `proof`.

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
