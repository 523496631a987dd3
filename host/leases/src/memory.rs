//! Addresses remembered for pods that come back under the same name.
//!
//! A memory is made when an address is claimed and outlives the lease. While the pod is away the address
//! rests: it stays reserved, so that others get it only when nothing else is free. Rests are numbered in their order,
//! so that the oldest can be forgotten.
//!
//! Up to three entries belong together: the memory itself, by the pod's interface; its keeper, by the address; and the
//! rest, by its number, while there is one. The last two have the memory's key as their value.

use std::net::IpAddr;

use rusqlite::Connection;

use crate::entries;
use crate::error::Fault;
use crate::keys::{self, Kind, Place};
use crate::lease::{Lease, Owner, Pod};
use crate::read;
use crate::runs::{self, Set};
use crate::values::{Parts, Value};

/// How many addresses may rest. Pods with random names never come back for theirs, so without a bound an
/// IPv6 pool would fill the store with them. A node runs a few hundred pods; this is months of restarts.
pub(crate) const RESTING_LIMIT: u64 = 16_384;

/// What is remembered under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) place: Place,
    /// The number of its rest; none while the address is leased.
    pub(crate) rests: Option<u64>,
}

impl Memory {
    pub(crate) fn read(value: &[u8]) -> Result<Self, Fault> {
        let mut parts = Parts::new("memories", value);
        let place = (parts.text()?, parts.address()?);
        let rests = if parts.is_empty() {
            None
        } else {
            Some(parts.number()?)
        };
        parts.end()?;
        Ok(Self { place, rests })
    }

    fn value(&self) -> Value {
        let (space, address) = &self.place;
        let value = Value::default().text(space).address(*address);
        match self.rests {
            Some(number) => value.number(number),
            None => value,
        }
    }
}

/// The address remembered under `key`, if it is one of `space`.
pub(crate) fn recall(db: &Connection, key: &[u8], space: &str) -> Result<Option<IpAddr>, Fault> {
    let memory = under(db, key)?.filter(|memory| memory.place.0 == space);
    Ok(memory.map(|memory| memory.place.1))
}

/// What others than `owner` hold of the addresses remembered for an interface of `pod`.
pub(crate) fn held_by_others(
    db: &Connection,
    owner: &Owner,
    pod: &Pod,
) -> Result<Vec<Lease>, Fault> {
    let mut leases = Vec::new();
    for v4 in [true, false] {
        for ordinal in 0..=u8::MAX {
            let Some(memory) = under(db, &keys::memory(owner, pod, v4, ordinal))? else {
                break;
            };
            let (space, address) = &memory.place;
            let lease = read::lease_on(db, space, *address)?;
            leases.extend(lease.filter(|lease| lease.owner != *owner));
        }
    }
    Ok(leases)
}

/// Remembers a leased address under `key`, and nothing else under it, nor it for another.
pub(crate) fn remember(
    db: &Connection,
    key: &[u8],
    space: &str,
    address: IpAddr,
) -> Result<(), Fault> {
    let place = (space.to_owned(), address);
    if let Some(old) = under(db, key)? {
        drop_memory(db, key, &old)?;
        let (old_space, old) = &old.place;
        if (old_space.as_str(), *old) != (space, address)
            && !runs::has(db, Set::Leased, old_space, *old)?
        {
            runs::remove(db, Set::Reserved, old_space, *old)?;
        }
    }
    forget(db, space, address)?;
    let memory = Memory { place, rests: None };
    entries::put(db, key, memory.value().bytes())?;
    entries::put(db, &keys::place(Kind::Keeper, space, address), key)
}

/// Forgets whom a leased address is remembered for.
pub(crate) fn forget(db: &Connection, space: &str, address: IpAddr) -> Result<(), Fault> {
    match kept(db, space, address)? {
        Some((key, memory)) => drop_memory(db, &key, &memory),
        None => Ok(()),
    }
}

/// Remembers an address under `key` as [`remember`] does, one that nobody has: it rests. One that is leased already is
/// its holder's.
pub(crate) fn remember_resting(
    db: &Connection,
    key: &[u8],
    space: &str,
    address: IpAddr,
) -> Result<(), Fault> {
    if runs::has(db, Set::Leased, space, address)? {
        return Ok(());
    }
    // One that rests for this pod already rests on.
    let place = (space.to_owned(), address);
    if under(db, key)?.is_some_and(|memory| memory.place == place) {
        return Ok(());
    }
    remember(db, key, space, address)?;
    runs::add(db, Set::Reserved, space, address)?;
    rest(db, space, address)?;
    forget_oldest(db, RESTING_LIMIT)
}

