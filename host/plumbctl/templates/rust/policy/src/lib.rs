//! Address policy `{{name}}`: an interface gets an address of each pool that its network has.

use plumb_sdk::prelude::*;

#[policy]
fn propose(_request: &Request, pools: &[Pool]) -> Result<Proposal> {
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

#[cfg(test)]
mod tests;
