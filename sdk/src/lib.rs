#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

// The macros write paths from the crate's name on, also in here.
extern crate self as plumb_sdk;

#[doc(hidden)]
pub mod bindings;

mod arguments;
mod contract;
mod conversion;
pub mod declaration;
mod error;
mod export;
pub mod facts;
pub mod function;
pub mod guid;
pub mod interface;
mod ipam;
pub mod isolation;
mod json;
pub mod keys;
pub mod log;
pub mod mac;
pub mod operations;
pub mod partition_key;
pub mod pools;
pub mod prelude;
mod request;
pub mod routing;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use arguments::Arguments;
pub use error::{Error, ErrorCode, Result};
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub use export::guest;
pub use export::{AddressPolicy, Flavour};
pub use ipam::Ipam;
pub use plumb_sdk_macros::{flavour, policy};
pub use plumb_values::range;
pub use plumb_values::similar::did_you_mean;
pub use plumb_values::{
    AddressRange, Family, Guid, HardwareAddress, IpNetwork, Mac, NextHop, ParseError, PciAddress,
    PortRange, RuleSelectors,
};
pub use request::{Pod, PreviousInterface, Request, UnusablePool};
