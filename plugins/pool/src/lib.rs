//! Address policy `pool`: an interface gets one address of each family, from the pools
//! that the configuration names, has inline, or that are marked as default. The order
//! written is the order of fallback.

mod configuration;
mod proposal;
mod selection;
mod wildcard;

pub use configuration::Configuration;

use plumb_sdk::prelude::*;

#[policy]
fn propose(keys: Configuration, request: &Request, pools: &[Pool]) -> Result<Proposal> {
    let selected = selection::select(&keys, request, pools)?;
    proposal::propose(&keys, request, &selected)
}

#[cfg(test)]
mod tests;
