//! Whether the tables agree with each other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use rusqlite::Connection;

use crate::address::next;
use crate::database::{Fault, address};
use crate::lease::Owner;
use crate::read::{Place, held, leases, owners};
use crate::runs::{Set, run};

/// Lets SQLite compare its pages and indexes, and compares all tables; returns how many leases there are.
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
                "leases and owner rows of container {} in {} differ",
                owner.container_id, owner.network
            )));
        }
    }
    if let Some((owner, _)) = by_owner.pop_first() {
        return Err(Fault::Damaged(format!(
            "container {} has leases but no owner row",
            owner.container_id
        )));
    }
    let mut reserved = leased.clone();
    let mut select = db.prepare("SELECT space, address, rested NOTNULL FROM memories")?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let (place, rests): (Place, bool) = ((row.get(0)?, address(row, 1)?), row.get(2)?);
        if rests == leased.contains(&place) {
            return Err(Fault::Damaged(format!(
                "{} is remembered as what it is not, {}",
                place.1,
                if rests { "free" } else { "leased" }
            )));
        }
        reserved.insert(place);
    }
    compare(db, Set::Leased, &leased)?;
    compare(db, Set::Reserved, &reserved)?;
    Ok(leased.len() as u64)
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
    let mut select =
        db.prepare("SELECT first, last, space FROM runs WHERE kind=?1 ORDER BY space, first")?;
    let mut rows = select.query([set as u8])?;
    while let Some(row) = rows.next()? {
        let ((start, end), space): (_, String) = (run(row)?, row.get(2)?);
        if expected.next() != Some((&space, start, end)) {
            return Err(Fault::Damaged(format!(
                "the run of occupied addresses from {start} ({set:?}) is not what is occupied"
            )));
        }
    }
    match expected.next() {
        Some((_, start, _)) => Err(Fault::Damaged(format!(
            "{start} is in no run of occupied addresses ({set:?})"
        ))),
        None => Ok(()),
    }
}
