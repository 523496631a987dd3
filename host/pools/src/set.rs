//! The rules between pools of one set.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use plumb_values::range::merge;

use super::range::whole;
use super::{AddressRange, Error, LeftOut, Pool, Set};

/// A pool that is right by itself, and where it was written.
pub(super) struct Draft {
    pub(super) pool: Pool,
    pub(super) place: String,
}

impl Draft {
    fn left_out(self, error: Error) -> LeftOut {
        LeftOut {
            name: Some(self.pool.name),
            is_default: self.pool.is_default,
            file: self.pool.file,
            error,
        }
    }
}

/// What was read, each thing by itself.
#[derive(Default)]
pub(super) struct Found {
    pub(super) drafts: Vec<Draft>,
    /// What `SpiderReservedIP` objects reserve.
    pub(super) reserved: Vec<AddressRange>,
    /// What cannot be used.
    pub(super) left_out: Vec<LeftOut>,
    /// Why it is not known what is reserved.
    pub(super) unreadable_reservation: Option<String>,
}

/// Takes the reserved addresses from all pools, and leaves out those that have the same name as another one, or an
/// address of one before.
pub(super) fn assemble(found: Found) -> Set {
    let Found {
        drafts,
        reserved,
        mut left_out,
        unreadable_reservation,
    } = found;
    let drafts = with_a_name_of_their_own(drafts, &mut left_out);
    let reserved = merge(reserved);
    let mut given = Given::default();
    let mut pools = Vec::new();
    for mut draft in drafts {
        if let Some(fault) = &unreadable_reservation {
            let fault = fault.clone();
            left_out.push(draft.left_out(Error::Reservation { fault }));
            continue;
        }
        let pool = &mut draft.pool;
        let subnet = whole(pool.subnet);
        let taken = reserved
            .iter()
            .filter_map(|range| range.intersection(&subnet));
        pool.excluded.extend(taken);
        pool.excluded = merge(std::mem::take(&mut pool.excluded));
        match given.add(&draft) {
            Ok(()) => pools.push(draft.pool),
            Err(error) => left_out.push(draft.left_out(error)),
        }
    }
    Set { pools, left_out }
}

/// Of pools with the same name none is used: nobody knows which of them is meant. One that cannot be used for another
/// reason counts as well.
fn with_a_name_of_their_own(drafts: Vec<Draft>, left_out: &mut Vec<LeftOut>) -> Vec<Draft> {
    let mut places: HashMap<String, Vec<String>> = HashMap::new();
    for draft in &drafts {
        let places = places.entry(draft.pool.name.clone()).or_default();
        places.push(draft.place.clone());
    }
    for other in left_out.iter() {
        if let (Some(name), Some(file)) = (&other.name, &other.file)
            && let Some(places) = places.get_mut(name)
        {
            places.push(file.display().to_string());
        }
    }
    let (mut alone, mut doubled) = (Vec::new(), Vec::new());
    for draft in drafts {
        match places.get(&draft.pool.name).map(Vec::as_slice) {
            Some([first, second, ..]) => {
                let error = Error::DuplicateName {
                    name: draft.pool.name.clone(),
                    first: first.clone(),
                    second: second.clone(),
                };
                doubled.push(draft.left_out(error));
            }
            _ => alone.push(draft),
        }
    }
    left_out.extend(doubled);
    alone
}

/// The addresses that pools give out, by the first of each range.
#[derive(Default)]
struct Given(BTreeMap<IpAddr, (AddressRange, String)>);

impl Given {
    /// Takes up the addresses of a pool, or none of them when one is another pool's already.
    ///
    /// Whether the subnets are the same plays no part: an address that two pools have is a
    /// fault with any prefix. Disabled pools give out nothing, so one that replaces another
    /// may have its addresses; leases hold an address, not a place in a pool.
    fn add(&mut self, draft: &Draft) -> Result<(), Error> {
        if draft.pool.disabled {
            return Ok(());
        }
        let ranges = draft.pool.usable();
        for range in &ranges {
            if let Some((overlap, place)) = self.meets(range) {
                return Err(Error::Overlap {
                    overlap,
                    first: place.to_owned(),
                    second: draft.place.clone(),
                });
            }
        }
        let own = ranges
            .into_iter()
            .map(|range| (range.first, (range, draft.place.clone())));
        self.0.extend(own);
        Ok(())
    }

    /// The first stretch of a range that is given out already, and by whom. Ranges that are in here never meet.
    fn meets(&self, range: &AddressRange) -> Option<(AddressRange, &str)> {
        let before = self.0.range(..=range.first).next_back();
        let after = self.0.range(range.first..=range.last).next();
        before
            .into_iter()
            .chain(after)
            .find_map(|(_, (other, place))| {
                let overlap = other.intersection(range)?;
                Some((overlap, place.as_str()))
            })
    }
}

#[cfg(test)]
mod tests;
