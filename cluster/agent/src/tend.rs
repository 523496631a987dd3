//! What is due from time to time: looks at the API server, at what is idle, and at what is installed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::ObjectReference;
use kube::ResourceExt;
use kube::core::DynamicObject;
use plumb_migration::cluster::Cluster;
use plumb_migration::{IMPORTED_ANNOTATION, node};
use tokio::sync::{Notify, mpsc};

use crate::answers::NodeBlocks;
use crate::call_metrics::CallMetrics;
use crate::calls;
use crate::desk::Known;
use crate::events::{Events, Told};
use crate::gone;
use crate::install::{self, Installed};
use crate::lease_store::{LeaseStore, RECORDS};
use crate::metrics::Metrics;
use crate::options::Options;
use crate::pods::choice::PodMeta;
use crate::policy::{self, Outcome};
use crate::pools::manifest::Kind;
use crate::view::View;

/// Between two looks at what is installed.
const LOOK: Duration = Duration::from_secs(60);

/// Between two looks at whether something was imported, without and with asking the API server.
const IMPORTED_LOOK: Duration = Duration::from_secs(10);
const IMPORTED_LOOK_AGAIN: Duration = Duration::from_secs(600);

/// Between two looks for pods that are gone.
const GONE_LOOK: Duration = Duration::from_secs(10);

/// Between two looks at what plumb left of its calls. It has room for some thousand calls.
const COUNT: Duration = Duration::from_secs(5);

/// Between two attempts to reach the API server, at first and at most.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Compares what the node holds with the API server: at the start, from time to time, and when the lease store was `renewed`.
pub async fn reconcile(
    blocks: Arc<NodeBlocks>,
    known: Known,
    renewed: Arc<Notify>,
    ready: Arc<std::sync::atomic::AtomicBool>,
    metrics: Metrics,
) {
    // What is idle in a pool is known when the pools are.
    while !known.get().is_complete {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let mut wait = FIRST_WAIT;
    loop {
        let done = blocks.reconcile().await;
        metrics.reconciled(done.is_ok());
        let pause = match done {
            Ok(()) => {
                ready.store(true, std::sync::atomic::Ordering::Relaxed);
                wait = FIRST_WAIT;
                NodeBlocks::RECONCILE_EVERY
            }
            Err(failure) => {
                tracing::warn!("compare what this node holds with the API server: {failure}");
                let pause = wait;
                wait = (wait * 2).min(LONGEST_WAIT);
                pause
            }
        };
        // Thousands of nodes that were started together do not look together.
        let spread = pause.mul_f64(0.8 + 0.4 * fraction());
        let _ = tokio::time::timeout(spread, renewed.notified()).await;
    }
}

/// Takes up what was imported for this node from other products, and lets go of it when its pods are gone. An import marks
/// its pools when it is done; what it may have missed to mark is found in time. `renewed` is told of blocks that have
/// become the node's.
pub async fn take_up_imported(
    node: node::Node,
    cluster: Cluster,
    view: View,
    renewed: Arc<Notify>,
) {
    let mut missing = node::Missing::default();
    let (mut looked_at, mut due) = (None, Instant::now());
    let mut every = tokio::time::interval(IMPORTED_LOOK);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        if view.waits_for().is_some() {
            continue;
        }
        let marks = Some(marks(&view));
        if looked_at != marks || due <= Instant::now() {
            match node::take_up(&node, &cluster).await {
                Ok(taken) => {
                    if taken.blocks > 0 {
                        tracing::info!("took up {} imported blocks", taken.blocks);
                        renewed.notify_one();
                    }
                    warn(&taken.told);
                    looked_at = marks;
                    due = Instant::now() + IMPORTED_LOOK_AGAIN.mul_f64(0.8 + 0.4 * fraction());
                }
                Err(reason) => tracing::warn!("take up imported addresses: {reason}"),
            }
        }
        let pods = view.pods().iter().map(|pod| uid(pod)).collect();
        match node::collect(&node, &cluster, &mut missing, &pods).await {
            Ok(told) => warn(&told),
            Err(reason) => tracing::warn!("let go of imported addresses: {reason}"),
        }
    }
}

/// What imports have marked the pools with.
fn marks(view: &View) -> Vec<Option<String>> {
    let pools = view.objects(Kind::Pool);
    let mark = |pool: &Arc<DynamicObject>| pool.annotations().get(IMPORTED_ANNOTATION).cloned();
    pools.iter().map(mark).collect()
}

fn uid(pod: &PodMeta) -> (plumb_leases::Pod, String) {
    let name = plumb_leases::Pod {
        namespace: pod.namespace().unwrap_or_default(),
        name: pod.name_any(),
    };
    (name, pod.uid().unwrap_or_default())
}

fn warn(sentences: &[String]) {
    for sentence in sentences {
        tracing::warn!("{sentence}");
    }
}

/// Gives back what is idle.
pub async fn tick(blocks: Arc<NodeBlocks>) {
    let mut every = tokio::time::interval(NodeBlocks::TICK_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        blocks.tick().await;
    }
}

