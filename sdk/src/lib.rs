//! What a vendor needs to write a component for plumb.
//!
//! A [`Flavour`] says how a pod gets its interface, an [`AddressPolicy`] from which
//! pools its addresses may come. Neither changes anything itself: a flavour looks at
//! [`facts`] and records [`operations`], the host performs them, undoes them on DEL and
//! compares them on CHECK.
//!
//! A whole flavour:
//!
//! ```
//! use plumb_sdk::{Error, Flavour, Request, export_flavour, facts, operations};
//! use serde::Deserialize;
//!
//! #[derive(Deserialize)]
//! struct Configuration {
//!     master: String,
//!     mtu: Option<u32>,
//! }
//!
//! struct Plain;
//!
//! impl Flavour for Plain {
//!     fn attach(request: &Request) -> Result<(), Error> {
//!         let configuration: Configuration = request.configuration()?;
//!         let parent = facts::get_link(facts::Place::Host, &configuration.master)?;
//!         let options = operations::MacvlanOptions {
//!             mtu: configuration.mtu,
//!             ..Default::default()
//!         };
//!         let link = operations::create_macvlan(&parent, &options)?;
//!         operations::bring_up(&link, request.configured_addresses()?.as_ref())
//!     }
//! }
//!
//! export_flavour!(Plain);
//! ```
//!
//! What several networks need is here once: [`function`] finds the PCI function that a device
//! plugin allotted and checks it, [`isolation`] moves RDMA devices, [`guid`],
//! [`partition_key`], [`link_state`] and [`mac`] read and check what users write. [`routing`]
//! has routes and rules, also such as depend on addresses that are known only later.
//!
//! [`testing`] runs it natively, on a node that the test describes, and shows the plan.
//!
//! Build it as a `cdylib` for `wasm32-unknown-unknown`. There is no WASI: no files, no
//! clock, no environment; `std` is there, but what needs an operating system fails.
//! A panic ends the call and nothing has happened to the node; its message is in
//! the error that the runtime shows.

#![deny(missing_docs)]

#[doc(hidden)]
pub mod bindings;

mod arguments;
mod contract;
mod conversion;
mod error;
mod export;
pub mod facts;
pub mod function;
pub mod guid;
mod ipam;
pub mod isolation;
mod json;
pub mod link_state;
pub mod log;
pub mod mac;
pub mod operations;
pub mod partition_key;
pub mod pools;
mod request;
pub mod routing;
#[cfg(not(target_family = "wasm"))]
pub mod testing;

pub use arguments::Arguments;
pub use error::{Error, ErrorCode};
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub use export::guest;
pub use export::{AddressPolicy, Flavour};
pub use ipam::Ipam;
pub use plumb_values::similar::did_you_mean;
pub use plumb_values::{
    AddressRange, Family, Guid, HardwareAddress, IpNetwork, Mac, ParseError, PciAddress,
};
pub use request::{Pod, PreviousInterface, Request, UnusablePool};
