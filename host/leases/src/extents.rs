//! Runs of consecutive occupied addresses.
//!
//! One record for each maximal run: its first address is the key, its last the value. Two runs never touch,
//! so the address after a run is free, and the first free address at or after any other takes one lookup.

use std::ops::Bound;

use heed::{RoTxn, RwTxn};

use super::address::Line;
use super::tables::{Fault, Table};

/// A set of addresses in each space, kept as runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extents(pub(super) Table);

impl Extents {
    pub(super) fn contains(self, txn: &RoTxn<'_>, line: &Line, x: u128) -> Result<bool, Fault> {
        Ok(self.around(txn, line, x)?.is_some())
    }

    /// The first address from `first` to `last`, both included, that is not in the set.
    pub(super) fn first_free(
        self,
        txn: &RoTxn<'_>,
        line: &Line,
        first: u128,
        last: u128,
    ) -> Result<Option<u128>, Fault> {
        let free = match self.around(txn, line, first)? {
            Some((_, end)) => end.checked_add(1),
            None => Some(first),
        };
        Ok(free.filter(|free| *free <= last))
    }

    /// Adds `x`, which must not be in the set.
    pub(super) fn insert(self, txn: &mut RwTxn<'_>, line: &Line, x: u128) -> Result<(), Fault> {
        if self.contains(txn, line, x)? {
            return Err(Fault::Damaged(format!(
                "{} is in a run of occupied addresses twice",
                line.address(x)
            )));
        }
        let before = match x.checked_sub(1) {
            Some(before) => self.around(txn, line, before)?,
            None => None,
        };
        let after = match x.checked_add(1) {
            Some(after) => self.around(txn, line, after)?,
            None => None,
        };
        if let Some((start, _)) = after {
            self.0.delete(txn, &line.key(start))?;
        }
        let start = before.map_or(x, |(start, _)| start);
        let end = after.map_or(x, |(_, end)| end);
        self.put(txn, line, start, end)
    }

    /// Takes `x` out, which must be in the set.
    pub(super) fn remove(self, txn: &mut RwTxn<'_>, line: &Line, x: u128) -> Result<(), Fault> {
        let Some((start, end)) = self.around(txn, line, x)? else {
            return Err(Fault::Damaged(format!(
                "{} is in no run of occupied addresses",
                line.address(x)
            )));
        };
        if start < x {
            self.put(txn, line, start, x - 1)?;
        } else {
            self.0.delete(txn, &line.key(start))?;
        }
        if x < end {
            self.put(txn, line, x + 1, end)?;
        }
        Ok(())
    }

    /// How many addresses from `first` to `last`, both included, are in the set.
    pub(super) fn count(
        self,
        txn: &RoTxn<'_>,
        line: &Line,
        first: u128,
        last: u128,
    ) -> Result<u128, Fault> {
        let mut count: u128 = 0;
        let from = self
            .around(txn, line, first)?
            .map_or(first, |(start, _)| start);
        let (from, to) = (line.key(from), line.key(last));
        for entry in self
            .0
            .range(txn, &(Bound::Included(&from[..]), Bound::Included(&to[..])))?
        {
            let (key, value) = entry?;
            let (start, end) = run(line, key, value)?;
            count = count.saturating_add((end.min(last) - start.max(first)).saturating_add(1));
        }
        Ok(count)
    }

    /// The run that `x` lies in, first and last address.
    fn around(self, txn: &RoTxn<'_>, line: &Line, x: u128) -> Result<Option<(u128, u128)>, Fault> {
        let key = line.key(x);
        let Some((key, value)) = self.0.get_lower_than_or_equal_to(txn, &key)? else {
            return Ok(None);
        };
        if line.number(key).is_none() {
            return Ok(None);
        }
        let (start, end) = run(line, key, value)?;
        Ok((x <= end).then_some((start, end)))
    }

    fn put(self, txn: &mut RwTxn<'_>, line: &Line, start: u128, end: u128) -> Result<(), Fault> {
        Ok(self.0.put(txn, &line.key(start), &end.to_be_bytes())?)
    }
}

/// A record, decoded.
pub(super) fn run(line: &Line, key: &[u8], value: &[u8]) -> Result<(u128, u128), Fault> {
    let end = <[u8; 16]>::try_from(value).ok().map(u128::from_be_bytes);
    match (line.number(key), end) {
        (Some(start), Some(end)) if start <= end => Ok((start, end)),
        _ => Err(Fault::Damaged(format!(
            "run of occupied addresses at {} has no end",
            key.escape_ascii()
        ))),
    }
}
