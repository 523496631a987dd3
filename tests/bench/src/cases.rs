//! What is measured, and what is good enough.
//!
//! Candidates take turns within each round, and each round begins with another one, so
//! that a machine that becomes slower or faster does so for all of them alike.

mod attachment;
mod process;
mod wave;

use serde_json::Value;

use crate::candidates::{Candidate, Iproute, Plugin};
use crate::error::Error;
use crate::node::Node;
use crate::report::{Foreign, Report};
use crate::statistics::{Sample, Series};

/// Rounds whose samples are thrown away: they fill the page cache and the kernel's slabs.
const WARM_UPS: usize = 10;

/// The candidates on their node.
pub struct Bench {
    /// Where it happens.
    pub node: Node,
    /// plumb, or in a control run the peer once more.
    pub plumb: Plugin,
    /// macvlan with host-local.
    pub peer: Plugin,
    /// The kernel's floor.
    pub iproute: Iproute,
    /// Rounds of the serial cases.
    pub runs: usize,
    /// Address management of `plumb`, for one or two families.
    pub plumb_ipam: fn(usize) -> Value,
    /// Address management of `peer`, for one or two families.
    pub peer_ipam: fn(usize) -> Value,
}

/// Samples of one pod's life.
struct Life {
    add: Sample,
    check: Option<Sample>,
    delete: Sample,
}

impl Bench {
    /// Lives of pods, each in a new namespace and alone on the node; one list for each
    /// candidate, without the warm-ups.
    fn rounds(
        &self,
        report: &mut Report,
        case: &'static str,
        candidates: &[&dyn Candidate],
        runs: usize,
    ) -> Result<Vec<Vec<Life>>, Error> {
        let count = candidates.len();
        let warm_ups = WARM_UPS.min(runs.div_ceil(5));
        let namespaces = self.node.namespaces((warm_ups + runs) * count)?;
        self.settle(report, case)?;
        let mut lives: Vec<Vec<Life>> = candidates.iter().map(|_| Vec::new()).collect();
        for (turn, namespace) in namespaces.iter().enumerate() {
            let round = turn / count;
            let index = (round + turn) % count;
            let candidate = candidates[index];
            let pod = self.node.pod(namespace, &format!("pod-{turn}"))?;
            let (add, result, _) = candidate.attach(&self.node, &pod)?;
            self.node.quiet();
            let check = candidate.check(&pod, &result)?;
            let delete = candidate.detach(&self.node, &pod, &result)?;
            if round >= warm_ups {
                lives[index].push(Life { add, check, delete });
            }
        }
        Ok(lives)
    }

    fn settle(&self, report: &mut Report, case: &'static str) -> Result<(), Error> {
        eprintln!("plumb-bench: {case}");
        let share = self.node.settle()?;
        report.foreign.push(Foreign { case, share });
        Ok(())
    }
}

fn wall(series: &Series) -> f64 {
    series.wall.median
}

fn cpu(series: &Series) -> f64 {
    series.cpu.median
}