/// Gives back what is idle in pools in which somebody finds nothing.
pub async fn relieve(
    blocks: Arc<NodeBlocks>,
    collector: Collector,
    mut pressure: mpsc::Receiver<String>,
) {
    while let Some(pool) = pressure.recv().await {
        tracing::info!("somebody finds nothing free in pool {pool}: giving back what is idle");
        collector.collect().await;
        blocks.pressure(&pool).await;
    }
}

/// Makes the addresses of pods free that are gone without a DEL.
pub async fn collect_gone(collector: Collector) {
    let mut every = tokio::time::interval(GONE_LOOK);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        collector.collect().await;
    }
}

/// What it takes to make them free.
#[derive(Clone)]
pub struct Collector {
    /// The node's pods.
    pub view: View,
    /// The node's leases.
    pub leases: LeaseStore,
    /// plumb's state folder.
    pub state_folder: PathBuf,
    /// What is counted.
    pub metrics: Metrics,
}

impl Collector {
    async fn collect(&self) {
        let Some(pods) = self.view.pod_names() else {
            return;
        };
        let (leases, records) = (self.leases.clone(), self.state_folder.join(RECORDS));
        let look = tokio::task::spawn_blocking(move || gone::release(&leases, &records, &pods));
        let released = look.await.map_err(|error| error.to_string()).flatten();
        for lease in released.iter().flatten() {
            let pod = lease.pod.as_ref().map(ToString::to_string);
            tracing::info!(
                "{} is free: its pod {} is gone without a DEL, and so is its network namespace",
                lease.address,
                pod.unwrap_or_default()
            );
        }
        match released {
            Ok(released) => self.metrics.released(released.len()),
            Err(reason) => tracing::warn!("look for addresses of pods that are gone: {reason}"),
        }
    }
}

/// Counts plumb's calls.
pub async fn count_calls(state_folder: PathBuf, metrics: CallMetrics) {
    let mut logged = None;
    let mut every = tokio::time::interval(COUNT);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let (folder, counters) = (state_folder.clone(), metrics.clone());
        let look = tokio::task::spawn_blocking(move || look_at_calls(&folder, &counters)).await;
        let failure = look.map_err(|error| error.to_string()).flatten().err();
        if let Some(failure) = failure.as_ref().filter(|_| failure != logged) {
            tracing::warn!("count plumb's calls: {failure}");
        }
        logged = failure;
    }
}

fn look_at_calls(state_folder: &Path, metrics: &CallMetrics) -> Result<(), String> {
    let taken = calls::count(state_folder)?;
    taken.calls.iter().for_each(|call| metrics.count(call));
    if taken.strange > 0 {
        tracing::warn!(
            "plumb's calls: {} lines are not what plumb writes",
            taken.strange
        );
    }
    if taken.is_full {
        tracing::warn!("plumb's calls: the file was full, so some calls are not counted");
    }
    calls::take(state_folder)
}

/// Keeps plumb and its policy on the node as they should be.
pub async fn keep_installed(options: Options, events: Events) {
    let mut installed = Installed::default();
    let mut logged = std::collections::BTreeSet::new();
    loop {
        let mut sentences = std::collections::BTreeSet::new();
        match install::keep(&options, std::mem::take(&mut installed)).await {
            Ok(kept) => {
                sentences.extend(kept.lacks_names.clone().map(|refusal| {
                    format!("plumb is installed under its own name alone: {refusal}")
                }));
                installed = kept;
            }
            Err(failure) => drop(sentences.insert(failure)),
        }
        let write = options.clone();
        match tokio::task::spawn_blocking(move || write_policy(&write)).await {
            Ok(Some(sentence)) => drop(sentences.insert(sentence)),
            Ok(None) => {}
            Err(error) => drop(sentences.insert(error.to_string())),
        }
        for sentence in &sentences {
            if !logged.contains(sentence) {
                tracing::warn!("{sentence}");
            }
            events.tell(Told {
                object: ObjectReference {
                    api_version: Some("v1".to_owned()),
                    kind: Some("Node".to_owned()),
                    name: Some(options.node_name.clone()),
                    // As the kubelet has it in events on its node.
                    uid: Some(options.node_name.clone()),
                    ..ObjectReference::default()
                },
                reason: "PlumbNotInstalled",
                message: sentence.clone(),
            });
        }
        logged = sentences;
        tokio::time::sleep(LOOK).await;
    }
}

/// What is wrong with the policy; none: nothing.
fn write_policy(options: &Options) -> Option<String> {
    let source = options.policy.as_ref()?;
    let (pools, pods) = (options.pools_folder(), options.pods_folder());
    let socket = options.socket();
    let node = policy::Node {
        name: &options.node_name,
        pools: &pools,
        pods: &pods,
        socket: &socket,
        plumbctl: Some(&options.plumbctl),
    };
    match policy::write(source, &options.policy_folder, node) {
        Ok(Outcome::Written) => None,
        Ok(Outcome::Foreign(path)) => Some(format!(
            "{} was not written by the agent and stays: set node, agent, folders.pools and folders.pods there, or remove it",
            path.display()
        )),
        Err(mistake) => Some(mistake),
    }
}

/// A random number from 0 to 1.
fn fraction() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0) as f64 / u64::MAX as f64
}
