//! Which node gets which block for which pods, and what contradicts itself.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use plumb_leases::Pod;
use plumb_resources::{IPBlockSpec, block_name};

use crate::fact::Fact;
use crate::found::Found;
use crate::objects::{Objects, PodSeen};
use crate::{gate, spiderpool, whereabouts};

/// The nodes' own space, as objects have it (`plumb_blocks::api_space`).
const SPACE: &str = "default";

/// How many addresses a block of a pool has that nobody has decided about. One, because addresses that are side by side are of
/// pods of different nodes.
const BLOCK_SIZE: u32 = 1;

/// All that an import would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// By pool.
    pub pools: BTreeMap<String, PlannedPool>,
    /// What contradicts itself and keeps nothing from being imported, one sentence each.
    pub told: Vec<String>,
}

/// What an import does to a pool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlannedPool {
    /// How many addresses a block has.
    pub block_size: u32,
    /// The blocks, by name.
    pub blocks: BTreeMap<String, PlannedBlock>,
    /// Why nothing of the pool is imported, one sentence each. The pool stays out of use until all of it is cleared up.
    pub stops: Vec<String>,
    /// What the pool is marked with in the end, so that nodes use it and look for what is theirs.
    pub mark: Option<String>,
    /// It has this mark already.
    pub is_imported: bool,
}

/// A block that is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedBlock {
    /// The block.
    pub block: IPBlockSpec,
    /// Its node takes these up.
    pub facts: Vec<Fact>,
    /// It is there already, of the same node.
    pub exists: bool,
}

/// A record whose pod lives, and where.
struct Living {
    fact: Fact,
    node: String,
    source: String,
}

impl Plan {
    /// The plan for all records in `objects` and those that were found elsewhere.
    #[must_use]
    pub fn of(objects: &Objects, elsewhere: &[Found]) -> Self {
        let mut plan = Self::default();
        plan.told.extend(objects.unreadable.iter().cloned());
        let found = plan.gather(objects, elsewhere);
        let mut by_pool: BTreeMap<String, BTreeMap<IpAddr, Vec<Living>>> = BTreeMap::new();
        for found in found {
            let Some(pool) = plan.pool_of(&found, objects) else {
                continue;
            };
            if plan.pools.get(&pool).is_some_and(|pool| pool.is_imported) {
                continue;
            }
            if let Some(living) = plan.living(&found, objects) {
                let address = by_pool.entry(pool).or_default().entry(found.address);
                address.or_default().push(living);
            }
        }
        for (pool, addresses) in by_pool {
            let planned = plan.pools.entry(pool.clone()).or_default();
            let size = objects.block_sizes.get(&pool).copied();
            planned.block_size = size.unwrap_or(BLOCK_SIZE).max(1);
            for (address, living) in addresses {
                planned.add(&pool, address, living, objects, &mut plan.told);
            }
            // Files of a node are imported node by node: thousands of marks would have all nodes look each time.
            if planned.mark.is_none() && elsewhere.is_empty() {
                let names: Vec<&str> = planned.blocks.keys().map(String::as_str).collect();
                planned.mark = gate::fingerprint(&names.join(" "));
            }
        }
        plan
    }

