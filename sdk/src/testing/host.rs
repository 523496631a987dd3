//! The host's side of the contract, for a node that a test describes: the names and signatures
//! that `wit-bindgen` makes of `wit/`, the rules and the words of plumb itself.

#![allow(missing_docs, reason = "the same names are documented by the contract")]

mod bridges;
pub(crate) mod facts;
pub(crate) mod log;
mod netdevs;
pub(crate) mod operations;
mod options;
pub(crate) mod pools;
pub(crate) mod requests;
pub(crate) mod routing;

use crate::bindings::flavour::plumb::cni::types;

fn invalid(message: String) -> types::Error {
    error("invalid-configuration", message)
}

fn error(code: &str, message: String) -> types::Error {
    types::Error {
        code: code.to_owned(),
        message,
        details: None,
    }
}
