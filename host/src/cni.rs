//! The protocol: what a runtime sends and what it gets (CNI specification 1.1.0).
//!
//! Three steps: what was sent ([`environment`], [`configuration`], [`arguments`]), what it is
//! about ([`request`]), and for ADD all that it asks for ([`add_request`]). DEL, CHECK and GC
//! stop at the second: a value that is wrong now must not keep anything from being deleted.
//! Parsing touches nothing.

pub mod add_request;
pub mod arguments;
pub mod configuration;
pub mod coordinator;
pub mod environment;
mod folders;
pub mod from_master;
pub mod gateway_check;
pub mod ifacer;
pub mod keys;
pub mod master;
pub mod old_result;
pub mod output;
pub mod previous;
pub mod rails;
pub mod request;
pub mod result;
pub mod version;

pub use add_request::AddRequest;
pub use configuration::Configuration;
pub use environment::{Environment, Verb};
pub use request::Request;
pub use version::Version;
