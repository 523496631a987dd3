//! Whether the tables agree with each other.

use std::collections::{BTreeMap, BTreeSet};

use heed::RoTxn;

use super::address::{Line, Place, number};
use super::extents::{self, Extents};
use super::memory;
use super::read::{held, leases, owners};
use super::tables::{Fault, Tables};

/// Compares all tables; returns how many leases there are.
pub(super) fn check(tables: &Tables, txn: &RoTxn<'_>) -> Result<u64, Fault> {
    let mut taken = BTreeSet::new();
    let mut by_owner: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for lease in leases(tables, txn)? {
        let key = Place::new(&lease.space, lease.address).key();
        by_owner.entry(lease.owner).or_default().insert(key.clone());
        taken.insert(key);
    }
    for owner in owners(tables, txn)? {
        let records: BTreeSet<_> = held(tables, txn, &owner)?
            .iter()
            .map(|held| held.place().key())
            .collect();
        if by_owner.remove(&owner).as_ref() != Some(&records) {
            let (network, container) = (owner.network, owner.container_id);
            return Err(damaged(format!(
                "leases and owner record of container {container} in {network} differ"
            )));
        }
    }
    if let Some((owner, _)) = by_owner.pop_first() {
        return Err(damaged(format!(
            "container {} has leases but no owner record",
            owner.container_id
        )));
    }
    let mut reserved = taken.clone();
    let mut resting = 0;
    for entry in tables.kept.iter(txn)? {
        let place = Place::from_key(entry?.0)?;
        let Some(key) = memory::keeper(tables, txn, &place)? else {
            continue;
        };
        if memory::recall(tables, txn, &key)?.as_ref() != Some(&place) {
            return Err(damaged(format!(
                "{} is kept for a pod that remembers another",
                place.address
            )));
        }
        resting += u64::from(reserved.insert(place.key()));
    }
    if resting != tables.resting.len(txn)? || tables.kept.len(txn)? != tables.memories.len(txn)? {
        return Err(damaged(
            "the records of remembered addresses differ".to_owned(),
        ));
    }
    compare("leased", tables.taken, txn, &taken)?;
    compare("reserved", tables.reserved, txn, &reserved)?;
    Ok(taken.len() as u64)
}

/// Whether the runs are those of `keys`, which are in order.
fn compare(
    name: &str,
    extents: Extents,
    txn: &RoTxn<'_>,
    keys: &BTreeSet<Vec<u8>>,
) -> Result<(), Fault> {
    let mut expected: Vec<(Line, u128, u128)> = Vec::new();
    for key in keys {
        let place = Place::from_key(key)?;
        let (line, number) = (place.line(), number(place.address));
        match expected.last_mut() {
            Some((last, _, end)) if *last == line && end.checked_add(1) == Some(number) => {
                *end = number
            }
            _ => expected.push((line, number, number)),
        }
    }
    let mut expected = expected.into_iter();
    for entry in extents.0.iter(txn)? {
        let (key, value) = entry?;
        let place = Place::from_key(key)?;
        let (line, (start, end)) = (place.line(), extents::run(&place.line(), key, value)?);
        if expected.next() != Some((line, start, end)) {
            return Err(damaged(format!(
                "the run of {name} addresses from {} is not what is {name}",
                place.address
            )));
        }
    }
    match expected.next() {
        Some((line, start, _)) => Err(damaged(format!(
            "{} is in no run of {name} addresses",
            line.address(start)
        ))),
        None => Ok(()),
    }
}

fn damaged(reason: String) -> Fault {
    Fault::Damaged(reason)
}
