//! What an address policy proposed, checked: a policy chooses, it does not make addresses up.

use std::net::IpAddr;

use plumb_engine::limits;

use super::refusal::Refusal;
use crate::kernel::route::Route;
use crate::leases::Candidate;
use crate::operations::claim_addresses::Source;
use crate::pools::{AddressRange, Family, Pool};
use crate::{Code, Error, Result};

/// What an address policy wants, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// For each address its sources in the order of preference.
    pub claims: Vec<Vec<Source>>,
    /// Whether a pod of the same name is to get the same address again.
    pub keep: bool,
}

/// A place that an address may come from, as a policy proposed it.
#[derive(Debug, Clone, PartialEq)]
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
    pub routes: std::result::Result<Vec<Route>, Refusal>,
}

/// What an address policy wants, as it said it.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposed {
    /// The candidates of each address.
    pub claims: Vec<Vec<ProposedCandidate>>,
    /// Whether a pod of the same name is to get the same address again.
    pub keep: bool,
}

/// What a policy proposed, within the limits and within the pools that it was given.
///
/// # Errors
///
/// [`Code::COMPONENT_FAILED`] with the first thing that is not.
pub fn check(component: &str, proposal: Proposed, pools: &[Pool]) -> Result<Proposal> {
    let broken = |message: String| {
        Error::new(
            Code::COMPONENT_FAILED,
            format!("component {component} proposed {message}; nothing was changed"),
        )
    };
    if proposal.claims.is_empty() || proposal.claims.len() > limits::CLAIMS {
        return Err(broken(format!(
            "{} addresses, where 1 to {} are possible",
            proposal.claims.len(),
            limits::CLAIMS
        )));
    }
    let mut claims = Vec::with_capacity(proposal.claims.len());
    for candidates in proposal.claims {
        let mut sources = Vec::with_capacity(candidates.len());
        for candidate in candidates {
            let Some(pool) = pools.iter().find(|pool| pool.name == candidate.pool) else {
                if candidate.pool.len() > limits::STRING_BYTES {
                    return Err(broken(format!(
                        "a pool's name of more than {} bytes",
                        limits::STRING_BYTES
                    )));
                }
                return Err(broken(format!(
                    "pool {:?}, which is not among those of the configuration",
                    candidate.pool
                )));
            };
            if pool.disabled {
                return Err(broken(format!(
                    "pool {}, which is disabled",
                    candidate.pool
                )));
            }
            if candidate.ranges.len() > limits::RANGES {
                return Err(broken(format!(
                    "{} ranges of pool {}, where {} are possible",
                    candidate.ranges.len(),
                    candidate.pool,
                    limits::RANGES
                )));
            }
            let usable = pool.usable();
            for (first, last) in &candidate.ranges {
                if first.is_ipv4() != last.is_ipv4() || first > last {
                    return Err(broken(format!("{first}-{last}, which is no range")));
                }
                let inside = |range: &AddressRange| range.first <= *first && *last <= range.last;
                if !usable.iter().any(inside) {
                    return Err(broken(format!(
                        "{first}-{last}, which pool {} does not give out",
                        pool.name
                    )));
                }
            }
            if let Some(gateway) = candidate.gateway
                && Family::of(gateway) != pool.family
            {
                return Err(broken(format!(
                    "gateway {gateway} for {} addresses",
                    pool.family
                )));
            }
            if candidate.prefix_length > pool.family.bits() {
                return Err(broken(format!(
                    "prefix length {} for {} addresses",
                    candidate.prefix_length, pool.family
                )));
            }
            let routes = candidate.routes;
            sources.push(Source {
                candidate: Candidate {
                    pool: candidate.pool,
                    ranges: candidate.ranges,
                },
                prefix: candidate.prefix_length,
                gateway: candidate.gateway,
                routes: routes.map_err(|error| broken(error.message))?,
            });
        }
        if sources.is_empty() {
            return Err(broken("an address without a pool to take it from".into()));
        }
        claims.push(sources);
    }
    Ok(Proposal {
        claims,
        keep: proposal.keep,
    })
}
