//! What follows from pools: what is wrong with each, how many addresses nodes hold of it, and whether it may go.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use plumb_pools::{LeftOut, Pool};
use plumb_resources::without_affinities;
use plumb_values::{AddressRange, Family};
use serde_json::{Value, json};

use crate::act::{Action, Target, status};
use crate::conditions::Condition;
use crate::kinds::Kind;
use crate::look::{Held, Share};

const OURS: [&str; 2] = ["Ready", "HeldOutside"];

/// Keeps a pool as long as nodes hold addresses of it.
pub const FINALIZER: &str = "ipam.plumb.network/held";
/// Spiderpool's, of which nobody else takes care when plumb has taken its place.
const FORMER_FINALIZER: &str = "spiderpool.spidernet.io";

/// Most blocks that are named in a sentence.
const NAMED: usize = 5;

/// A pool, as networks see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolSeen {
    /// Its name.
    pub name: String,
    /// Of its subnet.
    pub family: Family,
    /// Why it gives out no address.
    pub unusable: Option<String>,
}

/// What is known of the cluster.
pub struct Seen<'a> {
    /// All `SpiderIPPool`s.
    pub pools: &'a [Value],
    /// All `SpiderReservedIP`s.
    pub reserved: &'a [Value],
    /// What nodes hold, or why it is not known.
    pub held: Result<&'a Held, &'a str>,
    /// All `PoolState`s, by name.
    pub states: &'a BTreeMap<String, Value>,
    /// The time, as the API has it.
    pub now: &'a str,
}

/// What is to be done, and the pools as networks see them.
pub fn decide(seen: &Seen<'_>) -> (Vec<Action>, Vec<PoolSeen>) {
    let mut objects: Vec<Value> = seen.pools.iter().map(without_affinities).collect();
    objects.sort_by_key(file);
    let all = objects
        .iter()
        .chain(seen.reserved)
        .map(|object| ("", object));
    let set = plumb_pools::objects(all);
    let usable: BTreeMap<&str, &Pool> = set
        .pools
        .iter()
        .map(|pool| (pool.name.as_str(), pool))
        .collect();
    let left_out: BTreeMap<&str, &LeftOut> = set
        .left_out
        .iter()
        .filter_map(|left_out| Some((left_out.name.as_deref()?, left_out)))
        .collect();
    let (mut actions, mut pools) = (states_of_nothing(seen), Vec::new());
    for object in seen.pools {
        let name = object
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let pool = usable.get(name).copied();
        let unusable = unusable(pool, left_out.get(name).copied());
        actions.extend(one(object, name, pool, unusable.as_deref(), seen));
        pools.push(PoolSeen {
            name: name.to_owned(),
            family: family(object),
            unusable,
        });
    }
    (actions, pools)
}

/// The name of the file in which nodes have the pool: of two that have one address nodes use the first by it.
fn file(pool: &Value) -> String {
    let name = pool.pointer("/metadata/name").and_then(Value::as_str);
    format!("{}.json", name.unwrap_or_default())
}

fn unusable(pool: Option<&Pool>, left_out: Option<&LeftOut>) -> Option<String> {
    match (pool, left_out) {
        (_, Some(left_out)) => Some(left_out.error.to_string()),
        (Some(pool), None) if pool.disabled => Some("spec.disable is true".to_owned()),
        (Some(pool), None) if pool.usable().is_empty() => {
            Some("all of its addresses are excluded or reserved".to_owned())
        }
        (Some(_), None) => None,
        (None, None) => Some("it cannot be read".to_owned()),
    }
}

fn family(object: &Value) -> Family {
    match object.pointer("/spec/subnet").and_then(Value::as_str) {
        Some(subnet) if subnet.contains(':') => Family::Ipv6,
        _ => Family::Ipv4,
    }
}

fn one(
    object: &Value,
    name: &str,
    pool: Option<&Pool>,
    unusable: Option<&str>,
    seen: &Seen<'_>,
) -> Vec<Action> {
    let ranges = pool.map(Pool::usable).unwrap_or_default();
    let share = seen.held.map(|held| share(held, name, &ranges));
    let is_ending = object.pointer("/metadata/deletionTimestamp").is_some();
    let mut conditions = vec![ready(
        name,
        is_ending,
        unusable,
        share.as_ref().map_err(|reason| *reason),
    )];
    if let Ok(held) = seen.held {
        conditions.extend(outside(held, name, &ranges));
    }
    let mut actions: Vec<Action> = finalizers(object, is_ending, share.as_ref().ok())
        .into_iter()
        .collect();
    let total: u128 = ranges.iter().map(AddressRange::size).sum();
    let total = i64::try_from(total).unwrap_or(i64::MAX);
    let mut fields = vec![
        (
            "ipVersion",
            json!(if family(object) == Family::Ipv4 { 4 } else { 6 }),
        ),
        ("totalIPCount", json!(total)),
    ];
    if let Ok(share) = &share {
        fields.push(("allocatedIPCount", json!(share.addresses)));
        actions.extend(state(name, total, share, seen.states));
    }
    actions.extend(status(
        Kind::Pool,
        object,
        &conditions,
        &OURS,
        &fields,
        seen.now,
    ));
    actions
}

