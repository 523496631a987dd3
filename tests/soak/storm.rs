//! One round of the storm after the other.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use cni_harness::{Call, Node, Oracle, Outcome, Pod};
use plumb_tests::configuration::{dual_stack, pool, with, without_ipam};
use serde_json::{Value, json};

use plumb_tests::dice::Dice;

/// Pods of a round.
const PODS: usize = 4;

/// Calls of a round.
const CALLS: usize = 40;

/// Of ten calls so many are killed.
const KILLED: u64 = 6;

/// The node, and what has happened on it.
pub struct Storm {
    node: Rc<Node>,
    networks: Vec<Value>,
    dice: Dice,
    /// How long the last call took that succeeded, in microseconds: a kill comes at any moment of such a call.
    usual: u64,
    /// Rounds that were begun.
    pub rounds: u64,
    /// Calls that were killed before they had ended.
    pub kills: u64,
    calls: u64,
    successes: u64,
}

impl fmt::Display for Storm {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} rounds, {} calls: {} killed, {} of the others succeeded",
            self.rounds, self.calls, self.kills, self.successes
        )
    }
}

impl Storm {
    /// A storm on a private node.
    pub fn new(dice: Dice) -> Self {
        let networks = vec![
            pool(),
            with(dual_stack(), json!({"name": "rail1"})),
            with(without_ipam(), json!({"name": "rail2", "mtu": 1400})),
        ];
        Self {
            node: Rc::new(plumb_tests::node()),
            networks,
            dice,
            usual: 10_000,
            rounds: 0,
            kills: 0,
            calls: 0,
            successes: 0,
        }
    }

    /// A round; how the node differs afterwards from what it was before.
    pub fn round(&mut self) -> Result<(), String> {
        self.rounds += 1;
        let pods: Vec<Pod> = (0..PODS).map(|_| self.node.pod()).collect();
        let node = Rc::clone(&self.node);
        let before = Oracle::new(&node);
        let mut left = CALLS;
        while left > 0 {
            let at_once = 1 + self.dice.below(3).min(left as u64 - 1);
            left -= usize::try_from(at_once).unwrap_or(1);
            self.some(&pods, at_once)?;
        }
        self.remove(&pods)?;
        match before.settled_difference() {
            difference if difference.is_empty() => Ok(()),
            difference => Err(difference),
        }
    }

    /// Some calls at the same time.
    fn some(&mut self, pods: &[Pod], count: u64) -> Result<(), String> {
        let mut running = Vec::new();
        for _ in 0..count {
            let pod = self.dice.one_of(pods);
            let number = self.dice.below(self.networks.len() as u64);
            let number = usize::try_from(number).unwrap_or_default();
            let network = &self.networks[number];
            let call = match self.dice.below(10) {
                0..=4 => Call::add(&self.node, pod, network),
                5..=8 => Call::delete(&self.node, pod, network),
                _ => Call::status(&self.node, network),
            };
            let call = call.interface(&format!("net{number}"));
            let patience = (self.dice.below(10) < KILLED).then(|| self.dice.below(self.usual));
            running.push((call.start(), patience));
        }
        // In the order of their ends.
        running.sort_by_key(|(_, patience)| patience.unwrap_or(u64::MAX));
        let mut waited = 0;
        for (mut call, patience) in running {
            if let Some(patience) = patience {
                std::thread::sleep(Duration::from_micros(patience - waited));
                waited = patience;
                call.kill();
            }
            let outcome = call.finish();
            self.calls += 1;
            self.kills += u64::from(outcome.was_killed());
            if outcome.succeeded() {
                self.successes += 1;
                self.usual = u64::try_from(outcome.elapsed.as_micros())
                    .unwrap_or(u64::MAX)
                    .clamp(1_000, 50_000);
            }
            spoke(&outcome)?;
        }
        Ok(())
    }

    /// Ends each pod: with a DEL of each attachment, as kubelet sends it after its own failures, or without any, and then
    /// a GC that knows of none.
    fn remove(&mut self, pods: &[Pod]) -> Result<(), String> {
        for pod in pods {
            if self.dice.below(2) == 0 {
                pod.remove();
                continue;
            }
            for (number, network) in self.networks.iter().enumerate() {
                let outcome = Call::delete(&self.node, pod, network)
                    .interface(&format!("net{number}"))
                    .run();
                if !outcome.succeeded() {
                    return Err(format!("a DEL that nobody disturbed failed\n{outcome}"));
                }
            }
            pod.remove();
        }
        for network in &self.networks {
            let outcome = Call::gc(&self.node, network, &[]).run();
            if !outcome.succeeded() {
                return Err(format!("a GC that nobody disturbed failed\n{outcome}"));
            }
        }
        Ok(())
    }
}

/// A call that was not killed has an answer: nothing, or an object.
fn spoke(outcome: &Outcome) -> Result<(), String> {
    let is_silent = outcome.stdout.is_empty() && outcome.succeeded();
    let is_object =
        || serde_json::from_slice::<Value>(&outcome.stdout).is_ok_and(|value| value.is_object());
    match outcome.was_killed() || is_silent || is_object() {
        true => Ok(()),
        false => Err(format!("neither an answer nor a death\n{outcome}")),
    }
}
