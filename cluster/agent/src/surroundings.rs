//! What surrounds the claims of this node: time, chance, its pools, and people.

use std::collections::BTreeSet;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use k8s_openapi::api::core::v1::ObjectReference;
use plumb_blocks::{Conflict, Pool};
use plumb_resources::{GROUP, VERSION};

use crate::desk::Known;
use crate::events::{Events, Told};
use crate::metrics::Metrics;

/// The agent around the claims.
pub struct Surroundings {
    node: String,
    begin: Instant,
    known: Known,
    events: Events,
    metrics: Metrics,
    logged: Mutex<BTreeSet<String>>,
}

impl Surroundings {
    /// Of this node.
    pub fn new(node: String, known: Known, events: Events, metrics: Metrics) -> Self {
        Self {
            node,
            begin: Instant::now(),
            known,
            events,
            metrics,
            logged: Mutex::default(),
        }
    }
}

impl plumb_blocks::Agent for Surroundings {
    fn node(&self) -> &str {
        &self.node
    }

    fn now(&self) -> Duration {
        self.begin.elapsed()
    }

    fn unix(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_millis() as u64)
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }

    fn random(&self) -> u64 {
        // Its keys are random for each thread and other ones for each value of it.
        RandomState::new().hash_one(0)
    }

    fn pools(&self) -> Vec<Pool> {
        let known = self.known.get();
        let shared = |pool: &plumb_pools::Pool| Pool {
            name: pool.name.clone(),
            // Pools of the folder are the node's own space's.
            space: String::new(),
            ranges: pool
                .usable()
                .into_iter()
                .map(|range| (range.first, range.last))
                .collect(),
            is_ending: known
                .manifests
                .iter()
                .any(|manifest| manifest.is_ending && manifest.name == pool.name),
        };
        known.pools.iter().map(shared).collect()
    }

    fn conflicts(&self, conflicts: &[Conflict]) {
        self.metrics.conflicts(conflicts.len());
        let mut sentences = BTreeSet::new();
        for conflict in conflicts {
            let sentence = in_words(conflict);
            self.events.tell(Told {
                object: ObjectReference {
                    api_version: Some(format!("{GROUP}/{VERSION}")),
                    kind: Some("IPBlock".to_owned()),
                    name: Some(conflict.block.clone()),
                    ..ObjectReference::default()
                },
                reason: "AddressConflict",
                message: format!("on node {}: {sentence}", self.node),
            });
            sentences.insert(sentence);
        }
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        for sentence in sentences.difference(&logged) {
            tracing::error!("{sentence}");
        }
        *logged = sentences;
    }

    fn note(&self, sentence: &str) {
        tracing::info!("{sentence}");
    }
}

fn in_words(conflict: &Conflict) -> String {
    let leased: Vec<_> = conflict
        .leased
        .iter()
        .map(|(address, holder)| format!("{address} of {holder}"))
        .collect();
    format!(
        "block {} is node {}'s by now, and this node has pods with addresses of it: {}; delete the pods of one of the nodes",
        conflict.block,
        conflict.node,
        leased.join(", ")
    )
}
