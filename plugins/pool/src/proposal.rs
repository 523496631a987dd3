//! From usable pools to what the host is asked to claim.

use plumb_sdk::pools::{AddressRange, Candidate, Claim, Family, Pool, Proposal};
use plumb_sdk::{Error, IpAddress, IpNetwork, Request, Route};

use crate::configuration::Configuration;
use crate::ranges;
use crate::selection::{Selected, Usable, family_name};

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
    check_requested(request, selected)?;
    let mut claims = Vec::new();
    for Selected { family, pools } in selected {
        let requested: Vec<IpAddress> = request
            .requested_addresses
            .iter()
            .copied()
            .filter(|address| ranges::family(*address) == *family)
            .collect();
        if requested.is_empty() {
            claims.push(any_address(configuration, pools)?);
        }
        for address in requested {
            claims.push(this_address(configuration, pools, address)?);
        }
    }
    Ok(Proposal {
        claims,
        // Without the pod's name nobody could tell that it came back.
        keep: configuration.sticky && request.pod.is_some(),
    })
}

fn check_requested(request: &Request, selected: &[Selected]) -> Result<(), Error> {
    for address in &request.requested_addresses {
        let family = ranges::family(*address);
        if !selected.iter().any(|one| one.family == family) {
            return Err(Error::invalid_configuration(format!(
                "address {address} is asked for, but no {}pool is selected",
                family_name(family)
            )));
        }
    }
    Ok(())
}

fn any_address(configuration: &Configuration, pools: &[Usable]) -> Result<Claim, Error> {
    let candidates = pools
        .iter()
        .map(|Usable { pool, spans }| {
            if spans.len() > MAXIMUM_RANGES {
                return Err(Error::invalid_configuration(format!(
                    "pool {} has {} separate ranges of addresses, at most {MAXIMUM_RANGES} are possible: \
                     merge its \"ips\" or its \"excludeIPs\"",
                    pool.name,
                    spans.len()
                )));
            }
            Ok(candidate(configuration, pool, ranges::to_ranges(spans, pool.family)))
        })
        .collect::<Result<_, _>>()?;
    Ok(Claim { candidates })
}

fn this_address(
    configuration: &Configuration,
    pools: &[Usable],
    address: IpAddress,
) -> Result<Claim, Error> {
    let Some(Usable { pool, .. }) = pools
        .iter()
        .find(|one| ranges::contain(&one.spans, address))
    else {
        let offers: Vec<String> = pools
            .iter()
            .map(|one| {
                format!(
                    "{} has {}",
                    one.pool.name,
                    ranges::in_words(&one.spans, one.pool.family)
                )
            })
            .collect();
        return Err(Error::invalid_configuration(format!(
            "address {address} is asked for, but no selected pool can give it: {}",
            offers.join("; ")
        )));
    };
    let only = AddressRange {
        first: address,
        last: address,
    };
    Ok(Claim {
        candidates: vec![candidate(configuration, pool, vec![only])],
    })
}

fn candidate(configuration: &Configuration, pool: &Pool, ranges: Vec<AddressRange>) -> Candidate {
    let default_route = match (configuration.default_route, pool.gateway) {
        (true, Some(gateway)) => Some(default_route(pool.family, gateway)),
        _ => None,
    };
    Candidate {
        pool: pool.name.clone(),
        ranges,
        prefix_length: pool.subnet.prefix_length,
        gateway: pool.gateway,
        routes: default_route
            .into_iter()
            .chain(pool.routes.iter().copied())
            .collect(),
    }
}

fn default_route(family: Family, gateway: IpAddress) -> Route {
    let unspecified = match family {
        Family::Ipv4 => IpAddress::Ipv4((0, 0, 0, 0)),
        Family::Ipv6 => IpAddress::Ipv6((0, 0, 0, 0, 0, 0, 0, 0)),
    };
    Route {
        destination: IpNetwork {
            address: unspecified,
            prefix_length: 0,
        },
        gateway: Some(gateway),
        mtu: None,
        advertised_mss: None,
        priority: None,
        table: None,
        scope: None,
    }
}
