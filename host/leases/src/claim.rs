//! Claiming: which address, and what is written for it.

use std::net::IpAddr;

use rusqlite::Connection;

use crate::address::{POOL_LIMIT, check_name, check_range, check_text, contains, next};
use crate::conflict;
use crate::entries;
use crate::error::{ClaimError, Error, Fault, PoolUsage};
use crate::keys::{self, Kind, Place};
use crate::lease::{Candidate, Claimed, Lease, Owner, Pod};
use crate::memory;
use crate::read;
use crate::runs::{self, Set};
use crate::values::{Parts, Value};

/// Most addresses for one interface at once: more than any network has use for.
const CLAIMS_LIMIT: usize = 32;

/// Everything about a claim but the store; see [`crate::Leases::claim`].
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// In which an address is held once.
    pub space: &'a str,
    /// Who gets the addresses.
    pub owner: &'a Owner,
    /// The pod behind it.
    pub pod: Option<&'a Pod>,
    /// For each address its candidates, by preference.
    pub claims: &'a [Vec<Candidate>],
    /// Whether the addresses are remembered for the pod.
    pub keep: bool,
    /// Whether those who share pools with this node have been asked. Until then a claim does not go past a shared pool
    /// of which nothing is held, takes no address of it that is remembered for somebody else, and none at all for a
    /// pod whose address is kept unless it is the pod's own: where that is, only they know.
    pub asked: bool,
}

impl Request<'_> {
    /// Refuses what the store cannot hold, before it is locked.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.claims.len() > CLAIMS_LIMIT {
            return Err(Error::TooMany {
                asked: self.claims.len(),
                limit: CLAIMS_LIMIT,
            });
        }
        check_name("space", self.space)?;
        check_owner(self.owner)?;
        if let Some(pod) = self.pod {
            check_pod(pod)?;
        }
        for candidate in self.claims.iter().flatten() {
            check_text("pool", &candidate.pool, POOL_LIMIT)?;
            candidate
                .ranges
                .iter()
                .try_for_each(|range| check_range(*range))?;
        }
        Ok(())
    }

    /// What the address of claim `index` is remembered under.
    fn memory_key(&self, index: usize) -> Option<Vec<u8>> {
        let pod = self.pod.filter(|_| self.keep)?;
        let v4 = is_v4(&self.claims[index]);
        let ordinal = self.claims[..index]
            .iter()
            .filter(|claim| is_v4(claim) == v4)
            .count();
        let ordinal = u8::try_from(ordinal).ok()?;
        Some(keys::memory(self.owner, pod, v4, ordinal))
    }
}

/// Refuses a pod that the store cannot hold.
pub(crate) fn check_pod(pod: &Pod) -> Result<(), Error> {
    check_text("pod namespace", &pod.namespace, 63)?;
    check_text("pod name", &pod.name, 253)
}

/// Refuses an owner that the store cannot hold.
pub(crate) fn check_owner(owner: &Owner) -> Result<(), Error> {
    check_name("network", &owner.network)?;
    check_name("container ID", &owner.container_id)?;
    // IFNAMSIZ in linux/if.h is 16 with the final NUL.
    check_text("interface", &owner.interface_name, 15)
}

