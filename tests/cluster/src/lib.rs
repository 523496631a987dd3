//! A Kubernetes cluster for tests: a real API server, and real nodes (containerd, kubelet,
//! Multus) in mount, network and PID namespaces of their own, all of which end with the tests.
//!
//! A test asks for a cluster that the test binary keeps ([`api`], [`two_nodes`], [`with_chart`]) or starts one of
//! its own ([`Cluster::start`]), makes objects by [`Kubectl`], and looks at its [`Node`]s.

pub mod agents;
pub mod chart;
pub mod cluster;
pub mod daemon;
pub mod install;
pub mod kubectl;
pub mod lent;
pub mod logs;
pub mod node;
pub mod objects;
pub mod picture;
pub mod place;
pub mod pods;
pub mod processes;
pub mod wait;

pub use cluster::{Cluster, Shape};
pub use daemon::Daemon;
pub use kubectl::Kubectl;
pub use lent::{Lent, Shared, api, two_nodes, with_chart};
pub use node::Node;
pub use place::Place;
pub use wait::until;
