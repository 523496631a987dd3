//! From usable pools to what the host is asked to claim.

use std::net::IpAddr;

use plumb_sdk::pools::{Candidate, Proposal};
use plumb_sdk::routing::Route;
use plumb_sdk::{AddressRange, Error, Family, IpNetwork, Request};

use crate::configuration::Configuration;
use crate::selection::{Selected, Usable};

/// The contract's limit for one candidate.
const MAXIMUM_RANGES: usize = 1024;

/// One claim for each family, IPv4 first; where the pod asks for addresses of a family,
/// one for each of them instead.
///
/// Errors: `invalid-configuration` when an address is asked for that no selected pool
/// has, or a pool has more than 1024 ranges.
pub(crate) fn propose(
    configuration: &Configuration,
    request: &Request,
    selected: &[Selected],
) -> Result<Proposal, Error> {
    let asked_for = request.requested_addresses();
    check_requested(&asked_for, selected)?;
    let mut proposal = Proposal::new();
    for Selected { family, pools } in selected {
        let of_family = |address: &&IpAddr| Family::of(**address) == *family;
        let mut requested = asked_for.iter().filter(of_family).peekable();
        if requested.peek().is_none() {
            proposal = proposal.with_claim(any_address(configuration, pools)?);
        }
        for address in requested {
            let candidate = this_address(configuration, pools, *address)?;
            proposal = proposal.with_claim(vec![candidate]);
        }
    }
    // Without the pod's name nobody could know that it came back.
    match configuration.sticky && request.pod().is_some() {
        true => Ok(proposal.keep()),
        false => Ok(proposal),
    }
}

fn check_requested(requested: &[IpAddr], selected: &[Selected]) -> Result<(), Error> {
    for address in requested {
        let family = Family::of(*address);
        if !selected.iter().any(|one| one.family == family) {
            return Err(Error::invalid_configuration(format!(
                "address {address} is asked for, but no {family} pool is selected"
            )));
        }
    }
    Ok(())
}

fn any_address(configuration: &Configuration, pools: &[Usable]) -> Result<Vec<Candidate>, Error> {
    pools
        .iter()
        .map(|usable| {
            let Usable { name, ranges, .. } = usable;
            if ranges.len() > MAXIMUM_RANGES {
                return Err(Error::invalid_configuration(format!(
                    "pool {name} has {} separate ranges of addresses, at most {MAXIMUM_RANGES} are possible: \
                     merge its \"ips\" or its \"excludeIPs\"",
                    ranges.len()
                )));
            }
            Ok(candidate(configuration, usable, ranges))
        })
        .collect()
}

fn this_address(
    configuration: &Configuration,
    pools: &[Usable],
    address: IpAddr,
) -> Result<Candidate, Error> {
    let has = |one: &&Usable| one.ranges.iter().any(|range| range.contains(address));
    if let Some(usable) = pools.iter().find(has) {
        let only = AddressRange::single(address);
        return Ok(candidate(configuration, usable, &[only]));
    }
    let offers: Vec<String> = pools
        .iter()
        .map(|one| format!("{} has {}", one.name, in_words(&one.ranges)))
        .collect();
    Err(Error::invalid_configuration(format!(
        "address {address} is asked for, but no selected pool can give it: {}",
        offers.join("; ")
    )))
}

/// Ranges as text, the first few of them.
fn in_words(ranges: &[AddressRange]) -> String {
    const SHOWN: usize = 4;
    let mut words: Vec<String> = ranges
        .iter()
        .take(SHOWN)
        .map(AddressRange::to_string)
        .collect();
    if ranges.len() > SHOWN {
        words.push(format!("and {} more ranges", ranges.len() - SHOWN));
    }
    words.join(", ")
}

fn candidate(configuration: &Configuration, usable: &Usable, ranges: &[AddressRange]) -> Candidate {
    let pool = usable.pool;
    let mut candidate = Candidate::new(pool, ranges);
    if let Some(gateway) = pool.gateway() {
        candidate = candidate.with_gateway(gateway);
        if !configuration.clean_gateway {
            let everything = IpNetwork::everything(Family::of(gateway));
            candidate = candidate.with_route(Route::to(everything).with_gateway(gateway));
        }
    }
    pool.routes()
        .into_iter()
        .fold(candidate, Candidate::with_route)
}
