//! A node: its lease store, as the agent and as CNI calls use it, and what surrounds its agent.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use plumb_blocks::{
    Agent, Blocks, BoundTo, Conflict, GaveBack, Leased, Pool, Range, Seen, Store, StoreError,
};

use crate::client::Client;
use crate::numbers::{after, each};
use crate::pods;
use crate::world::{Sleep, World};

pub type Claims = Blocks<Client, NodeStore, Surroundings>;

#[derive(Debug, Clone)]
pub struct Lease {
    pub pod: usize,
    pub bound: Option<BoundTo>,
}

/// The lease store's file.
#[derive(Debug, Default, Clone)]
pub struct File {
    pub held: BTreeSet<IpAddr>,
    pub leases: BTreeMap<IpAddr, Lease>,
    /// For whom an address is remembered, of each family.
    pub memory: BTreeMap<(BoundTo, bool), IpAddr>,
    pub seen: Option<Seen>,
}

impl File {
    /// The claims of a CNI call: an address for each within the held runs, or none at all, in one transaction; `first_of`
    /// chooses among what is free.
    pub fn claim(
        &mut self,
        claims: &[Vec<Range>],
        pod: usize,
        bound: Option<&BoundTo>,
        first_of: usize,
    ) -> Option<Vec<IpAddr>> {
        let chosen = claims
            .iter()
            .map(|ranges| self.choose(ranges, bound, first_of));
        let chosen: Vec<IpAddr> = chosen.collect::<Option<_>>()?;
        for address in &chosen {
            let lease = Lease {
                pod,
                bound: bound.cloned(),
            };
            self.leases.insert(*address, lease);
            self.memory.retain(|_, kept| kept != address);
            if let Some(bound) = bound {
                self.remember(bound, *address);
            }
        }
        Some(chosen)
    }

    fn remember(&mut self, bound: &BoundTo, address: IpAddr) {
        let key = (bound.clone(), address.is_ipv4());
        self.memory.insert(key, address);
    }

    /// Claims of one call are of two families, so none takes what another one chose.
    fn choose(&self, ranges: &[Range], bound: Option<&BoundTo>, first_of: usize) -> Option<IpAddr> {
        let within = |address: &IpAddr| {
            ranges
                .iter()
                .any(|(first, last)| first <= address && address <= last)
        };
        let free: Vec<IpAddr> = self
            .held
            .iter()
            .filter(|address| within(address) && !self.leases.contains_key(address))
            .copied()
            .collect();
        let remembered = bound.and_then(|bound| self.remembered(bound, ranges));
        let kept_for_others: BTreeSet<IpAddr> = self.memory.values().copied().collect();
        Some(match remembered.filter(|address| free.contains(address)) {
            Some(remembered) => remembered,
            None => {
                let unreserved: Vec<&IpAddr> = free
                    .iter()
                    .filter(|address| !kept_for_others.contains(address))
                    .collect();
                match unreserved.len() {
                    0 => *free.get(first_of % free.len().max(1))?,
                    some => *unreserved[first_of % some],
                }
            }
        })
    }

    /// The address that is remembered, of the family of some ranges.
    fn remembered(&self, bound: &BoundTo, ranges: &[Range]) -> Option<IpAddr> {
        let is_ipv4 = ranges.first()?.0.is_ipv4();
        self.memory.get(&(bound.clone(), is_ipv4)).copied()
    }

    /// Whether a CNI call that keeps addresses has the pod's among the held.
    pub fn has_kept(&self, bound: &BoundTo, claims: &[Vec<Range>]) -> bool {
        claims.iter().all(|ranges| {
            let address = self.remembered(bound, ranges);
            address.is_some_and(|address| {
                self.held.contains(&address) && !self.leases.contains_key(&address)
            })
        })
    }
}

#[derive(Debug)]
pub struct Node {
    pub name: String,
    pub file: File,
    /// The agent that lives, and which one it is.
    pub agent: Option<Arc<Claims>>,
    pub incarnation: u64,
    /// Whether the machine runs.
    pub up: bool,
    /// Whether it reaches the API server.
    pub connected: bool,
    /// Whether its `Node` is there.
    pub registered: bool,
    /// By how much its clock of day is wrong.
    pub clock: u64,
    /// How many looks at the API server its agents have completed.
    pub looks: u64,
    pub conflicts: Vec<Conflict>,
}

