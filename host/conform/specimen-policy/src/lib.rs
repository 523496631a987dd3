//! A small correct address policy, the first pool that serves, which a network can make wrong in one way at a time: the
//! key `defect` of `ipam` names it. `tests/defects.rs` of plumb-conform has the table, with the case that each must fail.

use std::net::IpAddr;

use plumb_sdk::pools::{Candidate, Pool, Proposal};
use plumb_sdk::{AddressPolicy, AddressRange, Error, Family, Request, export_address_policy};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Network {
    ipam: Ipam,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Ipam {
    defect: String,
}

/// The policy.
pub struct Specimen;

impl AddressPolicy for Specimen {
    fn propose(request: &Request, pools: &[Pool]) -> Result<Proposal, Error> {
        let network: Network = request.configuration()?;
        let defect = network.ipam.defect.as_str();
        trips(defect, pools);
        let takes_disabled = match defect {
            "proposes-a-disabled-pool" => pools.len() == 1,
            "proposes-a-disabled-pool-beside-others" => pools.len() > 1,
            _ => false,
        };
        let mut usable = pools
            .iter()
            .filter(|pool| takes_disabled || !pool.is_disabled());
        let requested = request.requested_addresses();
        let Some(wanted) = requested.first() else {
            let pool = usable.find(|pool| pool.is_disabled() || !pool.usable().is_empty());
            let pool = pool.ok_or_else(|| Error::not_available("no pool has an address"))?;
            return Ok(proposal(pool, &pool.usable()));
        };
        let holds = |pool: &&Pool| pool.usable().iter().any(|range| range.contains(*wanted));
        match usable.clone().find(holds) {
            Some(pool) if defect == "proposes-others-than-requested" => {
                Ok(proposal(pool, &pool.usable()))
            }
            Some(pool) => Ok(proposal(pool, &only(*wanted))),
            None if defect == "passes-over-what-is-requested" => {
                let pool = usable.next().expect("there is one");
                Ok(proposal(pool, &pool.usable()))
            }
            None => Err(Error::not_available(format!(
                "{wanted} is in no pool that serves"
            ))),
        }
    }
}

export_address_policy!(Specimen);

fn only(address: IpAddr) -> Vec<AddressRange> {
    AddressRange::new(address, address).into_iter().collect()
}

fn proposal(pool: &Pool, ranges: &[AddressRange]) -> Proposal {
    Proposal::new().with_claim(vec![Candidate::new(pool, ranges)])
}

/// Trips over what the pools are like.
fn trips(defect: &str, pools: &[Pool]) {
    let usable = || pools.iter().flat_map(Pool::usable);
    let is_this = match defect {
        "trips-over-no-pools" => pools.is_empty(),
        "trips-over-empty-pools" => {
            pools.iter().any(|pool| !pool.is_disabled()) && usable().next().is_none()
        }
        "trips-over-ipv6" => {
            !pools.is_empty() && pools.iter().all(|pool| pool.family() == Family::Ipv6)
        }
        "trips-over-many-pools" => pools.len() > 50,
        "trips-over-large-pools" => usable().any(|range| range.size() == (1 << 24) - 2),
        _ => false,
    };
    assert!(!is_this, "it has not thought of that");
}
