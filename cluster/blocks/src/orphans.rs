//! Blocks of nodes that are gone, for the controller.
//!
//! A node that is not ready keeps its blocks: its pods may live and use their addresses. It is gone when its `Node` has been
//! missing for [`MISSING_FOR`], or when somebody says so by the taint `node.kubernetes.io/out-of-service`. Times are those
//! of the controller's own looks, never what an object says: clocks of nodes may be wrong, and a controller that
//! starts knows nothing of the time before.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use plumb_resources::IPBlockSpec;

use crate::{Stored, Version};

/// How long a `Node` must have been missing.
pub const MISSING_FOR: Duration = Duration::from_secs(600);
/// How long a `Node` must have had the taint: a second look, so that one that is being taken back is not met by a list of
/// a moment before.
pub const OUT_OF_SERVICE_FOR: Duration = Duration::from_secs(30);
/// The longest time between two looks. After a longer one (no API server, another leader) all times begin again: the
/// node may have been there meanwhile.
pub const LONGEST_GAP: Duration = Duration::from_secs(120);

/// A `Node`, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSeen {
    /// Its name.
    pub name: String,
    /// `metadata.uid`: one that is registered anew is another.
    pub uid: String,
    /// Whether it has the taint `node.kubernetes.io/out-of-service`, of whatever effect.
    pub out_of_service: bool,
}

/// What is to be done with a block, with the version of [`Orphan::stored`] as precondition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freeing {
    /// Delete the object.
    Delete,
    /// Replace it by this one: its address is kept for a pod, which another node may serve now.
    Release(IPBlockSpec),
}

/// A block to be freed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// The block as it was listed.
    pub stored: Stored,
    /// What to do.
    pub freeing: Freeing,
    /// Why, for a person: `node a has been missing for 612 s`.
    pub because: String,
}

/// Why a node counts as gone, once it has for long enough.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sign {
    Missing,
    OutOfService { uid: String },
}

#[derive(Debug)]
struct Absence {
    sign: Sign,
    since: Duration,
    /// The node's blocks at that time: a write of its agent since then shows that it lives.
    blocks: BTreeMap<String, Version>,
}

/// What the controller has seen of nodes that own blocks; of the leader alone, and empty where one begins to lead.
#[derive(Debug, Default)]
pub struct Orphans {
    absences: BTreeMap<String, Absence>,
    last_look: Option<Duration>,
}

impl Orphans {
    /// Which blocks are to be freed. `now` never goes back. Both lists are consistent ones, and **the blocks were listed
    /// before the nodes**: so the node of a block that is there and of a `Node` that is not was gone at that time.
    ///
    /// Before each deletion the caller gets the `Node` once more ([`Orphans::still`]); what comes back after that finds
    /// its block missing at its next look and creates it again, or tells of a conflict.
    pub fn look(&mut self, now: Duration, blocks: &[Stored], nodes: &[NodeSeen]) -> Vec<Orphan> {
        if self.last_look.is_none_or(|last| now - last > LONGEST_GAP) {
            self.absences.clear();
        }
        self.last_look = Some(now);
        let owners: BTreeSet<&str> = blocks.iter().map(|one| one.block.node.as_str()).collect();
        self.absences
            .retain(|node, _| owners.contains(node.as_str()));
        let mut orphans = Vec::new();
        for owner in owners {
            let node = nodes.iter().find(|node| node.name == owner);
            let Some(sign) = sign(node) else {
                self.absences.remove(owner);
                continue;
            };
            let own: Vec<&Stored> = blocks
                .iter()
                .filter(|one| one.block.node == owner)
                .collect();
            let absence = self.absence(owner, sign, now, &own);
            let (limit, state) = match absence.sign {
                Sign::Missing => (MISSING_FOR, "been missing"),
                Sign::OutOfService { .. } => (OUT_OF_SERVICE_FOR, "been out of service"),
            };
            let time = now - absence.since;
            if time < limit {
                continue;
            }
            let because = format!("node {owner} has {state} for {} s", time.as_secs());
            orphans.extend(own.into_iter().filter_map(|stored| {
                Some(Orphan {
                    freeing: freeing(&stored.block)?,
                    stored: stored.clone(),
                    because: because.clone(),
                })
            }));
        }
        orphans
    }

