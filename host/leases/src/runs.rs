//! Runs of consecutive occupied addresses.
//!
//! One row for each maximal run, by its first address. Two runs never touch, so the address after a run is
//! free, and the first free address at or after any other takes one lookup.

use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::address::{contains, is_range, next, previous, size};
use crate::database::{Fault, Stored, address};

/// Which addresses of a space are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// Those that are leased.
    Leased = 1,
    /// Those that are leased or remembered.
    Reserved = 2,
}

type Run = (IpAddr, IpAddr);

pub(crate) fn has(db: &Connection, set: Set, space: &str, x: IpAddr) -> Result<bool, Fault> {
    Ok(before(db, set, space, x)?.is_some_and(|run| contains(run, x)))
}

/// The first address from `first` to `last`, both included, that is not in the set.
pub(crate) fn first_free(
    db: &Connection,
    set: Set,
    space: &str,
    (first, last): (IpAddr, IpAddr),
) -> Result<Option<IpAddr>, Fault> {
    let free = match before(db, set, space, first)? {
        Some(run) if contains(run, first) => next(run.1),
        _ => Some(first),
    };
    Ok(free.filter(|free| *free <= last))
}

/// Adds `x`; whether it was not in the set.
pub(crate) fn add(db: &Connection, set: Set, space: &str, x: IpAddr) -> Result<bool, Fault> {
    let below = before(db, set, space, x)?;
    if below.is_some_and(|run| contains(run, x)) {
        return Ok(false);
    }
    let touching = below.filter(|(_, end)| next(*end) == Some(x));
    let above = match next(x) {
        Some(above) => before(db, set, space, above)?.filter(|run| run.0 == above),
        None => None,
    };
    if let Some((start, _)) = above {
        delete(db, set, space, start)?;
    }
    let start = touching.map_or(x, |run| run.0);
    let end = above.map_or(x, |run| run.1);
    put(db, set, space, (start, end))?;
    Ok(true)
}

/// Takes `x` out, which must be in the set.
pub(crate) fn remove(db: &Connection, set: Set, space: &str, x: IpAddr) -> Result<(), Fault> {
    let run = before(db, set, space, x)?.filter(|run| contains(*run, x));
    let Some((start, end)) = run else {
        return Err(Fault::Damaged(format!(
            "{x} is in no run of occupied addresses"
        )));
    };
    match previous(x).filter(|_| start < x) {
        Some(before) => put(db, set, space, (start, before))?,
        None => delete(db, set, space, start)?,
    }
    match next(x).filter(|_| x < end) {
        Some(behind) => put(db, set, space, (behind, end)),
        None => Ok(()),
    }
}

/// How many addresses of a range are in the set.
pub(crate) fn count(
    db: &Connection,
    set: Set,
    space: &str,
    (first, last): (IpAddr, IpAddr),
) -> Result<u128, Fault> {
    let from = before(db, set, space, first)?.map_or(first, |run| run.0);
    let mut select = db.prepare_cached(
        "SELECT first, last FROM runs WHERE kind=?1 AND space=?2 AND first BETWEEN ?3 AND ?4 ORDER BY first",
    )?;
    let mut rows = select.query(params![set as u8, space, Stored(from), Stored(last)])?;
    let mut count: u128 = 0;
    let mut end = None;
    while let Some(row) = rows.next()? {
        let run = run(row)?;
        // In order, so that pages which lead in circles come to an end.
        if end.is_some_and(|end| run.0 <= end) {
            return Err(Fault::Damaged(format!(
                "the run of occupied addresses from {} overlaps another",
                run.0
            )));
        }
        end = Some(run.1);
        let inside = (run.0.max(first), run.1.min(last));
        if is_range(inside) {
            count = count.saturating_add(size(inside));
        }
    }
    Ok(count)
}

/// The run that begins at `x` or is the nearest before it.
fn before(db: &Connection, set: Set, space: &str, x: IpAddr) -> Result<Option<Run>, Fault> {
    let mut select = db.prepare_cached(
        "SELECT first, last FROM runs WHERE kind=?1 AND space=?2 AND first<=?3 ORDER BY first DESC LIMIT 1",
    )?;
    let found = select
        .query_row(params![set as u8, space, Stored(x)], |row| Ok(run(row)))
        .optional()?;
    // IPv4 comes first, so the last run of IPv4 is before all of IPv6.
    Ok(found
        .transpose()?
        .filter(|(start, _)| start.is_ipv4() == x.is_ipv4()))
}

/// A row, with first and last address.
pub(crate) fn run(row: &Row<'_>) -> Result<Run, Fault> {
    let run = (address(row, 0)?, address(row, 1)?);
    if is_range(run) {
        return Ok(run);
    }
    let (first, last) = run;
    Err(Fault::Damaged(format!(
        "the run of occupied addresses from {first} ends at {last}"
    )))
}

fn put(db: &Connection, set: Set, space: &str, (start, end): Run) -> Result<(), Fault> {
    db.prepare_cached("INSERT OR REPLACE INTO runs VALUES(?1, ?2, ?3, ?4)")?
        .execute(params![set as u8, space, Stored(start), Stored(end)])?;
    Ok(())
}

fn delete(db: &Connection, set: Set, space: &str, start: IpAddr) -> Result<(), Fault> {
    db.prepare_cached("DELETE FROM runs WHERE kind=?1 AND space=?2 AND first=?3")?
        .execute(params![set as u8, space, Stored(start)])?;
    Ok(())
}