/// What the agent has of the lease store.
#[derive(Debug, Clone)]
pub struct NodeStore {
    pub world: World,
    pub node: usize,
}

impl NodeStore {
    /// Does `what`, or fails before or after it.
    fn transaction<T>(&self, what: impl FnOnce(&mut File) -> T) -> Result<T, StoreError> {
        let mut inner = self.world.lock();
        let rate = inner.faults.store;
        let full = || StoreError("no space is left".to_owned());
        if inner.chance.happens(rate) {
            return Err(full());
        }
        inner.dirty = true;
        let value = what(&mut inner.nodes[self.node].file);
        if inner.chance.happens(rate) {
            return Err(full());
        }
        Ok(value)
    }
}

impl Store for NodeStore {
    fn hold(&self, _space: &str, range: Range) -> Result<(), StoreError> {
        self.transaction(|file| file.held.extend(each(range)))
    }

    fn give_back(&self, _space: &str, range: Range) -> Result<GaveBack, StoreError> {
        pods::visit(&self.world, self.node, range);
        self.transaction(|file| {
            if let Some(leased) = each(range).find(|address| file.leases.contains_key(address)) {
                return GaveBack::Leased(leased);
            }
            file.held
                .retain(|address| *address < range.0 || *address > range.1);
            GaveBack::GaveBack
        })
    }

    fn withdraw(&self, _space: &str, range: Range) -> Result<(), StoreError> {
        self.transaction(|file| {
            file.held
                .retain(|address| *address < range.0 || *address > range.1);
        })
    }

    fn held(&self) -> Result<Vec<(String, Range)>, StoreError> {
        let inner = self.world.lock();
        let mut runs: Vec<(String, Range)> = Vec::new();
        for address in &inner.nodes[self.node].file.held {
            match runs.last_mut() {
                Some((_, run)) if after(run.1, 1) == *address => run.1 = *address,
                _ => runs.push((String::new(), (*address, *address))),
            }
        }
        Ok(runs)
    }

    fn leases(&self, _space: &str, range: Range) -> Result<Vec<Leased>, StoreError> {
        let inner = self.world.lock();
        let leases = inner.nodes[self.node].file.leases.range(range.0..=range.1);
        Ok(leases
            .map(|(address, lease)| Leased {
                address: *address,
                holder: format!("default/pod-{} net1", lease.pod),
                kept_for: lease.bound.clone(),
            })
            .collect())
    }

    fn remember(&self, _space: &str, address: IpAddr, bound: &BoundTo) -> Result<(), StoreError> {
        self.transaction(|file| {
            file.memory.retain(|_, kept| *kept != address);
            file.remember(bound, address);
        })
    }

    fn seen(&self) -> Result<Option<Seen>, StoreError> {
        self.transaction(|file| file.seen.clone())
    }

    fn set_seen(&self, seen: &Seen) -> Result<(), StoreError> {
        self.transaction(|file| file.seen = Some(seen.clone()))
    }
}

/// Time, chance and pools of one agent.
#[derive(Debug)]
pub struct Surroundings {
    pub world: World,
    pub node: usize,
    pub name: String,
}

impl Agent for Surroundings {
    fn node(&self) -> &str {
        &self.name
    }

    fn now(&self) -> Duration {
        self.world.lock().now
    }

    fn unix(&self) -> u64 {
        let inner = self.world.lock();
        inner.nodes[self.node].clock + u64::try_from(inner.now.as_millis()).expect("a short run")
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        Sleep::new(&self.world, time)
    }

    fn random(&self) -> u64 {
        self.world.lock().chance.number()
    }

    fn pools(&self) -> Vec<Pool> {
        self.world.lock().pools.clone()
    }

    fn conflicts(&self, conflicts: &[Conflict]) {
        let mut inner = self.world.lock();
        inner.count.conflicts += conflicts.len() as u64;
        let node = &mut inner.nodes[self.node];
        node.looks += 1;
        node.conflicts = conflicts.to_vec();
        inner.dirty = true;
    }

    fn note(&self, sentence: &str) {
        let mut inner = self.world.lock();
        inner.say(|| format!("{}: {sentence}", self.name));
    }
}
