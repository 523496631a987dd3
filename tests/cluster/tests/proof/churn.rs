//! Interfaces that come and go on both nodes without end, while something is done to plumb.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use plumb_cluster_tests::{Cluster, Node};

use crate::direct::{Sandbox, address, refusal};

/// How long an ADD may be told to try again. A kubelet does so for ever, but a user has been waiting for long by then.
const PATIENCE: Duration = Duration::from_secs(90);

/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(500);

/// How long an interface stays, at least and at most.
const STAYS: (u64, u64) = (1_000, 8_000);

/// Between two looks whether an agent listens.
const LOOK: Duration = Duration::from_millis(50);

/// Codes that ask for another attempt: later (11), and full (101), while a node whose agent is away gives nothing back.
const PASSING: [u64; 2] = [11, 101];

/// A time of the test: from, to.
type Span = (Instant, Instant);

/// What has happened so far.
#[derive(Default)]
struct Seen {
    /// Who has which address.
    attached: BTreeMap<String, String>,
    /// ADDs that were served, by node.
    adds: Vec<(String, Span)>,
    /// How often a node's agent was away, and when.
    gaps: Vec<(String, Span)>,
    /// What must not happen.
    failures: Vec<String>,
}

/// The interfaces.
pub struct Churn<'cluster> {
    cluster: &'cluster Cluster,
    ends: AtomicBool,
    seen: Mutex<Seen>,
}

/// Ends the churn however the test ends.
pub struct Ends<'churn>(&'churn AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<'cluster> Churn<'cluster> {
    /// None yet.
    pub fn new(cluster: &'cluster Cluster) -> Self {
        Self {
            cluster,
            ends: AtomicBool::new(false),
            seen: Mutex::default(),
        }
    }

    /// Starts so many interfaces with addresses of a pool. They stop when what is returned is dropped.
    pub fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        pools: &[(&'static str, usize)],
    ) -> Ends<'scope> {
        for node in self.cluster.nodes() {
            scope.spawn(|| self.watch_agent(node));
        }
        for &(pool, count) in pools {
            for number in 0..count {
                scope.spawn(move || self.come_and_go(&format!("{pool}-{number}"), pool));
            }
        }
        Ends(&self.ends)
    }

    /// How many ADDs were served up to now.
    pub fn adds(&self) -> usize {
        self.seen().adds.len()
    }

    /// How many interfaces there are now.
    pub fn attached(&self) -> usize {
        self.seen().attached.len()
    }

    /// What has gone wrong, if anything has.
    pub fn failures(&self) -> Result<(), String> {
        let seen = self.seen();
        match seen.failures.is_empty() {
            true => Ok(()),
            false => Err(seen.failures.join("\n")),
        }
    }

    /// How often an agent was away from a node, and how many ADDs the node served from beginning to end meanwhile.
    pub fn bridged(&self, node: &Node) -> (usize, usize) {
        let seen = self.seen();
        let gaps = seen.gaps.iter().filter(|(of, _)| of == node.name());
        let gaps: Vec<Span> = gaps.map(|(_, span)| *span).collect();
        let within = |(from, to): &Span| gaps.iter().any(|gap| gap.0 <= *from && *to <= gap.1);
        let adds = seen.adds.iter();
        let served = adds.filter(|(of, span)| of == node.name() && within(span));
        (gaps.len(), served.count())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self) -> bool {
        self.ends.load(Ordering::Relaxed)
    }

    fn failed(&self, failure: String) {
        self.seen().failures.push(failure);
    }

    /// One interface after the other, each on a node by chance.
    fn come_and_go(&self, name: &str, pool: &str) {
        let nodes = self.cluster.nodes();
        let sandboxes: Vec<_> = nodes
            .iter()
            .map(|node| (node, Sandbox::of_pool(node, name, pool)))
            .collect();
        while !self.is_over() {
            let which = usize::try_from(random(nodes.len() as u64)).expect("a small number");
            let (node, sandbox) = &sandboxes[which];
            let Some(address) = self.add(node, sandbox, name) else {
                break;
            };
            self.stay();
            // As long as DEL has not begun nobody else may have it.
            self.seen().attached.remove(&address);
            let call = sandbox.call("DEL");
            if !call.succeeded() {
                self.failed(format!("{}: DEL of {name}: {call}", node.name()));
                break;
            }
        }
        sandboxes.into_iter().for_each(|(_, sandbox)| sandbox.end());
    }

    /// An ADD, as often as it is told to try again; none where it fails for good.
    fn add(&self, node: &Node, sandbox: &Sandbox<'_>, name: &str) -> Option<String> {
        let begin = Instant::now();
        loop {
            let from = Instant::now();
            let call = sandbox.call("ADD");
            if call.succeeded() {
                let address = address(call.stdout());
                let mut seen = self.seen();
                let span = (from, Instant::now());
                seen.adds.push((node.name().to_owned(), span));
                if let Some(other) = seen.attached.insert(address.clone(), name.to_owned()) {
                    let failure = format!("{address} is {other}'s and was given to {name}");
                    seen.failures.push(failure);
                }
                return Some(address);
            }
            let passes = refusal(&call).is_some_and(|(code, _)| PASSING.contains(&code));
            if !passes || begin.elapsed() > PATIENCE {
                self.failed(format!("{}: ADD of {name}: {call}", node.name()));
                return None;
            }
            // What failed has left nothing.
            let call = sandbox.call("DEL");
            if !call.succeeded() {
                self.failed(format!("{}: DEL after a failed ADD: {call}", node.name()));
                return None;
            }
            thread::sleep(AGAIN);
        }
    }

    /// The life of a pod.
    fn stay(&self) {
        let until = Instant::now() + Duration::from_millis(STAYS.0 + random(STAYS.1 - STAYS.0));
        while Instant::now() < until && !self.is_over() {
            thread::sleep(LOOK);
        }
    }

    /// Notes when nobody listens on the agent's socket.
    fn watch_agent(&self, node: &Node) {
        let socket = node.path("/run/plumb/agent.sock");
        let mut since = None;
        while !self.is_over() {
            let now = Instant::now();
            match (UnixStream::connect(&socket).is_ok(), since) {
                (true, Some(from)) => {
                    let name = node.name().to_owned();
                    self.seen().gaps.push((name, (from, now)));
                    since = None;
                }
                (false, None) => since = Some(now),
                _ => {}
            }
            thread::sleep(LOOK);
        }
    }
}

/// A random number below a limit.
fn random(limit: u64) -> u64 {
    RandomState::new().hash_one(0) % limit
}
