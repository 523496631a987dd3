//! Parts of all addresses: what is looked at of a pool whose blocks are too many to be listed for one claim.

use std::net::IpAddr;

use plumb_resources::block_name;

use crate::arithmetic::{LARGEST, Names, block_range, first_of, intersections};
use crate::take::{Offer, Wanted};
use crate::{Agent, Api, Blocks, Failure, Range, Store};

/// Addresses of a part: as many as a list may have blocks that is answered in some ten milliseconds. A block lies in one
/// part, whatever its size.
const PART: u32 = 1024;
const _: () = assert!(PART.is_multiple_of(LARGEST));

/// How many parts without a free name are looked at before all of the pool is.
const PARTS: usize = 8;

/// The part of an address.
pub(crate) fn part_of(address: IpAddr) -> Range {
    block_range(first_of(address, PART), PART)
}

/// The value of [`crate::PART_LABEL`]: the part's first address, as it is in the name of a block.
#[must_use]
pub fn part_label(address: IpAddr) -> String {
    let name = block_name("", part_of(address).0);
    name.trim_start_matches('-').to_owned()
}

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// The blocks that look free in some part of a pool, by chance; none where so in several.
    pub(crate) async fn free_in_a_part(
        &self,
        wanted: &Wanted<'_>,
        offer: &Offer,
    ) -> Result<Vec<IpAddr>, Failure> {
        let parts = Names::new(&offer.ranges, PART);
        for _ in 0..PARTS {
            let Some(first) = self.one_of(&parts) else {
                break;
            };
            let part = part_of(first);
            let listed = self.api.blocks_of_part(first).await?;
            let names = Names::new(&intersections(&offer.ranges, &[part]), offer.size);
            let free = self.looks_free(wanted, &names, offer.size, &listed);
            if !free.is_empty() {
                return Ok(free);
            }
        }
        Ok(Vec::new())
    }

    /// A block by chance.
    pub(crate) fn one_of(&self, names: &Names) -> Option<IpAddr> {
        let random = u128::from(self.agent.random()) << 64 | u128::from(self.agent.random());
        names.nth(random.checked_rem(names.count())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_part_of_a_block_is_the_value_of_a_label() {
        let label = |address: &str| part_label(address.parse().expect("an address"));
        assert_eq!(label("100.64.3.255"), "100.64.0.0");
        assert_eq!(label("100.64.4.0"), "100.64.4.0");
        assert_eq!(label("fd00::7ff"), "fd000000000000000000000000000400");
    }
}
