//! The interface `pools` of 0.1: its values from and to the host's.

use super::bindings::pools as wit;
use super::values::{address, route, to_address, to_network};
use crate::components::proposal::{Proposed, ProposedCandidate};
use crate::components::refusal::Refusal;
use crate::pools::{AddressRange, Family, Pool};

use super::bindings::types;

/// A pool for the contract.
pub(super) fn to_pool(pool: &Pool) -> wit::Pool {
    wit::Pool {
        name: pool.name.clone(),
        family: match pool.family {
            Family::Ipv4 => wit::Family::Ipv4,
            Family::Ipv6 => wit::Family::Ipv6,
        },
        subnet: to_network(pool.subnet),
        ranges: pool.ranges.iter().map(to_range).collect(),
        excluded: pool.excluded.iter().map(to_range).collect(),
        gateway: pool.gateway.map(to_address),
        routes: pool
            .routes
            .iter()
            .map(|route| types::Route {
                destination: to_network(route.destination),
                gateway: Some(to_address(route.gateway)),
                mtu: None,
                advertised_mss: None,
                priority: None,
                table: None,
                scope: None,
            })
            .collect(),
        is_default: pool.is_default,
        disabled: pool.disabled,
        namespaces: pool.namespaces.clone(),
        nodes: pool.nodes.clone(),
    }
}

fn to_range(range: &AddressRange) -> wit::AddressRange {
    wit::AddressRange {
        first: to_address(range.first),
        last: to_address(range.last),
    }
}

/// A proposal of the contract, unchecked.
pub fn proposed(proposal: wit::Proposal) -> Proposed {
    let claims = proposal.claims.into_iter();
    Proposed {
        claims: claims
            .map(|claim| claim.candidates.into_iter().map(candidate).collect())
            .collect(),
        keep: proposal.keep,
        tries_again: false,
    }
}

fn candidate(candidate: wit::Candidate) -> ProposedCandidate {
    let ranges = candidate.ranges.into_iter();
    let routes = candidate.routes.into_iter();
    ProposedCandidate {
        pool: candidate.pool,
        ranges: ranges
            .map(|range| (address(range.first), address(range.last)))
            .collect(),
        prefix_length: candidate.prefix_length,
        gateway: candidate.gateway.map(address),
        routes: routes.map(route).collect::<Result<_, Refusal>>(),
    }
}
