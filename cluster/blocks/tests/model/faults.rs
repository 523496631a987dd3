//! What goes wrong, and how often.

use std::time::Duration;

use plumb_blocks::{Freeing, NodeSeen, Orphans, Stored};
use plumb_resources::block_name;

use crate::agents;
use crate::numbers;
use crate::world::{Inner, Taken, World};

/// Rates are in 10,000.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Calls that are refused for now.
    pub busy: u64,
    /// Calls without an answer: done, not done, or done late.
    pub lost: u64,
    /// Writes that are done a second time, later.
    pub twice: u64,
    /// Transactions of lease stores that fail, done or not.
    pub store: u64,
    /// How often a pod claims an address in the moment before it is given back.
    pub visits: u64,
    /// How often time passes though somebody could take a step: he is slow, or stopped for a while.
    pub slow: u64,
    /// Longest way of a call, in milliseconds.
    pub latency: u64,
    /// How old lists may be, in milliseconds.
    pub stale: u64,
    /// How often something happens to a node, in ten thousandths of a second's chance; 0 is never.
    pub nodes: u64,
    /// Whether the API server's data may be put back to an earlier state.
    pub restore: bool,
    /// Whether blocks may be deleted under nodes that live: by a person, or because their `Node` is gone.
    pub freeing: bool,
}

impl Faults {
    pub fn none() -> Self {
        Self {
            latency: 5,
            stale: 50,
            ..Self::default()
        }
    }
}

/// Something happens to a node or the API server now and then.
pub async fn bad_days(world: World) {
    loop {
        world.sleep(world.some_time(500, 90_000)).await;
        let restart = {
            let mut inner = world.lock();
            if inner.faults.nodes == 0 {
                continue;
            }
            let count = inner.nodes.len();
            let node = inner.chance.below(count);
            match inner.chance.below(20) {
                0..=6 => {
                    inner.kill_agent(node);
                    Some(node)
                }
                7..=9 => {
                    let connected = !inner.nodes[node].connected;
                    inner.nodes[node].connected = connected;
                    let name = inner.nodes[node].name.clone();
                    inner.say(|| format!("{name}: connected {connected}"));
                    None
                }
                10..=11 => {
                    damage(&mut inner, node);
                    None
                }
                12..=13 => {
                    stop(&mut inner, node);
                    Some(node)
                }
                14 => {
                    for node in &mut inner.nodes {
                        node.connected = true;
                    }
                    None
                }
                16 if inner.faults.freeing => {
                    delete_a_block(&mut inner);
                    None
                }
                17 if inner.faults.freeing => {
                    let registered = !inner.nodes[node].registered;
                    inner.nodes[node].registered = registered;
                    let name = inner.nodes[node].name.clone();
                    inner.say(|| format!("{name}: registered {registered}"));
                    None
                }
                _ => {
                    let hours = inner.chance.number() % (1 << 42);
                    inner.nodes[node].clock = hours;
                    None
                }
            }
        };
        if let Some(node) = restart {
            let world = world.clone();
            let owner = crate::world::Owner::World;
            let again = world.clone();
            again.spawn(owner, async move {
                world.sleep(world.some_time(10, 60_000)).await;
                agents::start(&world, node);
            });
        }
    }
}

/// The lease store is made again from the journal: leases are there, and nothing else.
fn damage(inner: &mut Inner, node: usize) {
    let file = &mut inner.nodes[node].file;
    file.held.clear();
    file.memory.clear();
    inner.dirty = true;
    let name = inner.nodes[node].name.clone();
    inner.say(|| format!("{name}: lease store made again"));
}

/// The machine stops: its pods end, and `/run` is empty.
pub fn stop(inner: &mut Inner, node: usize) {
    inner.kill_agent(node);
    inner.nodes[node].up = false;
    inner.nodes[node].file = crate::node::File::default();
    inner.living.retain(|_, living| living.node != node);
    inner.taken.retain(|(of, _), _| *of != node);
    inner.dirty = true;
    let name = inner.nodes[node].name.clone();
    inner.say(|| format!("{name}: machine stops"));
}

/// Notes which addresses are held or leased without being their node's any more.
pub fn mark_taken(inner: &mut Inner, freed: bool) {
    for (node, address) in crate::invariants::not_own(inner) {
        let looks = inner.nodes[node].looks;
        let taken = inner.taken.entry((node, address));
        taken.or_insert(Taken { freed, looks });
    }
}

/// A person deletes a block that is released, or of which its node uses an address. Of another one the answer by which the node
/// gets it may be on its way, and nobody could tell the node of a deletion in between before its next look.
fn delete_a_block(inner: &mut Inner) {
    let is_used = |stored: &Stored| {
        let block = &stored.block;
        let nodes = inner.nodes.iter().filter(|node| node.name == block.node);
        let (first, last) = numbers::block(block.first, block.size);
        nodes
            .flat_map(|node| node.file.held.iter().chain(node.file.leases.keys()))
            .any(|address| (first..=last).contains(address))
    };
    let blocks = inner.server.data.blocks.iter();
    let names: Vec<String> = blocks
        .filter(|(_, stored)| stored.block.released || is_used(stored))
        .map(|(name, _)| name.clone())
        .collect();
    if names.is_empty() {
        return;
    }
    let name = names[inner.chance.below(names.len())].clone();
    inner.say(|| format!("person: deletes {name}"));
    inner.server.data.resource_version += 1;
    let now = inner.now;
    inner.server.put(now, name, None);
    mark_taken(inner, true);
    inner.dirty = true;
}

/// The controller's sweep.
pub async fn controller(world: World) {
    let mut orphans = Orphans::default();
    loop {
        let wait = world.some_time(20_000, 60_000);
        world.sleep(wait).await;
        let blocks: Vec<_> = world.lock().server.data.blocks.values().cloned().collect();
        world.sleep(world.some_time(1, 3_000)).await;
        let nodes = |inner: &Inner| -> Vec<NodeSeen> {
            let registered = inner.nodes.iter().filter(|node| node.registered);
            registered
                .map(|node| NodeSeen {
                    name: node.name.clone(),
                    uid: node.name.clone(),
                    out_of_service: false,
                })
                .collect()
        };
        let (now, seen) = {
            let inner = world.lock();
            (inner.now, nodes(&inner))
        };
        for orphan in orphans.look(now, &blocks, &seen) {
            world.sleep(world.some_time(1, 100)).await;
            let mut inner = world.lock();
            let owner = &orphan.stored.block.node;
            let seen = nodes(&inner);
            if !orphans.still(owner, seen.iter().find(|node| node.name == *owner)) {
                continue;
            }
            let name = block_name(&orphan.stored.block.space, orphan.stored.block.first);
            let version = orphan.stored.version.clone();
            let call = match orphan.freeing {
                Freeing::Delete => crate::server::Call::Delete(name, version),
                Freeing::Release(block) => crate::server::Call::Replace(block, version),
            };
            inner.say(|| format!("controller: {call:?}: {}", orphan.because));
            let now = inner.now;
            let _ = inner.server.perform(&call, now, Duration::ZERO);
            mark_taken(&mut inner, true);
            inner.dirty = true;
        }
    }
}

/// Everything works from now on.
pub fn end(world: &World) {
    let down: Vec<usize> = {
        let mut inner = world.lock();
        inner.faults = Faults::none();
        for node in &mut inner.nodes {
            node.connected = true;
            node.registered = true;
        }
        (0..inner.nodes.len())
            .filter(|node| inner.nodes[*node].agent.is_none())
            .collect()
    };
    for node in down {
        agents::start(world, node);
    }
}
