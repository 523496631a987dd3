//! Addresses remembered for pods that come back under the same name.
//!
//! A memory is made when an address is claimed and outlives the lease. While the pod is away the address
//! rests: it stays reserved, so that others get it only when nothing else is free. Rests are numbered in their order
//! (`rested`), so that the oldest can be forgotten.

use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, params};

use crate::database::{Fault, Stored, address};
use crate::lease::{Owner, Pod};
use crate::runs::{self, Set};

/// How many addresses may rest. Pods with random names never come back for theirs, so without a bound an
/// IPv6 pool would fill the store with them. A node runs a few hundred pods; this is months of restarts.
pub(crate) const RESTING_LIMIT: i64 = 16_384;

/// What a pod's interface is remembered under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MemoryKey(Vec<u8>);

impl MemoryKey {
    /// The `ordinal`th address of one family that this interface asks for. Counting by family keeps an
    /// address when a network that had one family gets the other in front of it.
    pub(crate) fn new(owner: &Owner, pod: &Pod, v4: bool, ordinal: u8) -> Self {
        let mut key = Vec::new();
        for part in [
            &owner.network,
            &pod.namespace,
            &pod.name,
            &owner.interface_name,
        ] {
            key.extend_from_slice(part.as_bytes());
            key.push(0);
        }
        key.extend_from_slice(&[if v4 { 4 } else { 6 }, ordinal]);
        Self(key)
    }
}

/// The address remembered under `key`, if it is one of `space`.
pub(crate) fn recall(
    db: &Connection,
    key: &MemoryKey,
    space: &str,
) -> Result<Option<IpAddr>, Fault> {
    let mut select = db.prepare_cached("SELECT address FROM memories WHERE key=?1 AND space=?2")?;
    Ok(select
        .query_row(params![key.0, space], |row| address(row, 0))
        .optional()?)
}

/// Remembers a leased address under `key`, and nothing else under it, nor it for another.
pub(crate) fn remember(
    db: &Connection,
    key: &MemoryKey,
    space: &str,
    address: IpAddr,
) -> Result<(), Fault> {
    let mut select = db.prepare_cached("SELECT space, address FROM memories WHERE key=?1")?;
    let old: Option<(String, Stored)> = select
        .query_row([&key.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    if let Some((old_space, Stored(old))) = old
        && (old_space.as_str(), old) != (space, address)
        && !runs::has(db, Set::Leased, &old_space, old)?
    {
        runs::remove(db, Set::Reserved, &old_space, old)?;
    }
    // Replaces what is under the key, and what has the address.
    db.prepare_cached("INSERT OR REPLACE INTO memories VALUES(?1, ?2, ?3, NULL)")?
        .execute(params![key.0, space, Stored(address)])?;
    Ok(())
}

/// Forgets whom a leased address is remembered for.
pub(crate) fn forget(db: &Connection, space: &str, address: IpAddr) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM memories WHERE space=?1 AND address=?2")?
        .execute(params![space, Stored(address)])?;
    Ok(())
}

/// Notes that the lease on an address has ended; whether the address is remembered.
pub(crate) fn rest(db: &Connection, space: &str, address: IpAddr) -> Result<bool, Fault> {
    let rested = db
        .prepare_cached(
            "UPDATE memories SET rested=1+(SELECT ifnull(max(rested), 0) FROM memories WHERE rested NOTNULL) \
             WHERE space=?1 AND address=?2",
        )?
        .execute(params![space, Stored(address)])?;
    Ok(rested > 0)
}

/// Forgets the addresses that have rested longest, so that at most `limit` rest.
pub(crate) fn forget_oldest(db: &Connection, limit: i64) -> Result<(), Fault> {
    let mut delete = db.prepare_cached(
        "DELETE FROM memories WHERE rested<=(SELECT max(rested) FROM memories WHERE rested NOTNULL)-?1 \
         RETURNING space, address",
    )?;
    let forgotten: Vec<(String, Stored)> = delete
        .query_map([limit], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (space, Stored(address)) in forgotten {
        runs::remove(db, Set::Reserved, &space, address)?;
    }
    Ok(())
}
