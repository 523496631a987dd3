//! Claiming: which address, and what is written for it.

use std::net::IpAddr;

use heed::{RoTxn, RwTxn};

use super::address::{
    Line, NAME_LIMIT, POOL_LIMIT, Place, check_name, check_range, contains, from_bytes, number,
    to_bytes,
};
use super::memory::{self, MemoryKey};
use super::read::{Held, held, owner_key};
use super::store::now;
use super::tables::{self, Fault, Tables};
use super::{Candidate, ClaimError, Claimed, Error, Lease, Owner, Pod, PoolUsage};

/// Most addresses for one interface at once: more than any network has use for, and few enough for one record.
const CLAIMS_LIMIT: usize = 32;

/// Everything about a claim but the store.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) space: &'a str,
    pub(super) owner: &'a Owner,
    pub(super) pod: Option<&'a Pod>,
    pub(super) claims: &'a [Vec<Candidate>],
    pub(super) keep: bool,
}

impl Request<'_> {
    /// Refuses what the store cannot hold, before it is locked.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.claims.len() > CLAIMS_LIMIT {
            return Err(Error::TooMany {
                asked: self.claims.len(),
                limit: CLAIMS_LIMIT,
            });
        }
        check_name("space", self.space, NAME_LIMIT)?;
        check_owner(self.owner)?;
        if let Some(pod) = self.pod {
            check_name("pod namespace", &pod.namespace, 63)?;
            check_name("pod name", &pod.name, 253)?;
        }
        for candidate in self.claims.iter().flatten() {
            check_name("pool", &candidate.pool, POOL_LIMIT)?;
            candidate
                .ranges
                .iter()
                .try_for_each(|range| check_range(*range))?;
        }
        Ok(())
    }

    /// What the address of claim `index` is remembered under.
    fn memory_key(&self, index: usize) -> Option<MemoryKey> {
        let pod = self.pod.filter(|_| self.keep)?;
        let v4 = is_v4(&self.claims[index]);
        let ordinal = self.claims[..index]
            .iter()
            .filter(|claim| is_v4(claim) == v4)
            .count();
        Some(MemoryKey::new(
            self.owner,
            pod,
            v4,
            u8::try_from(ordinal).ok()?,
        ))
    }
}

/// Refuses an owner that the store cannot hold.
pub(super) fn check_owner(owner: &Owner) -> Result<(), Error> {
    check_name("network", &owner.network, NAME_LIMIT)?;
    check_name("container ID", &owner.container_id, 255)?;
    // IFNAMSIZ in linux/if.h is 16 with the final NUL.
    check_name("interface", &owner.interface_name, 15)
}

/// Takes all addresses or, as the inner error, says why not; the caller then drops the transaction.
pub(super) fn claim(
    tables: &Tables,
    txn: &mut RwTxn<'_>,
    request: &Request<'_>,
) -> Result<Result<Vec<Claimed>, ClaimError>, Fault> {
    let already = held(tables, txn, request.owner)?;
    if !already.is_empty() {
        let addresses = already.iter().map(|held| held.address).collect();
        return Ok(Err(ClaimError::OwnerHasLeases {
            owner: request.owner.clone(),
            addresses,
        }));
    }
    let since = now();
    let mut claimed = Vec::new();
    for (index, candidates) in request.claims.iter().enumerate() {
        let memory = request.memory_key(index);
        let Some(chosen) = choose(tables, txn, request.space, candidates, memory.as_ref())? else {
            return Ok(Err(refusal(tables, txn, request.space, index, candidates)?));
        };
        let lease = Lease {
            space: request.space.to_owned(),
            address: chosen.address,
            pool: candidates[chosen.candidate].pool.clone(),
            owner: request.owner.clone(),
            pod: request.pod.cloned(),
            since,
        };
        take(tables, txn, &lease, memory.as_ref())?;
        claimed.push(chosen);
    }
    if !claimed.is_empty() {
        let held: Vec<Held> = claimed
            .iter()
            .map(|one| Held::new(request.space, one.address))
            .collect();
        tables::put(tables.owners, txn, &owner_key(request.owner), &held)?;
    }
    Ok(Ok(claimed))
}

