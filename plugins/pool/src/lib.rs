//! Address policy `pool`: an interface gets one address of each family, from the pools
//! that the configuration names, has inline, or that are marked as default. The order
//! written is the order of fallback.

mod configuration;
mod proposal;
mod selection;
mod wildcard;

pub use configuration::Configuration;

use plumb_sdk::pools::{Pool, Proposal};
use plumb_sdk::{AddressPolicy, Error, Request, export_address_policy};

/// The policy; `export_address_policy!` makes the component of it.
pub struct PoolPolicy;

impl AddressPolicy for PoolPolicy {
    fn propose(request: &Request, pools: &[Pool]) -> Result<Proposal, Error> {
        let configuration = Configuration::read(request)?;
        let selected = selection::select(&configuration, request, pools)?;
        proposal::propose(&configuration, request, &selected)
    }
}

export_address_policy!(PoolPolicy);

#[cfg(test)]
mod tests;