    /// Whether the node still counts as gone, by what the API server has just said of it.
    #[must_use]
    pub fn still(&self, node: &str, seen: Option<&NodeSeen>) -> bool {
        let absence = self.absences.get(node);
        absence.is_some_and(|absence| sign(seen).as_ref() == Some(&absence.sign))
    }

    /// Since when the node has been away; from now on where it shows another sign, or where its agent has written.
    fn absence(&mut self, owner: &str, sign: Sign, now: Duration, own: &[&Stored]) -> &Absence {
        let versions = || -> BTreeMap<String, Version> {
            let pairs = own.iter().map(|one| (one.name(), one.version.clone()));
            pairs.collect()
        };
        let absence = self.absences.entry(owner.to_owned()).or_insert(Absence {
            sign: sign.clone(),
            since: now,
            blocks: versions(),
        });
        let written = own
            .iter()
            .any(|one| absence.blocks.get(&one.name()) != Some(&one.version));
        if absence.sign != sign || written {
            *absence = Absence {
                sign,
                since: now,
                blocks: versions(),
            };
        }
        absence
    }
}

/// None for a node that is there, ready or not.
fn sign(node: Option<&NodeSeen>) -> Option<Sign> {
    match node {
        None => Some(Sign::Missing),
        Some(node) if node.out_of_service => Some(Sign::OutOfService {
            uid: node.uid.clone(),
        }),
        Some(_) => None,
    }
}

/// None where the block is free already: its address is only kept.
fn freeing(block: &IPBlockSpec) -> Option<Freeing> {
    if block.bindings.is_empty() {
        return Some(Freeing::Delete);
    }
    (!block.released).then(|| {
        Freeing::Release(IPBlockSpec {
            released: true,
            ..block.clone()
        })
    })
}

#[cfg(test)]
mod tests {
    use plumb_resources::{Binding, BlockPod};

    use super::*;

    fn block(node: &str, last: u8, version: u64) -> Stored {
        Stored {
            block: IPBlockSpec {
                space: "default".to_owned(),
                first: [10, 0, 0, last].into(),
                size: 1,
                node: node.to_owned(),
                pool: "v4".to_owned(),
                released: false,
                released_at: None,
                claims: 0,
                bindings: Vec::new(),
            },
            version: Version {
                uid: format!("block-{last}"),
                resource_version: version,
            },
        }
    }

    fn node(name: &str, uid: &str, out_of_service: bool) -> NodeSeen {
        NodeSeen {
            name: name.to_owned(),
            uid: uid.to_owned(),
            out_of_service,
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// Looks every 60 s from `from` to `to`, and says at which of them something was to be freed.
    fn freed(
        orphans: &mut Orphans,
        (from, to): (u64, u64),
        blocks: &[Stored],
        nodes: &[NodeSeen],
    ) -> Vec<u64> {
        let looks = (from..=to).step_by(60);
        looks
            .filter(|now| !orphans.look(seconds(*now), blocks, nodes).is_empty())
            .collect()
    }

    #[test]
    fn a_node_that_is_missing_for_ten_minutes_loses_its_blocks_and_no_other_does() {
        let mut orphans = Orphans::default();
        let blocks = [block("gone", 1, 1), block("here", 2, 2)];
        let nodes = [node("here", "u", false)];
        assert_eq!(
            freed(&mut orphans, (0, 540), &blocks, &nodes),
            Vec::<u64>::new()
        );
        let found = orphans.look(seconds(600), &blocks, &nodes);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].stored, blocks[0]);
        assert_eq!(found[0].freeing, Freeing::Delete);
        assert_eq!(found[0].because, "node gone has been missing for 600 s");
    }

