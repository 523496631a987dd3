//! Address policy `{{name}}`: an interface gets an address of each pool that its network has.

use plumb_sdk::pools::{Candidate, Pool, Proposal};
use plumb_sdk::{AddressPolicy, Error, Request, export_address_policy};

/// The policy; `export_address_policy!` makes the component of it.
pub struct EachPool;

impl AddressPolicy for EachPool {
    fn propose(_request: &Request, pools: &[Pool]) -> Result<Proposal, Error> {
        if pools.is_empty() {
            return Err(Error::invalid_configuration(
                "there is no pool: \"ipam\" of the network needs \"pools\"",
            ));
        }
        let claim = |proposal: Proposal, pool: &Pool| {
            proposal.with_claim(vec![Candidate::new(pool, &pool.usable())])
        };
        Ok(pools.iter().fold(Proposal::new(), claim))
    }
}

export_address_policy!(EachPool);

#[cfg(test)]
mod tests;
