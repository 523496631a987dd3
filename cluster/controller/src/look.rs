//! A look at all blocks of the cluster. They are listed page by page and never watched: there are as many as addresses in
//! use, and nothing that the controller does is urgent.

use std::collections::BTreeMap;
use std::net::IpAddr;

use kube::Client;
use kube::api::{DynamicObject, ListParams};
use plumb_blocks::{Stored, Version};
use plumb_resources::IPBlockSpec;
use plumb_values::AddressRange;
use plumb_values::range::next;
use serde_json::Value;

use crate::failure;
use crate::kinds::Kind;

/// Objects of one page.
const PAGE: u32 = 500;

/// Looks that begin again, because a page came too late and the list was forgotten.
const ATTEMPTS: usize = 3;

/// What nodes hold.
#[derive(Debug, Default)]
pub struct Held {
    /// All blocks that can be read.
    pub blocks: Vec<Stored>,
    /// By space, ascending: those of one space do not overlap.
    spaces: BTreeMap<String, Vec<usize>>,
    /// Names of objects that are no blocks.
    pub malformed: Vec<String>,
}

/// What nodes hold of some ranges.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Share {
    /// Addresses, in the space that has the most.
    pub addresses: u64,
    /// The same by node.
    pub nodes: BTreeMap<String, u64>,
}

impl Held {
    /// Puts blocks in order.
    pub fn new(blocks: Vec<Stored>, malformed: Vec<String>) -> Self {
        let mut spaces: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (index, stored) in blocks.iter().enumerate() {
            let space = spaces.entry(stored.block.space.clone()).or_default();
            space.push(index);
        }
        for space in spaces.values_mut() {
            space.sort_by_key(|index| blocks[*index].block.first);
        }
        Self {
            blocks,
            spaces,
            malformed,
        }
    }

    /// What nodes hold of `ranges`, which ascend and do not overlap.
    pub fn share(&self, ranges: &[AddressRange]) -> Share {
        let shares = self
            .spaces
            .values()
            .map(|space| self.share_of(space, ranges));
        shares
            .max_by_key(|share| share.addresses)
            .unwrap_or_default()
    }

    fn share_of(&self, space: &[usize], ranges: &[AddressRange]) -> Share {
        let mut share = Share::default();
        for range in ranges {
            let from = space.partition_point(|index| self.range(*index).last < range.first);
            for index in &space[from..] {
                let Some(common) = self.range(*index).intersection(range) else {
                    break;
                };
                let size = u64::try_from(common.size()).unwrap_or(u64::MAX);
                let node = self.blocks[*index].block.node.clone();
                share.addresses += size;
                *share.nodes.entry(node).or_default() += size;
            }
        }
        share
    }

    /// The blocks that were claimed for a pool and have no address of `ranges`.
    pub fn outside<'a>(
        &'a self,
        pool: &'a str,
        ranges: &'a [AddressRange],
    ) -> impl Iterator<Item = &'a IPBlockSpec> {
        let blocks = self.blocks.iter().map(|stored| &stored.block);
        blocks.filter(move |block| {
            let own = range(block);
            block.pool == pool
                && ranges
                    .iter()
                    .all(|range| range.intersection(&own).is_none())
        })
    }

    /// What nodes hold of what was claimed for a pool, whatever its ranges are.
    pub fn claimed_for(&self, pool: &str) -> Share {
        let mut share = Share::default();
        let blocks = self.blocks.iter().map(|stored| &stored.block);
        for block in blocks.filter(|block| block.pool == pool) {
            share.addresses += u64::from(block.size);
            *share.nodes.entry(block.node.clone()).or_default() += u64::from(block.size);
        }
        share
    }

    fn range(&self, index: usize) -> AddressRange {
        range(&self.blocks[index].block)
    }
}

/// The addresses of a block.
pub fn range(block: &IPBlockSpec) -> AddressRange {
    let last = match block.first {
        IpAddr::V4(first) => IpAddr::from(
            (first.to_bits().saturating_add(block.size.saturating_sub(1))).to_be_bytes(),
        ),
        IpAddr::V6(first) => {
            let bits = first
                .to_bits()
                .saturating_add(u128::from(block.size.saturating_sub(1)));
            IpAddr::from(bits.to_be_bytes())
        }
    };
    AddressRange::new(block.first, last).unwrap_or(AddressRange::single(block.first))
}

/// Lists all blocks.
///
/// # Errors
///
/// Why they are not known.
pub async fn blocks(client: &Client) -> Result<Held, String> {
    let objects = list(client, Kind::Block).await?;
    let (mut blocks, mut malformed) = (Vec::new(), Vec::new());
    for object in objects {
        match stored(&object) {
            Some(stored) => blocks.push(stored),
            None => malformed.push(object.metadata.name.unwrap_or_default()),
        }
    }
    Ok(Held::new(blocks, malformed))
}

