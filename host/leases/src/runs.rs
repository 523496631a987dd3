//! Runs of consecutive addresses: those that are occupied, and those that this node may give out.
//!
//! One entry for each maximal run, by its first address. Two runs never touch, so the address after a run is
//! free, and the first free address at or after any other takes one lookup.

use std::net::IpAddr;

use rusqlite::Connection;

use crate::address::{contains, is_range, next, previous, size, to_bytes};
use crate::entries;
use crate::error::Fault;
use crate::keys::{self, Kind};
use crate::values::{Parts, Value};

/// Which addresses of a space are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Set {
    /// Those that are leased.
    Leased,
    /// Those that are leased or remembered.
    Reserved,
    /// Those of shared pools that this node may give out.
    Held,
}

impl Set {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Leased => Kind::Leased,
            Self::Reserved => Kind::Reserved,
            Self::Held => Kind::Held,
        }
    }
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
    // Of most addresses the next one is in no run: then what is before that is also what is before `x`.
    let near = match next(x) {
        Some(next) => before(db, set, space, next)?,
        None => None,
    };
    let above = near.filter(|run| x < run.0);
    let below = match near {
        Some(run) if run.0 <= x => near,
        _ => before(db, set, space, x)?,
    };
    if below.is_some_and(|run| contains(run, x)) {
        return Ok(false);
    }
    let touching = below.filter(|(_, end)| next(*end) == Some(x));
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

/// Adds all of a range, whatever of it is in the set.
pub(crate) fn add_range(
    db: &Connection,
    set: Set,
    space: &str,
    (first, last): Run,
) -> Result<(), Fault> {
    // With the neighbours on both sides, whose runs become one with it.
    let wide = (previous(first).unwrap_or(first), next(last).unwrap_or(last));
    let (mut start, mut end) = (first, last);
    for run in meeting(db, set, space, wide)? {
        delete(db, set, space, run.0)?;
        (start, end) = (start.min(run.0), end.max(run.1));
    }
    put(db, set, space, (start, end))
}

/// Takes all of a range out, whatever of it is in the set.
pub(crate) fn remove_range(
    db: &Connection,
    set: Set,
    space: &str,
    (first, last): Run,
) -> Result<(), Fault> {
    for run in meeting(db, set, space, (first, last))? {
        delete(db, set, space, run.0)?;
        if let Some(before) = previous(first).filter(|_| run.0 < first) {
            put(db, set, space, (run.0, before))?;
        }
        if let Some(behind) = next(last).filter(|_| last < run.1) {
            put(db, set, space, (behind, run.1))?;
        }
    }
    Ok(())
}

/// How many addresses of a range are in the set.
pub(crate) fn count(db: &Connection, set: Set, space: &str, range: Run) -> Result<u128, Fault> {
    let parts = within(db, set, space, range)?;
    Ok(parts.into_iter().map(size).fold(0, u128::saturating_add))
}

/// What of a range is in the set, in the order of addresses.
pub(crate) fn within(
    db: &Connection,
    set: Set,
    space: &str,
    (first, last): Run,
) -> Result<Vec<Run>, Fault> {
    let runs = meeting(db, set, space, (first, last))?;
    let inside = |run: Run| (run.0.max(first), run.1.min(last));
    Ok(runs.into_iter().map(inside).collect())
}

/// The runs that have an address of a range, whole.
fn meeting(db: &Connection, set: Set, space: &str, (first, last): Run) -> Result<Vec<Run>, Fault> {
    let from = before(db, set, space, first)?.map_or(first, |run| run.0);
    let from = keys::place(set.kind(), space, from);
    // The first key behind that of `last`.
    let mut to = keys::place(set.kind(), space, last);
    to.push(0);
    let mut runs = Vec::new();
    let mut end = None;
    entries::scan(db, &from, &to, |key, value| {
        let (_, run) = run(key, value)?;
        if end.is_some_and(|end| run.0 <= end) {
            return Err(Fault::Damaged(format!(
                "the run of addresses from {} overlaps another",
                run.0
            )));
        }
        end = Some(run.1);
        // The first may end before the range begins.
        if first <= run.1 {
            runs.push(run);
        }
        Ok(())
    })?;
    Ok(runs)
}

/// The run that begins at `x` or is the nearest before it.
fn before(db: &Connection, set: Set, space: &str, x: IpAddr) -> Result<Option<Run>, Fault> {
    let (key, value) = entries::floor(db, &keys::place(set.kind(), space, x))?;
    if key == set.kind().marker() {
        return Ok(None);
    }
    let (found, run) = run(&key, &value)?;
    // Behind the last run of another space, and of IPv4 where `x` is IPv6.
    Ok((found == space && run.0.is_ipv4() == x.is_ipv4()).then_some(run))
}

/// An entry: the space, and first and last address.
pub(crate) fn run(key: &[u8], value: &[u8]) -> Result<(String, Run), Fault> {
    let (space, first) = keys::read_place(key).ok_or_else(|| entries::not_a_key(key))?;
    let mut parts = Parts::new("runs", value);
    let last = parts.address()?;
    if key.starts_with(&Kind::Held.marker()) && parts.number()? != seal(key, last) {
        return Err(Fault::Damaged(format!(
            "the run of addresses from {first} is not what this node got to hold"
        )));
    }
    parts.end()?;
    if is_range((first, last)) {
        return Ok((space, (first, last)));
    }
    Err(Fault::Damaged(format!(
        "the run of addresses from {first} ends at {last}"
    )))
}

/// Writes a run, which must be apart from all others.
pub(crate) fn put(db: &Connection, set: Set, space: &str, (start, end): Run) -> Result<(), Fault> {
    let key = keys::place(set.kind(), space, start);
    let value = Value::default().address(end);
    let value = match set {
        Set::Leased | Set::Reserved => value,
        Set::Held => value.number(seal(&key, end)),
    };
    entries::put(db, &key, value.bytes())
}

/// Of what a run says (FNV-1a). What is leased has a lease beside its run, and what is held has nothing: a flipped bit would make
/// the addresses of other nodes this one's.
fn seal(key: &[u8], end: IpAddr) -> u64 {
    let bytes = key.iter().copied().chain(to_bytes(end));
    bytes.fold(0xcbf2_9ce4_8422_2325, |seal, byte| {
        (seal ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn delete(db: &Connection, set: Set, space: &str, start: IpAddr) -> Result<(), Fault> {
    entries::delete(db, &keys::place(set.kind(), space, start))
}