/// Writes a lease on an address that is free. The owner's record is the caller's.
pub(super) fn take(
    tables: &Tables,
    txn: &mut RwTxn<'_>,
    lease: &Lease,
    memory: Option<&MemoryKey>,
) -> Result<(), Fault> {
    let place = Place::new(&lease.space, lease.address);
    let (line, number) = (place.line(), number(place.address));
    if let Some(keeper) = memory::keeper(tables, txn, &place)?
        && Some(&keeper) != memory
    {
        memory::forget(tables, txn, &keeper)?;
    }
    tables.taken.insert(txn, &line, number)?;
    if !tables.reserved.contains(txn, &line, number)? {
        tables.reserved.insert(txn, &line, number)?;
    }
    tables::put(tables.leases, txn, &place.key(), lease)?;
    if let Some(key) = memory {
        memory::remember(tables, txn, key, &place)?;
    }
    Ok(())
}

/// The remembered address; else one that is remembered for nobody; else one that is.
fn choose(
    tables: &Tables,
    txn: &mut RwTxn<'_>,
    space: &str,
    candidates: &[Candidate],
    memory: Option<&MemoryKey>,
) -> Result<Option<Claimed>, Fault> {
    if let Some(key) = memory
        && let Some(place) = memory::recall(tables, txn, key)?.filter(|place| place.space == space)
    {
        let offers = |one: &Candidate| {
            one.ranges
                .iter()
                .any(|range| contains(*range, place.address))
        };
        // Where it is offered no more, what is claimed instead takes its place in the memory.
        if let Some(candidate) = candidates.iter().position(offers)
            && !tables
                .taken
                .contains(txn, &place.line(), number(place.address))?
        {
            return Ok(Some(Claimed {
                address: place.address,
                candidate,
            }));
        }
    }
    for occupied in [tables.reserved, tables.taken] {
        for (candidate, offered) in candidates.iter().enumerate() {
            let Some(cursor) = cursor_key(space, &offered.ranges) else {
                continue;
            };
            let last = tables.cursors.get(txn, &cursor)?.and_then(from_bytes);
            for (first, last) in turns(&offered.ranges, last) {
                let line = Line::new(space, first);
                if let Some(free) = occupied.first_free(txn, &line, number(first), number(last))? {
                    let address = line.address(free);
                    tables.cursors.put(txn, &cursor, &to_bytes(address))?;
                    return Ok(Some(Claimed { address, candidate }));
                }
            }
        }
    }
    Ok(None)
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
    if handed_out < last {
        // Not the family's last address, so there is a next one.
        let next = Line::new("", handed_out).address(number(handed_out) + 1);
        turns.push((next, last));
    }
    turns.extend_from_slice(&ranges[at + 1..]);
    turns.extend_from_slice(&ranges[..at]);
    turns.push((first, handed_out));
    turns
}

/// A pool is known by its first and last address, so that one whose ranges change begins anew. `None` where
/// there are no ranges.
fn cursor_key(space: &str, ranges: &[(IpAddr, IpAddr)]) -> Option<Vec<u8>> {
    let ((first, _), (_, last)) = (ranges.first()?, ranges.last()?);
    Some([space.as_bytes(), &[0], &to_bytes(*first), &to_bytes(*last)].concat())
}

/// Why claim `index` gets nothing.
fn refusal(
    tables: &Tables,
    txn: &RoTxn<'_>,
    space: &str,
    index: usize,
    candidates: &[Candidate],
) -> Result<ClaimError, Fault> {
    if let [Candidate { ranges, .. }] = candidates
        && let [(first, last)] = ranges[..]
        && first == last
    {
        let place = Place::new(space, first);
        let lease: Option<Lease> = tables::get(tables.leases, txn, &place.key())?;
        let Some(lease) = lease else {
            return Err(Fault::Damaged(format!(
                "{first} counts as taken but has no lease"
            )));
        };
        return Ok(ClaimError::Taken {
            address: first,
            lease: Box::new(lease),
        });
    }
    let mut pools = Vec::new();
    for candidate in candidates {
        let usage = super::read::usage(tables, txn, space, &candidate.ranges)?;
        pools.push(PoolUsage {
            pool: candidate.pool.clone(),
            size: usage.size,
            taken: usage.taken,
        });
    }
    Ok(ClaimError::Exhausted {
        claim: index,
        pools,
    })
}

fn is_v4(claim: &[Candidate]) -> bool {
    let mut ranges = claim.iter().flat_map(|candidate| &candidate.ranges);
    ranges.next().is_none_or(|range| range.0.is_ipv4())
}

#[cfg(test)]
mod tests {
    use super::super::address::size;
    use super::*;

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
