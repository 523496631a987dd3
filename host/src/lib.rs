//! plumb: attaches pods to RDMA networks.
//!
//! # Layout, in the order that things happen
//!
//! - [`program`]: one call from standard input to standard output
//! - [`cni`]: what the runtime sent, and what it means; [`attachment`]: whom it is about; [`policy`]: what the
//!   node's administrator allows
//! - [`verbs`]: the six verbs, each a short file that reads as its story; ADD begins with
//!   `clean_up`: what the dead left in the way
//! - [`parent`]: which interface of this node a network means
//! - [`decide`]: from the request to a [`plan`], with the help of [`components`] that
//!   see [`facts`] and [`pools`], as far as these are [available](available_pools), and change nothing
//! - [`perform`] and [`undo`]: forward and backward over [`operations`], each written
//!   into the [`journal`] before it is done
//! - [`machine`]: what operations work on, the [`node`], the [`pod`] and the [`outcome`] so
//!   far; [`routing`]: routes and rules that refer to addresses to come; [`rails`]: which tables keep a pod's interfaces
//!   apart; [`coordinator`]: the same behind another plugin in a chain; [`ifacer`]: before another one, its parent, by a [`mark`]
//!   known as ours
//! - [`functions`]: who has which PCI function, and the way back of one
//! - [`former`]: what the replaced plugins wrote down of functions that their pods have
//! - [`imported`]: the end of pods whose addresses were taken up from another product
//! - [`leases`], [`recovery`] and [`ipam_plugin`]: where addresses come from; [`ipam_keys`]: what is decided about each key
//! - [`agent`]: what this node is told of the cluster; [`pod_choice`]: what a pod's annotations ask for
//! - [`kubelet`]: which pod a device was given to
//! - [`owned`]: which folders are root's alone
//! - [`state`]: the folder of all that outlives a call, its locks and what is set aside
//! - [`kernel`]: the only place that talks to the kernel
//! - [`error`]: the only place that gives errors their CNI code
//! - [`calls`]: what is left of a call for the agent to count
//! - [`trace`]: what a person can follow; [`watch`]: where the tests put a fault

pub mod agent;
pub mod attachment;
pub mod available_pools;
pub mod calls;
mod changed_result;
pub mod cni;
pub mod components;
pub mod coordinator;
pub mod decide;
mod descendants;
pub mod error;
pub mod facts;
pub mod former;
pub mod functions;
pub mod ifacer;
pub mod imported;
pub mod ipam_keys;
pub mod ipam_plugin;
pub mod journal;
pub mod kubelet;
pub mod machine;
pub mod mark;
pub mod netdev;
pub mod network_keys;
pub mod node;
pub mod operations;
pub mod outcome;
pub mod owned;
pub mod parent;
pub mod perform;
pub mod plan;
pub mod pod;
pub mod pod_choice;
pub mod policy;
pub mod program;
pub mod rails;
pub mod recovery;
pub mod routing;
pub mod state;
pub mod trace;
pub mod types;
pub mod undo;
pub mod verbs;
pub mod wait;
pub mod watch;

pub use plumb_kernel as kernel;
pub use plumb_leases as leases;
pub use plumb_pools as pools;
pub use plumb_replace as replace;
pub use plumb_values::octets;

pub use error::{Code, Error, Result};
