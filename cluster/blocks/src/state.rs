//! What an agent remembers while it lives. Nothing of it is needed: the API server and the lease store have the truth.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::claims::WARY_FOR;
use crate::{Agent, Api, Blocks, BoundTo, Conflict, Seen, Store, Stored};

/// Most deleted blocks that are remembered.
const DELETED_LIMIT: usize = 4096;

#[derive(Debug, Default)]
pub(crate) struct State {
    /// Blocks, by name, that one of the node's tasks works on: the others leave them alone.
    pub(crate) busy: BTreeSet<String>,
    /// The node's blocks as the API server last told of them, held or not.
    pub(crate) own: BTreeMap<String, Own>,
    /// How often a block was noted.
    pub(crate) noted: u64,
    /// Blocks of which a write ended without an answer.
    pub(crate) unsure: BTreeSet<String>,
    /// Since when nothing of a block is leased or promised.
    pub(crate) idle: BTreeMap<String, Duration>,
    /// Addresses, by space, that were taken for somebody, and until when they are his.
    pub(crate) promised: BTreeMap<(String, IpAddr), Duration>,
    /// Sizes of blocks by pool.
    pub(crate) sizes: BTreeMap<String, u32>,
    /// Blocks of pools, and when they were listed.
    pub(crate) lists: BTreeMap<String, (Duration, Vec<Stored>)>,
    /// Who takes a larger block of a pool, one at a time.
    turns: BTreeMap<String, Arc<futures::lock::Mutex<()>>>,
    /// Since when a pod waits for its kept address.
    pub(crate) waiting: BTreeMap<BoundTo, Duration>,
    /// What the API server has lost of this node's, by block.
    pub(crate) conflicts: BTreeMap<String, Conflict>,
    /// When to look again because of conflicts.
    pub(crate) look_again: Option<Duration>,
    /// What is known of the API server.
    pub(crate) seen: Option<Seen>,
    /// Until when the API server's data may be older than what nodes hold.
    pub(crate) wary_until: Option<Duration>,
    /// UIDs of blocks that this agent has deleted: they never come back, but with older data.
    pub(crate) deleted: VecDeque<String>,
}

/// A block of this node.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    pub(crate) stored: Stored,
    /// The value of [`State::noted`] when it was noted, to know what is newer than a list: by a number of the agent's own,
    /// because those of the API server may begin again.
    pub(crate) noted: u64,
}

impl State {
    /// The largest resourceVersion that was seen before a call.
    pub(crate) fn before(&self) -> u64 {
        self.seen.as_ref().map_or(0, |seen| seen.resource_version)
    }

    pub(crate) fn deleted(&mut self, uid: &str) {
        if self.deleted.len() == DELETED_LIMIT {
            self.deleted.pop_front();
        }
        self.deleted.push_back(uid.to_owned());
    }

    pub(crate) fn turn(&mut self, pool: &str) -> Arc<futures::lock::Mutex<()>> {
        Arc::clone(self.turns.entry(pool.to_owned()).or_default())
    }

    /// Notes that a block is this node's.
    pub(crate) fn note_own(&mut self, name: &str, stored: Stored) {
        self.noted += 1;
        let noted = self.noted;
        self.own.insert(name.to_owned(), Own { stored, noted });
    }

    /// A block of this node, as it was last noted.
    pub(crate) fn own(&self, name: &str) -> Option<Stored> {
        self.own.get(name).map(|own| own.stored.clone())
    }

    /// Whether somebody was promised an address of a block.
    pub(crate) fn is_promised(&self, space: &str, range: crate::Range, now: Duration) -> bool {
        let from = (space.to_owned(), range.0);
        let to = (space.to_owned(), range.1);
        let mut promised = self.promised.range(from..=to);
        promised.any(|(_, until)| *until > now)
    }
}

/// A block that a task works on, until this is dropped.
#[derive(Debug)]
pub(crate) struct Busy<'a> {
    state: &'a Mutex<State>,
    name: String,
}

impl Busy<'_> {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.busy.remove(&self.name);
    }
}

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// Begins to work on a block; none where somebody does.
    pub(crate) fn begin(&self, name: &str) -> Option<Busy<'_>> {
        self.state().busy.insert(name.to_owned()).then(|| Busy {
            state: self.mutex(),
            name: name.to_owned(),
        })
    }

    /// Takes notice of a resourceVersion that the API server told after `before` had been seen. It only grows: a smaller one
    /// is that of data from an earlier time.
    ///
    /// Returns whether it grows.
    pub(crate) fn grows(&self, before: u64, resource_version: u64) -> bool {
        if resource_version < before {
            self.be_wary("its resourceVersion went back");
            return false;
        }
        if let Some(seen) = &mut self.state().seen {
            seen.resource_version = seen.resource_version.max(resource_version);
        }
        true
    }

    /// Claims nothing new for a while: nodes may hold what the API server does not know.
    pub(crate) fn be_wary(&self, because: &str) {
        let now = self.agent.now();
        let mut state = self.state();
        let begins = state.wary_until.is_none();
        state.wary_until = Some(now + WARY_FOR);
        // What it says from now on is the measure, and a look shows what it has lost.
        if let Some(seen) = &mut state.seen {
            seen.resource_version = 0;
        }
        state.look_again = Some(now);
        // Those that have come back may stay from now on.
        state.deleted.clear();
        drop(state);
        if begins {
            self.agent.note(&format!(
                "the API server has older data than this node has seen, or another cluster's ({because}): nothing new is claimed until all nodes have claimed again what they hold"
            ));
        }
    }

    /// For how long nothing new is claimed.
    pub(crate) fn wary(&self) -> Option<Duration> {
        let now = self.agent.now();
        let mut state = self.state();
        let left = state.wary_until.and_then(|until| until.checked_sub(now));
        let left = left.filter(|left| !left.is_zero());
        if left.is_none() {
            state.wary_until = None;
        }
        left
    }
}
