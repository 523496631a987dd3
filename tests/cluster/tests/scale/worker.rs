//! A part of a node's pods, which one thread starts and ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use plumb_tests::dice::Dice;

use crate::fleet::{Fleet, NODES, SCARCE, Which};

/// Threads of each node.
const THREADS: usize = 2;
/// Pods of each thread in the pool that has plenty of addresses.
const PODS: usize = 50;
/// Between two calls of a node's runtime.
const PAUSE: Duration = Duration::from_millis(15);
/// How long a pod may be told to try again once nothing fails any more.
const PATIENCE: Duration = Duration::from_secs(120);

/// The pods of one thread.
pub struct Worker<'fleet, 'cluster> {
    fleet: &'fleet Fleet<'cluster>,
    node: usize,
    /// Name, pool, and whether it lives.
    pods: Vec<(String, Which, bool)>,
    dice: Dice,
    /// ADDs that got an address.
    pub served: usize,
    /// ADDs that were told to try again later.
    pub later: usize,
    /// ADDs that were told that the pool is full.
    pub full: usize,
}

impl<'fleet, 'cluster> Worker<'fleet, 'cluster> {
    /// Those of all nodes.
    pub fn all(fleet: &'fleet Fleet<'cluster>) -> impl Iterator<Item = Self> {
        let scarce = SCARCE as usize / (NODES * THREADS);
        (0..NODES * THREADS).map(move |number| {
            let name = |pool: &str, pod: usize| format!("{pool}-{number}-{pod}");
            let plenty = (0..PODS).map(|pod| (name("plenty", pod), Which::Plenty, false));
            let scarce = (0..scarce).map(|pod| (name("scarce", pod), Which::Scarce, false));
            Self {
                fleet,
                node: number / THREADS,
                pods: plenty.chain(scarce).collect(),
                dice: Dice::new(number as u64 + 1),
                served: 0,
                later: 0,
                full: 0,
            }
        })
    }

    /// How many pods it has.
    pub fn pods(&self) -> usize {
        self.pods.len()
    }

    /// Starts and ends pods, three of four living at a time, until nothing fails any more.
    pub fn churn(&mut self, is_over: &AtomicBool) {
        while !is_over.load(Ordering::Relaxed) {
            let index = self.any_pod();
            if !self.pods[index].2 {
                self.add(index);
            } else if self.dice.below(3) == 0 {
                self.delete(index);
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn any_pod(&mut self) -> usize {
        let index = self.dice.below(self.pods.len() as u64);
        usize::try_from(index).expect("a number of a pod")
    }

    /// Starts all pods that do not live.
    ///
    /// # Panics
    ///
    /// When one is refused for too long.
    pub fn start_all(&mut self) {
        let begin = Instant::now();
        for index in 0..self.pods.len() {
            while let Some(why) = self.add(index) {
                assert!(
                    begin.elapsed() < PATIENCE,
                    "{} has no address after {} s: {why}",
                    self.pods[index].0,
                    PATIENCE.as_secs()
                );
                std::thread::sleep(10 * PAUSE);
            }
        }
    }

    /// Ends all pods.
    pub fn end_all(&mut self) {
        for index in 0..self.pods.len() {
            self.delete(index);
        }
    }

    /// Why a pod does not live, if it does not.
    fn add(&mut self, index: usize) -> Option<String> {
        let (name, which, lives) = &mut self.pods[index];
        if *lives {
            return None;
        }
        match self.fleet.add(self.node, name, *which) {
            Ok(_) => {
                *lives = true;
                self.served += 1;
                None
            }
            Err(refusal) => {
                match refusal.code {
                    11 => self.later += 1,
                    50 if is_about_rights(&refusal.message) => self.later += 1,
                    101 => self.full += 1,
                    other => panic!("code {other}: {}", refusal.message),
                }
                Some(refusal.message)
            }
        }
    }

    fn delete(&mut self, index: usize) {
        let (name, which, lives) = &mut self.pods[index];
        if std::mem::take(lives) {
            self.fleet.delete(self.node, name, *which);
        }
    }
}

/// The token of this node is refused, or an API server that has just started does not know the roles yet.
fn is_about_rights(message: &str) -> bool {
    message.contains("(401)") || message.contains("(403)")
}
