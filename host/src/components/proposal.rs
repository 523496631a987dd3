//! What an address policy proposed, checked: a policy chooses, it does not make addresses up.

use std::net::IpAddr;

use plumb_engine::limits;
use plumb_values::arguments::{
    check_candidates, check_claims, check_gateway, check_pool, check_prefix_length, check_ranges,
};

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use super::session::plain_route;
use crate::leases::Candidate;
use crate::operations::claim_addresses::Source;
use crate::pools::{AddressRange, Pool};
use crate::routing::RouteTemplate;
use crate::{Code, Error, Result};

/// What an address policy wants, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// For each address its sources in the order of preference.
    pub claims: Vec<Vec<Source>>,
    /// Whether a pod of the same name is to get the same address again.
    pub keep: bool,
    /// Whether it passes when no address is free.
    pub tries_again: bool,
}

/// A place that an address may come from, as a policy proposed it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProposedCandidate {
    /// Name of the pool.
    pub pool: String,
    /// First and last address of each range.
    pub ranges: Vec<(IpAddr, IpAddr)>,
    /// Prefix that the address gets on the interface.
    pub prefix_length: u8,
    /// The network's gateway.
    pub gateway: Option<IpAddr>,
    /// The routes that come with the address, or what is wrong with one.
    pub routes: std::result::Result<Vec<RouteTemplate>, Refusal>,
}

/// What an address policy wants, as it said it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Proposed {
    /// The candidates of each address.
    pub claims: Vec<Vec<ProposedCandidate>>,
    /// Whether a pod of the same name is to get the same address again.
    pub keep: bool,
    /// Whether it passes when no address is free.
    pub tries_again: bool,
}

/// What a policy proposed, within the limits and within the pools that it was given.
///
/// # Errors
///
/// [`Code::COMPONENT_FAILED`] with the first thing that is not.
pub fn check(component: &str, proposal: Proposed, pools: &[Pool]) -> Result<Proposal> {
    let broken = |what: String| {
        Error::new(
            Code::COMPONENT_FAILED,
            format!("component {component} proposed {what}; nothing was changed"),
        )
    };
    check_claims(proposal.claims.len(), limits::CLAIMS).map_err(broken)?;
    let claims = proposal.claims.into_iter().map(|candidates| {
        check_candidates(candidates.len())?;
        let sources = candidates.into_iter();
        sources
            .map(|candidate| source(candidate, pools))
            .collect::<std::result::Result<_, _>>()
    });
    Ok(Proposal {
        claims: claims
            .collect::<std::result::Result<_, _>>()
            .map_err(broken)?,
        keep: proposal.keep,
        tries_again: proposal.tries_again,
    })
}

/// Where an address may come from, or what is wrong with it.
fn source(candidate: ProposedCandidate, pools: &[Pool]) -> std::result::Result<Source, String> {
    let name = &candidate.pool;
    if name.len() > limits::STRING_BYTES {
        return Err(format!(
            "a pool's name of more than {} bytes",
            limits::STRING_BYTES
        ));
    }
    let Some(pool) = pools.iter().find(|pool| pool.name == *name) else {
        return Err(format!(
            "pool {name:?}, which is not among those of the configuration"
        ));
    };
    check_pool(name, pool.disabled)?;
    let ranges = candidate.ranges.iter();
    let ranges: Vec<_> = ranges
        .map(|&(first, last)| AddressRange { first, last })
        .collect();
    check_ranges(name, &ranges, &pool.usable(), limits::RANGES)?;
    if let Some(gateway) = candidate.gateway {
        check_gateway(pool.family, gateway)?;
    }
    check_prefix_length(pool.family, candidate.prefix_length)?;
    let routes = candidate.routes.map_err(|refusal| refusal.message)?;
    if routes.len() > limits::OPERATIONS {
        return Err(format!(
            "{} routes with an address of pool {name}, more than {}",
            routes.len(),
            limits::OPERATIONS
        ));
    }
    let routes = routes.iter().map(plain_route);
    Ok(Source {
        candidate: Candidate {
            pool: candidate.pool,
            ranges: candidate.ranges,
            shared: pool.shared,
        },
        prefix: candidate.prefix_length,
        gateway: candidate.gateway,
        routes: routes
            .collect::<std::result::Result<_, _>>()
            .map_err(|refusal| refusal.message)?,
    })
}
