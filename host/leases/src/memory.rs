//! Addresses remembered for pods that come back under the same name.
//!
//! A memory is made when an address is claimed and outlives the lease. While the pod is away the address
//! rests: it stays in `reserved`, so that others get it only when nothing else is free.
//!
//! Three tables belong together: `memories` (whose is which), `kept` (the way back from the address) and
//! `resting` (the addresses that nobody holds, by age, so that the oldest can be forgotten).

use heed::{RoTxn, RwTxn};
use serde::{Deserialize, Serialize};

use super::address::{Place, number};
use super::tables::{self, Fault, Tables};
use super::{Owner, Pod};

/// How many addresses may rest. Pods with random names never come back for theirs, so without a bound an
/// IPv6 pool would fill the store with them. A node runs a few hundred pods; this is months of restarts.
pub(super) const RESTING_LIMIT: u64 = 16_384;

/// What a pod's interface is remembered under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MemoryKey(Vec<u8>);

impl MemoryKey {
    /// The `ordinal`th address of one family that this interface asks for. Counting by family keeps an
    /// address when a network that had one family gets the other in front of it.
    pub(super) fn new(owner: &Owner, pod: &Pod, v4: bool, ordinal: u8) -> Self {
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

/// A record of `memories`.
#[derive(Debug, Serialize, Deserialize)]
struct Memory {
    space: String,
    address: std::net::IpAddr,
    /// Since when nobody holds it, in seconds since 1970; nothing while it is leased.
    released: Option<u64>,
}

impl Memory {
    fn place(&self) -> Place {
        Place::new(&self.space, self.address)
    }
}

/// The place remembered under `key`.
pub(super) fn recall(
    tables: &Tables,
    txn: &RoTxn<'_>,
    key: &MemoryKey,
) -> Result<Option<Place>, Fault> {
    let memory: Option<Memory> = tables::get(tables.memories, txn, &key.0)?;
    Ok(memory.map(|memory| memory.place()))
}

/// Remembers `place`, which has just been leased, under `key`, and nothing else under it.
pub(super) fn remember(
    tables: &Tables,
    txn: &mut RwTxn<'_>,
    key: &MemoryKey,
    place: &Place,
) -> Result<(), Fault> {
    if recall(tables, txn, key)?.is_some_and(|old| old != *place) {
        forget(tables, txn, key)?;
    }
    wake(tables, txn, key)?;
    let memory = Memory {
        space: place.space.clone(),
        address: place.address,
        released: None,
    };
    tables::put(tables.memories, txn, &key.0, &memory)?;
    Ok(tables.kept.put(txn, &place.key(), &key.0)?)
}

/// Drops what is remembered under `key`, and the reservation unless the address is leased.
pub(super) fn forget(tables: &Tables, txn: &mut RwTxn<'_>, key: &MemoryKey) -> Result<(), Fault> {
    wake(tables, txn, key)?;
    let Some(place) = recall(tables, txn, key)? else {
        return Ok(());
    };
    tables.memories.delete(txn, &key.0)?;
    tables.kept.delete(txn, &place.key())?;
    let (line, number) = (place.line(), number(place.address));
    if !tables.taken.contains(txn, &line, number)? {
        tables.reserved.remove(txn, &line, number)?;
    }
    Ok(())
}

/// Who `place` is remembered for.
pub(super) fn keeper(
    tables: &Tables,
    txn: &RoTxn<'_>,
    place: &Place,
) -> Result<Option<MemoryKey>, Fault> {
    Ok(tables
        .kept
        .get(txn, &place.key())?
        .map(|key| MemoryKey(key.to_vec())))
}

/// Notes that the lease on a place remembered under `key` has ended.
pub(super) fn rest(
    tables: &Tables,
    txn: &mut RwTxn<'_>,
    key: &MemoryKey,
    now: u64,
) -> Result<(), Fault> {
    let memory: Option<Memory> = tables::get(tables.memories, txn, &key.0)?;
    let Some(mut memory) = memory else {
        return Err(Fault::Damaged(format!(
            "{} is kept for nobody",
            key.0.escape_ascii()
        )));
    };
    memory.released = Some(now);
    tables::put(tables.memories, txn, &key.0, &memory)?;
    tables
        .resting
        .put(txn, &resting_key(now, &memory.place()), &[])?;
    Ok(())
}

/// Forgets the addresses that have rested longest, until at most `limit` do.
pub(super) fn forget_oldest(tables: &Tables, txn: &mut RwTxn<'_>, limit: u64) -> Result<(), Fault> {
    while tables.resting.len(txn)? > limit {
        let Some((oldest, _)) = tables.resting.first(txn)? else {
            return Ok(());
        };
        let place = Place::from_key(oldest.get(8..).unwrap_or_default())?;
        let Some(key) = keeper(tables, txn, &place)? else {
            return Err(Fault::Damaged(format!(
                "{} rests but is kept for nobody",
                place.address
            )));
        };
        forget(tables, txn, &key)?;
    }
    Ok(())
}

/// Takes the memory out of `resting`, if it is in there.
fn wake(tables: &Tables, txn: &mut RwTxn<'_>, key: &MemoryKey) -> Result<(), Fault> {
    let memory: Option<Memory> = tables::get(tables.memories, txn, &key.0)?;
    if let Some((memory, released)) =
        memory.and_then(|memory| memory.released.map(|released| (memory, released)))
    {
        tables
            .resting
            .delete(txn, &resting_key(released, &memory.place()))?;
    }
    Ok(())
}

fn resting_key(released: u64, place: &Place) -> Vec<u8> {
    [&released.to_be_bytes()[..], &place.key()].concat()
}
