//! Address pools, and what a policy makes of them.
//!
//! A policy never picks an address. It returns ranges in the order of preference; the
//! host claims the first free address, in one transaction with all other pods.

pub use crate::bindings::address_policy::plumb::cni::pools::{
    AddressRange, Candidate, Claim, Family, Pool, Proposal,
};
