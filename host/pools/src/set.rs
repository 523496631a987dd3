//! The rules between pools of one set.

use std::collections::HashMap;

use plumb_values::range::merge;

use super::range::whole;
use super::{AddressRange, Error, Pool};

/// A pool that is right by itself, and where it was written.
pub(super) struct Draft {
    pub(super) pool: Pool,
    pub(super) place: String,
}

/// Takes the reserved addresses from all pools and refuses a set in which two pools have
/// the same name or the same address.
pub(super) fn assemble(
    mut drafts: Vec<Draft>,
    reserved: Vec<AddressRange>,
) -> Result<Vec<Pool>, Error> {
    refuse_duplicate_names(&drafts)?;
    let reserved = merge(reserved);
    for Draft { pool, .. } in &mut drafts {
        let subnet = whole(pool.subnet);
        let taken = reserved
            .iter()
            .filter_map(|range| range.intersection(&subnet));
        pool.excluded.extend(taken);
        pool.excluded = merge(std::mem::take(&mut pool.excluded));
    }
    refuse_overlaps(&drafts)?;
    Ok(drafts.into_iter().map(|draft| draft.pool).collect())
}

fn refuse_duplicate_names(drafts: &[Draft]) -> Result<(), Error> {
    let mut places = HashMap::new();
    for Draft { pool, place } in drafts {
        if let Some(first) = places.insert(&pool.name, place) {
            return Err(Error::DuplicateName {
                name: pool.name.clone(),
                first: first.clone(),
                second: place.clone(),
            });
        }
    }
    Ok(())
}

/// Whether the subnets are the same plays no part: an address that two pods have is a
/// fault with any prefix. Disabled pools give out nothing, so one that replaces another
/// may have its addresses; leases hold an address, not a place in a pool.
fn refuse_overlaps(drafts: &[Draft]) -> Result<(), Error> {
    let mut ranges: Vec<(AddressRange, &Draft)> = drafts
        .iter()
        .filter(|draft| !draft.pool.disabled)
        .flat_map(|draft| {
            draft
                .pool
                .usable()
                .into_iter()
                .map(move |range| (range, draft))
        })
        .collect();
    ranges.sort_by_key(|(range, _)| *range);
    // If any two ranges meet, so do two neighbours; and ranges of one pool never meet.
    for pair in ranges.windows(2) {
        let [(low, first), (high, second)] = pair else {
            continue;
        };
        if let Some(overlap) = low.intersection(high) {
            return Err(Error::Overlap {
                overlap,
                first: first.place.clone(),
                second: second.place.clone(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