/// Lists the states of pools, by name.
///
/// # Errors
///
/// Why they are not known.
pub async fn states(client: &Client) -> Result<BTreeMap<String, Value>, String> {
    let objects = list(client, Kind::PoolState).await?;
    let named = objects.into_iter().filter_map(|object| {
        let name = object.metadata.name.clone()?;
        Some((name, serde_json::to_value(object).ok()?))
    });
    Ok(named.collect())
}

async fn list(client: &Client, kind: Kind) -> Result<Vec<DynamicObject>, String> {
    let api = kind.all(client);
    let mut attempt = 1;
    'again: loop {
        let mut objects = Vec::new();
        let mut parameters = ListParams::default().limit(PAGE);
        loop {
            let page = match api.list(&parameters).await {
                Ok(page) => page,
                // The list was forgotten between two pages.
                Err(error) if failure::code(&error) == Some(410) && attempt < ATTEMPTS => {
                    attempt += 1;
                    continue 'again;
                }
                Err(error) => return Err(failure::sentence("list", kind.plural(), &error)),
            };
            objects.extend(page.items);
            match page.metadata.continue_.filter(|token| !token.is_empty()) {
                Some(token) => parameters = parameters.continue_token(&token),
                None => return Ok(objects),
            }
        }
    }
}

/// None of what is no block: its name must be that of its space and first address, which is what makes it unique.
fn stored(object: &DynamicObject) -> Option<Stored> {
    let block: IPBlockSpec = serde_json::from_value(object.data.get("spec")?.clone()).ok()?;
    let stored = Stored {
        version: Version {
            uid: object.metadata.uid.clone()?,
            resource_version: object.metadata.resource_version.as_ref()?.parse().ok()?,
        },
        block,
    };
    let is_aligned =
        stored.block.size.is_power_of_two() && next(range(&stored.block).last).is_some();
    (is_aligned && object.metadata.name.as_deref() == Some(&stored.name())).then_some(stored)
}

#[cfg(test)]
pub mod tests {
    use serde_json::json;

    use super::*;

    /// A block of `space` that `node` has claimed for pool `a`.
    pub fn block(space: &str, first: &str, size: u32, node: &str) -> Stored {
        let block =
            json!({"space": space, "first": first, "size": size, "node": node, "pool": "a"});
        Stored {
            block: serde_json::from_value(block).unwrap(),
            version: Version {
                uid: "u".into(),
                resource_version: 1,
            },
        }
    }

    fn ranges(text: &[(&str, &str)]) -> Vec<AddressRange> {
        let range = |(first, last): &(&str, &str)| {
            AddressRange::new(first.parse().unwrap(), last.parse().unwrap()).unwrap()
        };
        text.iter().map(range).collect()
    }

    #[test]
    fn addresses_of_blocks_are_counted_within_the_ranges() {
        let held = Held::new(
            vec![
                block("default", "10.0.0.16", 16, "a"),
                block("default", "10.0.0.0", 16, "b"),
                block("default", "10.0.1.0", 1, "b"),
                block("blue", "10.0.0.4", 1, "c"),
            ],
            Vec::new(),
        );
        let share = held.share(&ranges(&[
            ("10.0.0.10", "10.0.0.20"),
            ("10.0.1.0", "10.0.1.9"),
        ]));
        assert_eq!(share.addresses, 12);
        assert_eq!(
            share.nodes,
            BTreeMap::from([("a".into(), 5), ("b".into(), 7)])
        );
        assert_eq!(held.claimed_for("a").addresses, 34);
        let away = ranges(&[("10.0.0.0", "10.0.0.20")]);
        let outside: Vec<_> = held
            .outside("a", &away)
            .map(|block| block.first.to_string())
            .collect();
        assert_eq!(outside, ["10.0.1.0"]);
    }

    #[test]
    fn the_last_block_of_all_addresses_is_no_overflow() {
        let mut last = block("default", "255.255.255.255", 1, "a").block;
        assert_eq!(range(&last).to_string(), "255.255.255.255");
        last.size = u32::MAX;
        assert_eq!(range(&last).last.to_string(), "255.255.255.255");
    }

    #[test]
    fn an_object_under_another_name_is_no_block() {
        let object = |name: &str| -> DynamicObject {
            serde_json::from_value(json!({
                "metadata": {"name": name, "uid": "u", "resourceVersion": "7"},
                "spec": {"space": "default", "first": "10.0.0.1", "size": 1, "node": "a", "pool": "a"}}))
            .unwrap()
        };
        assert!(stored(&object("default-10.0.0.1")).is_some());
        assert!(stored(&object("default-10.0.0.2")).is_none());
    }
}
