//! What most components use: `use plumb_sdk::prelude::*;`.

pub use std::net::IpAddr;

pub use crate::facts::{Link, PciFunction};
pub use crate::interface::{
    Configured, DEFAULT, Ipoib, Ipvlan, Macvlan, MovedFunction, Previous, Rule,
};
pub use crate::keys::{HostLink, Keys, Links};
pub use crate::operations::{IpoibMode, IpvlanMode, MacvlanMode, PodLink};
pub use crate::pools::{Candidate, Pool, Proposal};
pub use crate::{
    AddressPolicy, AddressRange, Error, ErrorCode, Family, Flavour, Guid, HardwareAddress,
    IpNetwork, Mac, PciAddress, Request, Result, eprintln, flavour, policy, println,
};
pub use Family::{Ipv4, Ipv6};
