//! The pod's interface, from what it is made of to its routes, in calls that follow one another.
//!
//! ```
//! use plumb_sdk::prelude::*;
//!
//! # fn outline(parent: &Link, gateway: Option<IpAddr>) -> Result<()> {
//! let link = Macvlan::on(parent).mtu(9000).create()?;
//! link.sysctls(Ipv4, &[("rp_filter", "2"), ("arp_ignore", "1"), ("arp_announce", "2")])?;
//! let own = link.bring_up(Configured)?; // the addresses to come
//! link.route(own.subnet()).table(101).add()?;
//! link.route(DEFAULT).via(gateway).table(101).add()?;
//! Rule::from(own.address()).table(101).priority(1101).add()
//! # }
//! ```
//!
//! Each ends with the call that records: `create`, `move_in`, `add`. What the kernel would refuse is refused
//! before, with the parent and what is possible; the rules are those of the host
//! (`plumb_values::arguments`), and `check` asks them alone, as `ready` does, which records nothing.
//!
//! Below are the plain functions of [`operations`](crate::operations) and [`routing`](crate::routing), one for each
//! operation of the contract, which can be mixed with these.

mod addresses;
mod ipoib;
mod ipvlan;
mod macvlan;
mod moved;
mod pod_link;
mod route;
mod rule;

pub use addresses::{AddressOf, Addressing, Configured, Previous};
pub use ipoib::Ipoib;
pub use ipvlan::Ipvlan;
pub use macvlan::Macvlan;
pub use moved::MovedFunction;
pub use route::{DEFAULT, Destination, LinkRoute};
pub use rule::{Rule, Source};

#[cfg(test)]
mod tests;