    /// Whether nothing stands in the way of any pool.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.pools.values().all(|pool| pool.stops.is_empty())
    }

    /// All records, those about one pod's address as one.
    fn gather(&mut self, objects: &Objects, elsewhere: &[Found]) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        for (name, pool) in &objects.pools {
            let mark = gate::fingerprint(&pool.allocated);
            if mark.is_some() {
                self.pools.insert(
                    name.clone(),
                    PlannedPool {
                        is_imported: mark.is_some() && mark == pool.imported,
                        block_size: objects.block_sizes.get(name).copied().unwrap_or(BLOCK_SIZE),
                        mark,
                        ..PlannedPool::default()
                    },
                );
            }
            match spiderpool::of_pool(name, pool) {
                Ok(records) => found.extend(records),
                Err(reason) => self
                    .pools
                    .entry(name.clone())
                    .or_default()
                    .stops
                    .push(reason),
            }
        }
        let recorded: BTreeSet<(IpAddr, Pod)> = found.iter().filter_map(key).collect();
        let endpoints = spiderpool::of_endpoints(objects);
        for endpoint in &endpoints {
            let is_known = key(endpoint).is_some_and(|key| recorded.contains(&key));
            if !is_known && endpoint.pool.is_some() {
                self.told.push(format!(
                    "{} has {}, which no pool has a record of",
                    endpoint.source, endpoint.address
                ));
            }
        }
        found.extend(endpoints);
        let (records, unreadable) = whereabouts::all(objects);
        self.told.extend(unreadable);
        found.extend(records);
        found.extend_from_slice(elsewhere);
        merge(found)
    }

    fn pool_of(&mut self, found: &Found, objects: &Objects) -> Option<String> {
        let named = found
            .pool
            .as_deref()
            .filter(|pool| objects.pools.contains_key(*pool));
        let gives_out = objects.pool_of(found.address);
        if let (Some(named), true) = (named, gives_out != named) {
            self.told.push(format!(
                "{}: {} is not among the addresses of pool {named}{}",
                found.source,
                found.address,
                gives_out.map_or_else(String::new, |other| format!(", but of pool {other}")),
            ));
        }
        if named.is_none() && gives_out.is_none() {
            self.told.push(format!(
                "{}: {} is in no pool, so plumb gives it to nobody and it is not imported",
                found.source, found.address
            ));
        }
        gives_out.or(named).map(str::to_owned)
    }

    /// The record, where its pod lives.
    fn living(&mut self, found: &Found, objects: &Objects) -> Option<Living> {
        let (source, address) = (&found.source, found.address);
        let mut fact = Fact {
            address,
            pod: found.pod.clone(),
            uid: found.uid.clone(),
            interface: found.interface.clone(),
            network: found.network.clone(),
            container: found.container.clone(),
            keep: false,
        };
        let mut told = |sentence: String| self.told.push(format!("{source}: {sentence}"));
        let node = match &found.pod {
            // Only files of a node know no pod.
            None => found.node.clone()?,
            Some(pod) => {
                let Some(seen) = objects.pods.get(pod) else {
                    told(format!(
                        "{address} is of pod {pod}, which does not exist: it is free"
                    ));
                    return None;
                };
                if seen.is_finished {
                    told(format!(
                        "{address} is of pod {pod}, which has ended: it is free"
                    ));
                    return None;
                }
                if !fact.uid.is_empty() && fact.uid != seen.uid && !seen.has(address) {
                    told(format!(
                        "{address} is of an earlier pod of the name {pod} (UID {}, now {}): it is free",
                        fact.uid, seen.uid
                    ));
                    return None;
                }
                fact.uid.clone_from(&seen.uid);
                fact.keep = seen
                    .controller
                    .as_ref()
                    .is_some_and(|(kind, _)| kind == "StatefulSet");
                let reported = seen.interface_with(address).map(str::to_owned);
                fact.interface = fact.interface.or(reported);
                let node = node_of(found, pod, seen, &mut told)?;
                if fact.interface.is_none() {
                    told(format!(
                        "nothing says which interface of pod {pod} has {address}: its node looks into what the runtime knows"
                    ));
                }
                node
            }
        };
        if objects
            .nodes
            .as_ref()
            .is_some_and(|nodes| !nodes.contains(&node))
        {
            told(format!(
                "{address} is on node {node}, which does not exist: its block is freed like those of nodes that are gone"
            ));
        }
        Some(Living {
            fact,
            node,
            source: source.clone(),
        })
    }
}

/// The node of a pod: where it runs, whatever a record says.
fn node_of(
    found: &Found,
    pod: &Pod,
    seen: &PodSeen,
    told: &mut impl FnMut(String),
) -> Option<String> {
    let address = found.address;
    let Some(node) = &seen.node else {
        told(format!(
            "{address} is kept for pod {pod}, which runs on no node yet: it is free, and the pod gets another one"
        ));
        return None;
    };
    match &found.node {
        Some(other) if other != node => told(format!(
            "{address} of pod {pod} is recorded for node {other}, and the pod runs on {node}: that counts"
        )),
        None if found.source.starts_with("SpiderEndpoint") => told(format!(
            "no node is recorded for {address} of pod {pod}: {node} counts, where it runs"
        )),
        _ => {}
    }
    Some(node.clone())
}