/// Takes all addresses or, as the inner error, says why not; the caller then drops the transaction.
pub(crate) fn claim(
    db: &Connection,
    request: &Request<'_>,
    now: u64,
) -> Result<Result<Vec<Claimed>, ClaimError>, Fault> {
    let mut held = read::held(db, request.owner)?;
    if !held.is_empty() {
        return Ok(Err(ClaimError::OwnerHasLeases {
            owner: request.owner.clone(),
            addresses: held.into_iter().map(|(_, address)| address).collect(),
        }));
    }
    let mut claimed = Vec::new();
    for index in 0..request.claims.len() {
        match one(db, request, index, now, &mut held)? {
            Ok(chosen) => claimed.push(chosen),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    Ok(Ok(claimed))
}

/// Takes the address of claim `index`, behind what its owner has `held` before.
pub(crate) fn one(
    db: &Connection,
    request: &Request<'_>,
    index: usize,
    now: u64,
    held: &mut Vec<Place>,
) -> Result<Result<Claimed, ClaimError>, Fault> {
    let candidates = &request.claims[index];
    let memory = request.memory_key(index);
    let choose = || choose(db, request, candidates, memory.as_deref());
    let choice = match choose()? {
        Choice::Of(chosen) => Choice::Of(chosen),
        _ if conflict::offer_again(db, now)? > 0 => choose()?,
        nothing => nothing,
    };
    let chosen = match choice {
        Choice::Of(chosen) => chosen,
        Choice::NotHeld(Some(address)) => {
            return Ok(Err(ClaimError::NotHeld {
                claim: index,
                pools: usages(db, request.space, candidates)?,
                remembered: Some(address),
            }));
        }
        Choice::NotHeld(None) | Choice::None => {
            return Ok(Err(refusal(db, request.space, index, candidates)?));
        }
    };
    let lease = Lease {
        space: request.space.to_owned(),
        address: chosen.address,
        pool: candidates[chosen.candidate].pool.clone(),
        owner: request.owner.clone(),
        pod: request.pod.cloned(),
        since: now,
    };
    take(db, &lease, held, memory.as_deref())?;
    Ok(Ok(chosen))
}

/// Writes a lease on an address that is free, behind what its owner has `held` before.
pub(crate) fn take(
    db: &Connection,
    lease: &Lease,
    held: &mut Vec<Place>,
    memory: Option<&[u8]>,
) -> Result<(), Fault> {
    let (space, address) = (&lease.space, lease.address);
    let key = keys::place(Kind::Lease, space, address);
    if !runs::add(db, Set::Leased, space, address)? || entries::get(db, &key)?.is_some() {
        return Err(Fault::Damaged(format!("{address} is leased twice")));
    }
    let reserved = !runs::add(db, Set::Reserved, space, address)?;
    entries::put(db, &key, read::of_lease(lease).bytes())?;
    held.push((space.clone(), address));
    let owner = keys::owner(&lease.owner);
    entries::put(db, &owner, read::of_places(held).bytes())?;
    match memory {
        Some(key) => memory::remember(db, key, space, address),
        None if reserved => memory::forget(db, space, address),
        None => Ok(()),
    }
}

/// What is found for a claim.
enum Choice {
    /// A free address.
    Of(Claimed),
    /// Nothing that may be given out before others are asked; the pod's own address, where it is not held.
    NotHeld(Option<IpAddr>),
    /// Nothing.
    None,
}

/// The remembered address; else one that is remembered for nobody; else one that is.
fn choose(
    db: &Connection,
    request: &Request<'_>,
    candidates: &[Candidate],
    memory: Option<&[u8]>,
) -> Result<Choice, Fault> {
    let space = request.space;
    if let Some(key) = memory
        && let Some(address) = memory::recall(db, key, space)?
    {
        let offers = |one: &Candidate| one.ranges.iter().any(|range| contains(*range, address));
        // Where it is offered no more, what is claimed instead takes its place in the memory.
        if let Some(candidate) = candidates.iter().position(offers)
            && !runs::has(db, Set::Leased, space, address)?
        {
            if !candidates[candidate].shared || runs::has(db, Set::Held, space, address)? {
                return Ok(Choice::Of(Claimed { address, candidate }));
            }
            if !request.asked {
                return Ok(Choice::NotHeld(Some(address)));
            }
        }
    }
    for occupied in [Set::Reserved, Set::Leased] {
        for (candidate, offered) in candidates.iter().enumerate() {
            let must_ask = offered.shared && !request.asked;
            if must_ask && memory.is_some() {
                return Ok(Choice::NotHeld(None));
            }
            let last = last_handed_out(db, space, &offered.ranges)?;
            for range in turns(&offered.ranges, last) {
                let free = match offered.shared {
                    false => runs::first_free(db, occupied, space, range)?,
                    true => first_held(db, occupied, space, range)?,
                };
                if let Some(address) = free {
                    hand_out(db, space, &offered.ranges, address)?;
                    return Ok(Choice::Of(Claimed { address, candidate }));
                }
            }
            if must_ask {
                return Ok(Choice::NotHeld(None));
            }
        }
    }
    Ok(Choice::None)
}

/// The first address of a range that this node holds and that is not in a set.
fn first_held(
    db: &Connection,
    occupied: Set,
    space: &str,
    range: (IpAddr, IpAddr),
) -> Result<Option<IpAddr>, Fault> {
    for held in runs::within(db, Set::Held, space, range)? {
        if let Some(free) = runs::first_free(db, occupied, space, held)? {
            return Ok(Some(free));
        }
    }
    Ok(None)
}

/// A pool is known by its first and last address, so that one whose ranges change begins again.
fn cursor(space: &str, ranges: &[(IpAddr, IpAddr)]) -> Option<Vec<u8>> {
    Some(keys::cursor(space, ranges.first()?.0, ranges.last()?.1))
}

fn last_handed_out(
    db: &Connection,
    space: &str,
    ranges: &[(IpAddr, IpAddr)],
) -> Result<Option<IpAddr>, Fault> {
    let Some(cursor) = cursor(space, ranges) else {
        return Ok(None);
    };
    let value = entries::get(db, &cursor)?;
    value.map(|value| last_of(&value)).transpose()
}

/// The value of a cursor.
pub(crate) fn last_of(value: &[u8]) -> Result<IpAddr, Fault> {
    let mut parts = Parts::new("cursors", value);
    let last = parts.address()?;
    parts.end()?;
    Ok(last)
}

fn hand_out(
    db: &Connection,
    space: &str,
    ranges: &[(IpAddr, IpAddr)],
    address: IpAddr,
) -> Result<(), Fault> {
    match cursor(space, ranges) {
        Some(cursor) => entries::put(db, &cursor, Value::default().address(address).bytes()),
        None => Ok(()),
    }
}

/// The ranges in the order to look through: from behind the address last handed out, once around.
fn turns(ranges: &[(IpAddr, IpAddr)], last: Option<IpAddr>) -> Vec<(IpAddr, IpAddr)> {
    let found = last.and_then(|last| {
        let at = ranges.iter().position(|range| contains(*range, last))?;
        Some((at, last))
    });
    let Some((at, handed_out)) = found else {
        return ranges.to_vec();
    };
    let (first, last) = ranges[at];
    let mut turns = Vec::with_capacity(ranges.len() + 1);
    if let Some(next) = next(handed_out).filter(|next| *next <= last) {
        turns.push((next, last));
    }
    turns.extend_from_slice(&ranges[at + 1..]);
    turns.extend_from_slice(&ranges[..at]);
    turns.push((first, handed_out));
    turns
}

/// Why claim `index` gets nothing.
fn refusal(
    db: &Connection,
    space: &str,
    index: usize,
    candidates: &[Candidate],
) -> Result<ClaimError, Fault> {
    let is_shared = candidates.iter().any(|candidate| candidate.shared);
    if let [Candidate { ranges, .. }] = candidates
        && let [(first, last)] = ranges[..]
        && first == last
    {
        match read::lease_on(db, space, first)? {
            Some(lease) => {
                return Ok(ClaimError::Taken {
                    address: first,
                    lease: Box::new(lease),
                });
            }
            None if is_shared => {}
            None => {
                return Err(Fault::Damaged(format!(
                    "{first} counts as leased but has no lease"
                )));
            }
        }
    }
    let pools = usages(db, space, candidates)?;
    // Of a pool that is shared it is not known here whether it is full.
    if is_shared {
        return Ok(ClaimError::NotHeld {
            claim: index,
            pools,
            remembered: None,
        });
    }
    Ok(ClaimError::Exhausted {
        claim: index,
        pools,
    })
}

fn usages(db: &Connection, space: &str, candidates: &[Candidate]) -> Result<Vec<PoolUsage>, Fault> {
    let mut pools = Vec::new();
    for candidate in candidates {
        let usage = read::usage(db, space, &candidate.ranges)?;
        pools.push(PoolUsage {
            pool: candidate.pool.clone(),
            size: usage.size,
            taken: usage.taken,
            held: candidate.shared.then_some(usage.held),
        });
    }
    Ok(pools)
}

fn is_v4(claim: &[Candidate]) -> bool {
    let mut ranges = claim.iter().flat_map(|candidate| &candidate.ranges);
    ranges.next().is_none_or(|range| range.0.is_ipv4())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::size;

    #[test]
    fn looking_goes_once_around_from_behind_the_last_address() {
        let ip = |text: &str| -> IpAddr { text.parse().expect("a test address") };
        let ranges = [
            (ip("10.0.0.1"), ip("10.0.0.3")),
            (ip("10.0.0.7"), ip("10.0.0.9")),
        ];
        let check = |last: Option<&str>, expected: &[(&str, &str)]| {
            let expected: Vec<_> = expected
                .iter()
                .map(|(first, last)| (ip(first), ip(last)))
                .collect();
            let turns = turns(&ranges, last.map(ip));
            assert_eq!(turns, expected, "after {last:?}");
            assert!(
                turns.iter().map(|range| size(*range)).sum::<u128>() == 6,
                "every address once"
            );
        };
        check(None, &[("10.0.0.1", "10.0.0.3"), ("10.0.0.7", "10.0.0.9")]);
        check(
            Some("10.0.0.5"),
            &[("10.0.0.1", "10.0.0.3"), ("10.0.0.7", "10.0.0.9")],
        );
        check(
            Some("10.0.0.1"),
            &[
                ("10.0.0.2", "10.0.0.3"),
                ("10.0.0.7", "10.0.0.9"),
                ("10.0.0.1", "10.0.0.1"),
            ],
        );
        check(
            Some("10.0.0.9"),
            &[("10.0.0.1", "10.0.0.3"), ("10.0.0.7", "10.0.0.9")],
        );
    }
}
