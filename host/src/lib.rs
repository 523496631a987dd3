//! plumb: attaches pods to RDMA networks.
//!
//! # Layout, in the order that things happen
//!
//! - [`cni`]: what the runtime sent, and what it means
//! - [`verbs`]: the six verbs, each a short file that reads as its story
//! - [`decide`]: from the request to a [`plan`], with the help of [`components`] that
//!   see [`facts`] and [`pools`] and change nothing
//! - [`perform`] and [`undo`]: forward and backward over [`operations`], each written
//!   into the [`journal`] before it is done
//! - [`leases`] and [`ipam_plugin`]: where addresses come from
//! - [`kernel`]: the only place that talks to the kernel
//! - [`error`]: the only place that gives errors their CNI code

pub mod cni;
pub mod components;
pub mod decide;
pub mod error;
pub mod facts;
pub mod functions;
pub mod ipam_plugin;
pub mod journal;
pub mod machine;
pub mod operations;
pub mod perform;
pub mod plan;
pub mod program;
pub mod recovery;
pub mod trace;
pub mod undo;
pub mod verbs;
pub mod watch;

pub use plumb_kernel as kernel;
pub use plumb_leases as leases;
pub use plumb_pools as pools;
pub use plumb_values::mac;

pub use error::{Code, Error, Result};