/// What nodes hold of a pool. While it can be used that is what they hold of its ranges; else what they claimed for it.
fn share(held: &Held, name: &str, ranges: &[AddressRange]) -> Share {
    match ranges.is_empty() {
        true => held.claimed_for(name),
        false => held.share(ranges),
    }
}

fn ready(
    name: &str,
    is_ending: bool,
    unusable: Option<&str>,
    share: Result<&Share, &str>,
) -> Condition {
    if is_ending {
        let message = match share {
            Err(reason) => {
                format!("is deleted when it is known that no node holds an address of it: {reason}")
            }
            Ok(share) => format!(
                "is deleted when no node holds an address of it: {}; a node gives back within seconds what no pod has: kubectl get \
                 ipblocks -l ipam.plumb.network/pool={name}",
                by_node(share)
            ),
        };
        return Condition::no("Ready", "Deleting", message);
    }
    match unusable {
        None => Condition::yes("Ready", "Usable", "nodes give out its addresses"),
        Some("spec.disable is true") => Condition::no(
            "Ready",
            "Disabled",
            "gives out no address, because spec.disable is true",
        ),
        Some(reason) => Condition::no("Ready", "Unusable", reason),
    }
}

/// `node a 12, node b 9`
fn by_node(share: &Share) -> String {
    let nodes = share
        .nodes
        .iter()
        .map(|(node, count)| format!("node {node} {count}"));
    nodes.collect::<Vec<_>>().join(", ")
}

/// Addresses that the pool had, and nodes still hold.
fn outside(held: &Held, name: &str, ranges: &[AddressRange]) -> Option<Condition> {
    if ranges.is_empty() {
        return None;
    }
    let mut blocks: Vec<_> = held.outside(name, ranges).collect();
    blocks.sort_by_key(|block| block.first);
    let named = blocks
        .iter()
        .take(NAMED)
        .map(|block| format!("{} by node {}", crate::look::range(block), block.node))
        .collect::<Vec<_>>()
        .join(", ");
    let more = match blocks.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!blocks.is_empty()).then(|| {
        Condition::yes(
            "HeldOutside",
            "RangesRemoved",
            format!(
                "addresses that are in ips no more are held: {named}{more}; pods keep theirs until they end, and nobody else gets them"
            ),
        )
    })
}

/// Every pool has the finalizer; one that is to go loses it when nobody holds an address.
fn finalizers(object: &Value, is_ending: bool, share: Option<&Share>) -> Option<Action> {
    let present = object
        .pointer("/metadata/finalizers")
        .and_then(Value::as_array);
    let present: Vec<&str> = present
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let wanted: Vec<&str> = match is_ending {
        false if present.contains(&FINALIZER) => return None,
        false => present.iter().copied().chain([FINALIZER]).collect(),
        true if share.is_none_or(|share| share.addresses > 0) => return None,
        true => present
            .iter()
            .copied()
            .filter(|one| ![FINALIZER, FORMER_FINALIZER].contains(one))
            .collect(),
    };
    if wanted == present {
        return None;
    }
    let version = object.pointer("/metadata/resourceVersion");
    let patch = json!({"metadata": {"resourceVersion": version, "finalizers": wanted}});
    Some(Action::Change(Target::of(Kind::Pool, object), patch))
}

/// States of pools that there are not, and nobody holds anything of: a pool of the same name may have other blocks.
fn states_of_nothing(seen: &Seen<'_>) -> Vec<Action> {
    let Ok(held) = seen.held else {
        return Vec::new();
    };
    let names: BTreeSet<&str> = seen
        .pools
        .iter()
        .filter_map(|pool| pool.pointer("/metadata/name").and_then(Value::as_str))
        .collect();
    seen.states
        .iter()
        .filter(|(name, _)| !names.contains(name.as_str()) && held.claimed_for(name).addresses == 0)
        .map(|(_, object)| {
            Action::Delete(
                Target::of(Kind::PoolState, object),
                object["metadata"].clone(),
            )
        })
        .collect()
}

/// The counts in the state that the nodes share, where there is one.
fn state(
    name: &str,
    total: i64,
    share: &Share,
    states: &BTreeMap<String, Value>,
) -> Option<Action> {
    let object = states.get(name)?;
    let before = object.get("status").cloned().unwrap_or_default();
    let wanted = json!({"total": total, "held": share.addresses, "nodes": share.nodes});
    let is_so = ["total", "held", "nodes"]
        .iter()
        .all(|key| before.get(key) == wanted.get(key));
    if is_so {
        return None;
    }
    // A node that holds nothing any more must go by name from what is merged.
    let mut nodes = wanted["nodes"].clone();
    for node in before
        .get("nodes")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|nodes| nodes.keys())
    {
        if nodes.get(node).is_none() {
            nodes[node] = Value::Null;
        }
    }
    let patch = json!({"status": {"total": total, "held": share.addresses, "nodes": nodes}});
    Some(Action::Status(
        Target::of(Kind::PoolState, object),
        patch,
        None,
    ))
}