    #[test]
    fn a_node_that_comes_back_begins_again() {
        let mut orphans = Orphans::default();
        let blocks = [block("a", 1, 1)];
        assert!(freed(&mut orphans, (0, 540), &blocks, &[]).is_empty());
        assert!(
            orphans
                .look(seconds(570), &blocks, &[node("a", "v", false)])
                .is_empty()
        );
        assert_eq!(
            freed(&mut orphans, (600, 1200), &blocks, &[]),
            vec![1200],
            "ten minutes from the second time on"
        );
    }

    #[test]
    fn a_node_that_comes_back_between_list_and_deletion_keeps_its_blocks() {
        let mut orphans = Orphans::default();
        let blocks = [block("a", 1, 1)];
        assert_eq!(freed(&mut orphans, (0, 600), &blocks, &[]), vec![600]);
        assert!(orphans.still("a", None));
        assert!(!orphans.still("a", Some(&node("a", "v", false))));
        assert!(
            !orphans.still("a", Some(&node("a", "v", true))),
            "another sign, which has its own time"
        );
        assert!(!orphans.still("b", None), "never looked at");
    }

    #[test]
    fn a_node_that_writes_lives_whatever_became_of_its_object() {
        let mut orphans = Orphans::default();
        assert!(freed(&mut orphans, (0, 540), &[block("a", 1, 1)], &[]).is_empty());
        let changed = [block("a", 1, 2)];
        assert_eq!(freed(&mut orphans, (600, 1200), &changed, &[]), vec![1200]);
        let mut orphans = Orphans::default();
        assert!(freed(&mut orphans, (0, 540), &[block("a", 1, 1)], &[]).is_empty());
        let more = [block("a", 1, 1), block("a", 2, 9)];
        assert_eq!(freed(&mut orphans, (600, 1200), &more, &[]), vec![1200]);
    }

    #[test]
    fn a_controller_that_did_not_look_for_a_while_begins_again() {
        let mut orphans = Orphans::default();
        let blocks = [block("a", 1, 1)];
        assert!(freed(&mut orphans, (0, 300), &blocks, &[]).is_empty());
        assert_eq!(freed(&mut orphans, (600, 1200), &blocks, &[]), vec![1200]);
    }

    #[test]
    fn a_node_that_is_out_of_service_loses_its_blocks_at_the_second_look() {
        let mut orphans = Orphans::default();
        let blocks = [block("a", 1, 1)];
        let tainted = [node("a", "u", true)];
        assert!(orphans.look(seconds(0), &blocks, &tainted).is_empty());
        assert!(orphans.look(seconds(29), &blocks, &tainted).is_empty());
        let found = orphans.look(seconds(31), &blocks, &tainted);
        assert_eq!(
            found[0].because, "node a has been out of service for 31 s",
            "{found:?}"
        );
        let anew = [node("a", "v", true)];
        assert!(
            orphans.look(seconds(60), &blocks, &anew).is_empty(),
            "a node that is registered anew is another"
        );
    }

    #[test]
    fn an_address_that_is_kept_is_released_and_then_left_alone() {
        let mut orphans = Orphans::default();
        let mut kept = block("a", 1, 1);
        kept.block.bindings = vec![Binding {
            address: kept.block.first,
            pod: BlockPod {
                namespace: "default".to_owned(),
                name: "web-0".to_owned(),
            },
            network: "rail0".to_owned(),
            interface: "net1".to_owned(),
        }];
        let blocks = [kept];
        assert!(freed(&mut orphans, (0, 540), &blocks, &[]).is_empty());
        let found = orphans.look(seconds(600), &blocks, &[]);
        let Freeing::Release(released) = &found[0].freeing else {
            panic!("{found:?}");
        };
        assert!(released.released);
        assert_eq!(released.bindings, blocks[0].block.bindings);
        let done = [Stored {
            block: released.clone(),
            version: blocks[0].version.clone(),
        }];
        assert!(orphans.look(seconds(660), &done, &[]).is_empty());
    }
}
