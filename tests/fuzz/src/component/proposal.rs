//! An address policy: it proposes what it likes.

use std::net::IpAddr;

use arbitrary::{Result, Unstructured};
use plumb::components::contract_0_1::bindings::pools as wit;
use plumb::components::contract_0_1::pools::proposed;
use plumb::components::proposal;
use plumb::operations::claim_addresses::Source;
use plumb::pools::{AddressRange, Family, Pool, inline, whole};
use plumb_engine::limits;
use serde_json::json;

use super::limits::{plain, route as check_route};
use super::values::{address, optional, route};

/// Lets it propose, and looks at what plumb takes.
///
/// # Errors
///
/// When the input is used up.
///
/// # Panics
///
/// When an address could be claimed that no pool gives out.
pub fn run(choices: &mut Unstructured<'_>) -> Result<()> {
    let pools = pools();
    let proposal = wit::Proposal {
        claims: several(choices, 18, claim)?,
        keep: choices.arbitrary()?,
    };
    match proposal::check("acme", proposed(proposal), &pools) {
        Ok(proposal) => {
            assert!((1..=limits::CLAIMS).contains(&proposal.claims.len()));
            for sources in &proposal.claims {
                assert!(!sources.is_empty());
                sources.iter().for_each(|source| check(source, &pools));
            }
        }
        Err(error) => plain(&error.message),
    }
    Ok(())
}

fn check(source: &Source, pools: &[Pool]) {
    let pool = pools
        .iter()
        .find(|pool| pool.name == source.candidate.pool)
        .expect("a pool of the configuration");
    assert!(!pool.disabled, "pool {} gives out nothing", pool.name);
    assert!(source.candidate.ranges.len() <= limits::RANGES);
    for &(first, last) in &source.candidate.ranges {
        assert!(first <= last);
        assert!(gives_out(pool, first) && gives_out(pool, last));
        let range = AddressRange { first, last };
        let crosses = |hole: &AddressRange| hole.intersection(&range).is_some();
        assert!(!pool.excluded.iter().any(crosses), "{range}");
    }
    let longest = if pool.family == Family::Ipv4 { 32 } else { 128 };
    assert!(source.prefix <= longest);
    if let Some(gateway) = source.gateway {
        assert_eq!(Family::of(gateway), pool.family);
    }
    source.routes.iter().for_each(check_route);
}

/// In its ranges, not excluded, and neither the gateway nor the subnet's first or last.
fn gives_out(pool: &Pool, address: IpAddr) -> bool {
    let within = |ranges: &[AddressRange]| ranges.iter().any(|range| range.contains(address));
    let subnet = whole(pool.subnet);
    subnet.contains(address)
        && within(&pool.ranges)
        && !within(&pool.excluded)
        && pool.gateway != Some(address)
        && address != subnet.first
        && (address != subnet.last || pool.family == Family::Ipv6)
}

fn claim(choices: &mut Unstructured<'_>) -> Result<wit::Claim> {
    Ok(wit::Claim {
        candidates: several(choices, 3, candidate)?,
    })
}

fn candidate(choices: &mut Unstructured<'_>) -> Result<wit::Candidate> {
    let pool: String = match choices.int_in_range(0..=15)? {
        0 => choices.arbitrary()?,
        1 => "p\n".repeat(choices.int_in_range(0..=limits::STRING_BYTES)?),
        _ => (*choices.choose(&["v4", "v6", "open", "off"])?).to_owned(),
    };
    let mut ranges = several(choices, 4, |choices| {
        let first = address(choices)?;
        let last = match choices.arbitrary()? {
            true => first,
            false => address(choices)?,
        };
        Ok(wit::AddressRange { first, last })
    })?;
    if let Some(first) = ranges.first().copied()
        && choices.ratio(1, 16)?
    {
        let count = choices.int_in_range(limits::RANGES - 1..=limits::RANGES + 1)?;
        ranges = vec![first; count];
    }
    Ok(wit::Candidate {
        pool,
        ranges,
        prefix_length: choices.int_in_range(0..=130)?,
        gateway: optional(choices, address)?,
        routes: several(choices, 2, route)?,
    })
}

/// Mostly one: each has to pass for all to pass.
fn several<T>(
    choices: &mut Unstructured<'_>,
    most: usize,
    one: impl Fn(&mut Unstructured<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let count = match choices.ratio(7, 8)? {
        true => 1,
        false => choices.int_in_range(0..=most)?,
    };
    (0..count).map(|_| one(choices)).collect()
}

/// Pools with a gateway, holes, whole subnets, and one that is out of use.
fn pools() -> Vec<Pool> {
    let pools = json!([
        {"name": "v4", "subnet": "10.1.0.0/25", "ips": ["10.1.0.10-10.1.0.50", "10.1.0.60"],
         "excludeips": ["10.1.0.20-10.1.0.22"], "gateway": "10.1.0.1"},
        {"name": "v6", "subnet": "fd00:1::/64", "ips": ["fd00:1::10-fd00:1::50"],
         "gateway": "fd00:1::11"},
        {"name": "open", "subnet": "10.1.0.128/26", "gateway": "10.1.0.129"},
        {"name": "off", "subnet": "10.1.0.192/26", "disable": true},
    ]);
    inline(&pools).expect("pools of the test")
}
