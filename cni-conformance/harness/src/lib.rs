//! Black-box tests of a CNI plugin binary against a real kernel.
//!
//! A test makes a [`Node`] (private mount and network namespaces) for a [`Plugin`], adds
//! pods to it, calls the plugin as a runtime would ([`Call`]) and asks the [`Oracle`]
//! whether anything was left behind. The harness knows the CNI specification and the
//! kernel; it does not use a line of any plugin.

pub mod call;
pub mod delegate;
pub mod ip;
pub mod node;
pub mod oracle;
pub mod outcome;
pub mod plugin;
pub mod result;
pub mod script;
pub mod traffic;
pub mod wait;

pub use call::{Call, Running};
pub use delegate::Delegate;
pub use node::{Node, Pod};
pub use oracle::Oracle;
pub use outcome::Outcome;
pub use plugin::{PACKAGED_PLUGINS, Plugin};
