//! The rules between pools of one set.

use std::collections::HashMap;

use super::range::merge;
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
        let subnet = AddressRange::of(pool.subnet);
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
mod tests {
    use super::super::load;
    use serde_json::{Value, json};

    #[test]
    fn no_address_is_in_two_pools() {
        let check =
            |pools: Value, expected: Option<&str>| match (load(Some(&pools), None), expected) {
                (Ok(_), None) => {}
                (Err(error), Some(overlap)) => {
                    let message = error.to_string();
                    assert!(message.starts_with(overlap), "{pools}: {message}");
                    assert!(message.contains("[0] \"a\""), "{pools}: {message}");
                    assert!(message.contains("[1] \"b\""), "{pools}: {message}");
                }
                (found, _) => panic!("{pools}: expected {expected:?}, found {found:?}"),
            };
        let pool = |name: &str, subnet: &str, ips: &[&str]| json!({"name": name, "subnet": subnet, "ips": ips, "gateway": "10.0.0.1"});
        let subnet = "10.0.0.0/24";
        check(
            json!([
                pool("a", subnet, &["10.0.0.10-10.0.0.20"]),
                pool("b", subnet, &["10.0.0.21-10.0.0.30"])
            ]),
            None,
        );
        check(
            json!([
                pool("a", subnet, &["10.0.0.10-10.0.0.20"]),
                pool("b", subnet, &["10.0.0.15-10.0.0.30"])
            ]),
            Some("10.0.0.15-10.0.0.20 is in two pools"),
        );
        check(
            json!([
                pool("a", subnet, &["10.0.0.10-10.0.0.20", "10.0.0.50"]),
                pool("b", subnet, &["10.0.0.15", "10.0.0.95"])
            ]),
            Some("10.0.0.15 is in two pools"),
        );
        // The gateway of a subnet is in no pool's usable addresses.
        check(
            json!([
                pool("a", subnet, &["10.0.0.1-10.0.0.9"]),
                pool("b", subnet, &["10.0.0.1", "10.0.0.10"])
            ]),
            None,
        );
        check(
            json!([
                pool("a", subnet, &[]),
                pool("b", "10.0.0.0/16", &["10.0.0.200-10.0.1.5"])
            ]),
            Some("10.0.0.200-10.0.0.254 is in two pools"),
        );
        check(
            json!([pool("a", subnet, &[]), {"name": "b", "subnet": subnet}]),
            Some("10.0.0.2-10.0.0.254 is in two pools"),
        );
        check(
            json!([pool("a", subnet, &[]), {"name": "b", "subnet": subnet, "disable": true}]),
            None,
        );
        check(
            json!([
                {"name": "a", "subnet": subnet, "excludeips": ["10.0.0.128/25"]},
                {"name": "b", "subnet": subnet, "ips": ["10.0.0.128/25"]},
            ]),
            None,
        );
        check(
            json!([{"name": "a", "subnet": "0.0.0.0/0"}, {"name": "b", "subnet": "::/0"}]),
            None,
        );
    }
}
