//! The contract as the rest of the crate sees it: in a component, what the host offers;
//! natively, what the double in `testing` does. Both have the names and signatures that
//! `wit-bindgen` makes of `wit/`.

#[cfg(target_family = "wasm")]
pub(crate) use crate::bindings::{
    address_policy::plumb::cni::pools,
    flavour::plumb::cni::{facts, log, operations, requests, routing},
};

#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::testing::host::{facts, log, operations, pools, requests, routing};

pub(crate) use crate::bindings::address_policy::plumb::cni::pools::AddressRange;
pub(crate) use crate::bindings::flavour::plumb::cni::types;