impl PlannedPool {
    /// Adds an address to its block.
    fn add(
        &mut self,
        pool: &str,
        address: IpAddr,
        mut living: Vec<Living>,
        objects: &Objects,
        told: &mut Vec<String>,
    ) {
        if living.len() > 1 {
            let holders: Vec<_> = living
                .iter()
                .map(|one| format!("{} on {} (by {})", one.fact.holder(), one.node, one.source))
                .collect();
            self.stops.push(format!(
                "{address} of pool {pool} is of {}: delete all of these pods but one",
                holders.join(" and of ")
            ));
            return;
        }
        let Some(Living { fact, node, .. }) = living.pop() else {
            return;
        };
        let first = first_of(address, self.block_size);
        let name = block_name(SPACE, first);
        let exists = match objects.blocks.get(&name) {
            Some((block, _)) if block.node != node => {
                self.stops.push(format!(
                    "{address} of pool {pool} is of {} on {node}, and its block {name} belongs to node {}: plumb may have \
                     given it to a pod there; delete one of the two pods",
                    fact.holder(),
                    block.node
                ));
                return;
            }
            Some((block, _)) if block.size != self.block_size => {
                self.stops.push(format!(
                    "block {name} has {} addresses and those of pool {pool} have {}",
                    block.size, self.block_size
                ));
                return;
            }
            Some((_, is_waiting)) => {
                if !is_waiting {
                    told.push(format!(
                        "block {name} is in use by node {node} already: {address} of {} counts as taken up there",
                        fact.holder()
                    ));
                }
                true
            }
            None => false,
        };
        let block = self
            .blocks
            .entry(name.clone())
            .or_insert_with(|| PlannedBlock {
                block: IPBlockSpec {
                    space: SPACE.to_owned(),
                    first,
                    size: self.block_size,
                    node: node.clone(),
                    pool: pool.to_owned(),
                    released: false,
                    released_at: None,
                    claims: 0,
                    bindings: Vec::new(),
                },
                facts: Vec::new(),
                exists,
            });
        if block.block.node == node {
            block.facts.push(fact);
            return;
        }
        self.stops.push(format!(
            "block {name} of {} addresses has addresses of nodes {} and {node}: delete the PoolState {pool} while no pod has \
             an address of the pool by plumb, so that its blocks get one address each",
            self.block_size, block.block.node
        ));
    }
}

/// The first address of the block that an address is in.
fn first_of(address: IpAddr, size: u32) -> IpAddr {
    match address {
        IpAddr::V4(v4) => Ipv4Addr::from_bits(v4.to_bits() / size * size).into(),
        IpAddr::V6(v6) => {
            let size = u128::from(size);
            Ipv6Addr::from_bits(v6.to_bits() / size * size).into()
        }
    }
}

fn key(found: &Found) -> Option<(IpAddr, Pod)> {
    Some((found.address, found.pod.clone()?))
}

/// Of records about the same address and pod, one with all that they say: in the order of the first of each.
fn merge(records: Vec<Found>) -> Vec<Found> {
    let mut merged: Vec<Found> = Vec::new();
    let mut places: BTreeMap<(IpAddr, Pod), usize> = BTreeMap::new();
    for record in records {
        let Some(key) = key(&record) else {
            merged.push(record);
            continue;
        };
        match places.get(&key) {
            Some(place) => merged[*place].fill(&record),
            None => {
                places.insert(key, merged.len());
                merged.push(record);
            }
        }
    }
    // What a container says alone is about the same attachment as a record with the pod.
    let with_pod: BTreeSet<(IpAddr, String)> = merged
        .iter()
        .filter(|one| one.pod.is_some())
        .filter_map(|one| Some((one.address, one.container.clone()?)))
        .collect();
    let is_told_better = |one: &Found| {
        let container = one.container.clone().unwrap_or_default();
        one.pod.is_none() && with_pod.contains(&(one.address, container))
    };
    merged.retain(|one| !is_told_better(one));
    merged
}