/// Forgets all that rests within a range in which nothing is leased.
pub(crate) fn forget_resting(
    db: &Connection,
    space: &str,
    (first, last): (IpAddr, IpAddr),
) -> Result<(), Fault> {
    let from = keys::place(Kind::Keeper, space, first);
    // The first key behind that of `last`.
    let mut to = keys::place(Kind::Keeper, space, last);
    to.push(0);
    let mut resting = Vec::new();
    entries::scan(db, &from, &to, |key, _| {
        let (_, address) = keys::read_place(key).ok_or_else(|| entries::not_a_key(key))?;
        resting.push(address);
        Ok(())
    })?;
    for address in resting {
        forget(db, space, address)?;
        runs::remove(db, Set::Reserved, space, address)?;
    }
    Ok(())
}

/// Notes that the lease on an address has ended; whether the address is remembered.
pub(crate) fn rest(db: &Connection, space: &str, address: IpAddr) -> Result<bool, Fault> {
    let Some((key, memory)) = kept(db, space, address)? else {
        return Ok(false);
    };
    let number = newest(db)?.checked_add(1);
    let (Some(number), None) = (number, memory.rests) else {
        return Err(Fault::Damaged(format!(
            "{address} rested while it was leased"
        )));
    };
    let memory = Memory {
        rests: Some(number),
        ..memory
    };
    entries::put(db, &key, memory.value().bytes())?;
    entries::put(db, &keys::rest(number), &key)?;
    Ok(true)
}

/// Forgets the addresses that have rested longest, so that at most `limit` rest.
pub(crate) fn forget_oldest(db: &Connection, limit: u64) -> Result<(), Fault> {
    let newest = newest(db)?;
    if newest <= limit {
        return Ok(());
    }
    let mut oldest = Vec::new();
    let (from, to) = (keys::rest(0), keys::rest(newest - limit + 1));
    entries::scan(db, &from, &to, |rest, key| {
        oldest.push((keys::read_rest(rest), key.to_vec()));
        Ok(())
    })?;
    for (number, key) in oldest {
        let memory = under(db, &key)?.filter(|memory| memory.rests == number);
        let Some(memory) = memory else {
            return Err(Fault::Damaged(format!(
                "the rest of {} is not that of its memory",
                key.escape_ascii()
            )));
        };
        drop_memory(db, &key, &memory)?;
        runs::remove(db, Set::Reserved, &memory.place.0, memory.place.1)?;
    }
    Ok(())
}

/// The number of the latest rest; 0 where there is none.
fn newest(db: &Connection) -> Result<u64, Fault> {
    let (key, _) = entries::floor(db, &keys::rest(u64::MAX))?;
    if key == Kind::Rest.marker() {
        return Ok(0);
    }
    keys::read_rest(&key).ok_or_else(|| entries::not_a_key(&key))
}

fn under(db: &Connection, key: &[u8]) -> Result<Option<Memory>, Fault> {
    // It may be the value of an entry, which is not trusted.
    if !key.starts_with(&Kind::Memory.marker()) {
        return Err(entries::not_a_key(key));
    }
    let value = entries::get(db, key)?;
    value.map(|value| Memory::read(&value)).transpose()
}

/// The memory that has an address, with its key.
fn kept(db: &Connection, space: &str, address: IpAddr) -> Result<Option<(Vec<u8>, Memory)>, Fault> {
    let Some(key) = entries::get(db, &keys::place(Kind::Keeper, space, address))? else {
        return Ok(None);
    };
    match under(db, &key)? {
        Some(memory) if memory.place == (space.to_owned(), address) => Ok(Some((key, memory))),
        _ => Err(Fault::Damaged(format!(
            "{address} is kept for a pod that is remembered with another"
        ))),
    }
}

/// Removes all entries of a memory.
fn drop_memory(db: &Connection, key: &[u8], memory: &Memory) -> Result<(), Fault> {
    let (space, address) = &memory.place;
    entries::delete(db, key)?;
    entries::delete(db, &keys::place(Kind::Keeper, space, *address))?;
    match memory.rests {
        Some(number) => entries::delete(db, &keys::rest(number)),
        None => Ok(()),
    }
}
