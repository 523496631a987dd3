//! Whether the entries agree with each other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rusqlite::Connection;

use crate::address::next;
use crate::claim::last_of;
use crate::entries;
use crate::error::Fault;
use crate::keys::{self, Kind, Place};
use crate::lease::Owner;
use crate::memory::Memory;
use crate::read::{held, leases, owners};
use crate::runs::{Set, run};

/// Lets SQLite compare its pages, and compares all entries; returns how many leases there are.
pub(crate) fn check(db: &Connection) -> Result<u64, Fault> {
    let answer: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if answer != "ok" {
        return Err(Fault::Damaged(answer));
    }
    let leases = leases(db)?;
    let mut leased = BTreeSet::new();
    let mut by_owner: BTreeMap<Owner, BTreeSet<Place>> = BTreeMap::new();
    for lease in leases {
        let place = (lease.space, lease.address);
        leased.insert(place.clone());
        by_owner.entry(lease.owner).or_default().insert(place);
    }
    for owner in owners(db)? {
        let places: BTreeSet<_> = held(db, &owner)?.into_iter().collect();
        if by_owner.remove(&owner).as_ref() != Some(&places) {
            return Err(Fault::Damaged(format!(
                "leases and owner entry of container {} in {} differ",
                owner.container_id, owner.network
            )));
        }
    }
    if let Some((owner, _)) = by_owner.pop_first() {
        return Err(Fault::Damaged(format!(
            "container {} has leases but no owner entry",
            owner.container_id
        )));
    }
    let mut reserved = leased.clone();
    for place in remembered(db, &leased)? {
        reserved.insert(place);
    }
    compare(db, Set::Leased, &leased)?;
    compare(db, Set::Reserved, &reserved)?;
    held_apart(db)?;
    entries::all(db, Kind::Cursor, |_, value| last_of(value).map(drop))?;
    Ok(leased.len() as u64)
}

/// The places that are remembered; compares memories with their keepers, their rests, and what is leased.
fn remembered(db: &Connection, leased: &BTreeSet<Place>) -> Result<BTreeSet<Place>, Fault> {
    let (mut kept, mut resting) = (BTreeMap::new(), BTreeMap::new());
    let mut is_other = false;
    entries::all(db, Kind::Memory, |key, value| {
        let memory = Memory::read(value)?;
        if memory.rests.is_some() == leased.contains(&memory.place) {
            return Err(Fault::Damaged(format!(
                "{} is remembered as what it is not, {}",
                memory.place.1,
                if memory.rests.is_some() {
                    "free"
                } else {
                    "leased"
                }
            )));
        }
        if let Some(number) = memory.rests {
            resting.insert(keys::rest(number), key.to_vec());
        }
        let (space, address) = &memory.place;
        let keeper = keys::place(Kind::Keeper, space, *address);
        is_other |= kept.insert(keeper, key.to_vec()).is_some();
        Ok(())
    })?;
    let mut places = BTreeSet::new();
    entries::all(db, Kind::Keeper, |place, memory| {
        is_other |= kept.remove(place).as_deref() != Some(memory);
        places.extend(keys::read_place(place));
        Ok(())
    })?;
    entries::all(db, Kind::Rest, |rest, memory| {
        is_other |= resting.remove(rest).as_deref() != Some(memory);
        Ok(())
    })?;
    if is_other || !kept.is_empty() || !resting.is_empty() {
        return Err(Fault::Damaged(
            "memories and their keepers and rests differ".to_owned(),
        ));
    }
    Ok(places)
}

/// Whether the runs that this node holds are in order, and none touches the next.
fn held_apart(db: &Connection) -> Result<(), Fault> {
    let mut before: Option<(String, IpAddr)> = None;
    entries::all(db, Kind::Held, |key, value| {
        let (space, (first, last)) = run(key, value)?;
        if let Some((other, end)) = before.take()
            && other == space
            && end.is_ipv4() == first.is_ipv4()
            && next(end).is_none_or(|behind| behind >= first)
        {
            return Err(Fault::Damaged(format!(
                "the run of addresses from {first} (Held) is not apart from the one before it"
            )));
        }
        before = Some((space, last));
        Ok(())
    })
}

/// Whether the runs are those of `places`.
fn compare(db: &Connection, set: Set, places: &BTreeSet<Place>) -> Result<(), Fault> {
    let mut expected: Vec<(&str, IpAddr, IpAddr)> = Vec::new();
    for (space, address) in places {
        match expected.last_mut() {
            Some((last, _, end)) if last == space && next(*end) == Some(*address) => {
                *end = *address;
            }
            _ => expected.push((space, *address, *address)),
        }
    }
    let mut expected = expected.into_iter();
    entries::all(db, set.kind(), |key, value| {
        let (space, (start, end)) = run(key, value)?;
        if expected.next() != Some((&space, start, end)) {
            return Err(Fault::Damaged(format!(
                "the run of occupied addresses from {start} ({set:?}) is not what is occupied"
            )));
        }
        Ok(())
    })?;
    match expected.next() {
        Some((_, start, _)) => Err(Fault::Damaged(format!(
            "{start} is in no run of occupied addresses ({set:?})"
        ))),
        None => Ok(()),
    }
}
