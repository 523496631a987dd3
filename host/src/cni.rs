//! The protocol: what a runtime sends and what it gets (CNI specification 1.1.0).
//!
//! Two steps: what was sent ([`environment`], [`configuration`], [`arguments`]) and
//! what it means ([`request`]). Parsing touches nothing.

pub mod arguments;
pub mod configuration;
pub mod environment;
pub mod keys;
pub mod output;
pub mod previous;
pub mod request;
pub mod result;
pub mod version;

pub use configuration::Configuration;
pub use environment::{Environment, Verb};
pub use request::Request;
pub use version::Version;
