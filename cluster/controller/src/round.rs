//! One look at the cluster, and all that follows from it: everything is decided before anything is written.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::Node;
use kube::Client;
use serde_json::Value;

use crate::act::{self, Action, Target};
use crate::events::Events;
use crate::look::{self, Held};
use crate::metrics::Metrics;
use crate::orphans::Absences;
use crate::pools::PoolSeen;
use crate::view::View;
use crate::{advice, conditions, networks, pools, view};

/// What a leader remembers from one look to the next.
pub struct Rounds {
    client: Client,
    view: View,
    events: Events,
    metrics: Metrics,
    absences: Absences,
    applied: BTreeMap<Target, Value>,
    failed: BTreeMap<Target, String>,
    held: Result<Held, String>,
    states: BTreeMap<String, Value>,
    listed: Option<Instant>,
    said: String,
}

impl Rounds {
    /// Of one that begins to lead, and knows nothing.
    pub fn new(client: Client, view: View, metrics: Metrics, identity: &str) -> Self {
        Self {
            events: Events::new(client.clone(), identity),
            client,
            view,
            metrics,
            absences: Absences::new(),
            applied: BTreeMap::new(),
            failed: BTreeMap::new(),
            held: Err("ipblocks are not listed yet".to_owned()),
            states: BTreeMap::new(),
            listed: None,
            said: String::new(),
        }
    }

    /// Looks and acts, if what it takes is known; blocks are listed when the last list is older than `age`.
    pub async fn one(&mut self, age: Duration) {
        let outcome = self.look_and_act(age).await;
        self.metrics.looked(outcome.is_ok());
        let sentence = outcome.err().unwrap_or_default();
        if !sentence.is_empty() && sentence != self.said {
            tracing::warn!("nothing is done yet: {sentence}");
        }
        self.said = sentence;
    }

    async fn look_and_act(&mut self, age: Duration) -> Result<(), String> {
        let pools = self.view.pools.values()?;
        let reserved = self.view.reserved.values()?;
        let nodes = self.view.nodes.objects()?;
        let is_ending = |pool: &Value| pool.pointer("/metadata/deletionTimestamp").is_some();
        // Who waits for a pool to go does not wait for the next look at all blocks.
        if self.listed.is_none_or(|listed| listed.elapsed() >= age) || pools.iter().any(is_ending) {
            self.list(&nodes).await;
        }
        let now = conditions::now();
        let (mut actions, seen) = pools::decide(&pools::Seen {
            pools: &pools,
            reserved: &reserved,
            held: self.held.as_ref().map_err(String::as_str),
            states: &self.states,
            now: &now,
        });
        // A kind that is not served has no objects.
        let coordinators = self.view.coordinators.values().unwrap_or_default();
        let (cluster, said) = advice::coordinators(&coordinators, &now);
        actions.extend(said);
        actions.extend(advice::subnets(
            &self.view.subnets.values().unwrap_or_default(),
            &now,
        ));
        // Pools are looked after where networks are not served.
        let networks = self.view.networks.values();
        if let Ok(networks) = &networks {
            let attachments = self.view.attachments.values();
            let resources = view::resources(&nodes);
            actions.extend(networks::decide(&networks::Seen {
                networks,
                attachments: attachments.as_deref().map_err(String::as_str),
                pools: &seen,
                cluster: cluster.as_ref(),
                resources: (!nodes.is_empty()).then_some(&resources),
                applied: &self.applied,
                failed: &self.failed,
                now: &now,
            }));
            self.metrics.usable(counts(networks), usable(&seen));
        }
        self.act(actions).await;
        networks.map(drop)
    }

    /// Lists the blocks, frees those of nodes that are gone, and lists what the nodes agree on about pools.
    async fn list(&mut self, nodes: &[Arc<Node>]) {
        self.held = look::blocks(&self.client).await;
        if let Ok(held) = &self.held {
            self.metrics.malformed(held.malformed.len());
            for name in &held.malformed {
                tracing::warn!(
                    "ipblock {name} cannot be read, or has another name than its space and first address: it is left alone"
                );
            }
            let freed = self.absences.free(&self.client, &held.blocks, nodes).await;
            self.metrics.freed(freed);
        }
        self.states = look::states(&self.client).await.unwrap_or_default();
        self.listed = Some(Instant::now());
    }

    async fn act(&mut self, actions: Vec<Action>) {
        for action in &actions {
            if let Action::Apply(target, object) = action {
                self.applied.insert(target.clone(), object.clone());
            }
        }
        self.failed = act::perform(&self.client, &self.events, &self.metrics, actions).await;
        for target in self.failed.keys() {
            self.applied.remove(target);
        }
    }
}

/// How many networks there are, and how many of them can be used.
fn counts(networks: &[Value]) -> (usize, usize) {
    let is_ready = |object: &&Value| {
        conditions::before(object, "Ready").is_some_and(|(status, ..)| status == "True")
    };
    (networks.len(), networks.iter().filter(is_ready).count())
}

/// As [`counts`], of pools.
fn usable(pools: &[PoolSeen]) -> (usize, usize) {
    let usable = pools.iter().filter(|pool| pool.unusable.is_none());
    (pools.len(), usable.count())
}
