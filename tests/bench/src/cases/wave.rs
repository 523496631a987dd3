//! Attachments made at the same moment.

use super::{Bench, wall};
use crate::candidates::{Candidate, Plugin};
use crate::error::Error;
use crate::launch::{Invocation, run_together};
use crate::node::Pod;
use crate::report::{Figure, Report};
use crate::statistics::{Sample, Series};

/// Pods of one wave: what a node starts at once after a drain.
const TOGETHER: usize = 50;

impl Bench {
    /// Pods that start at the same moment, up to the last one's end.
    pub fn parallel(&self, report: &mut Report) -> Result<(), Error> {
        const CASE: &str = "50 ADDs at once, total";
        self.settle(report, CASE)?;
        let candidates = [&self.plumb, &self.peer];
        let mut samples = [Vec::new(), Vec::new()];
        for round in 0..(self.runs / 20).clamp(1, 5) {
            for turn in 0..candidates.len() {
                let index = (round + turn) % candidates.len();
                samples[index].push(self.together(candidates[index])?);
            }
        }
        let series =
            [0, 1].map(|index| Series::new(CASE, candidates[index].label, &samples[index]));
        report
            .figures
            .push(Figure::ratio(CASE, (&series[0], wall), &series[1], 0.4));
        report.series.extend(series);
        Ok(())
    }

    /// One wave: all pods are attached at once, verified, and detached at once.
    fn together(&self, plugin: &Plugin) -> Result<Sample, Error> {
        let namespaces = self.node.namespaces(TOGETHER)?;
        let pods: Vec<Pod> = namespaces
            .iter()
            .enumerate()
            .map(|(index, namespace)| self.node.pod(namespace, &format!("wave-{index}")))
            .collect::<Result<_, _>>()?;
        let adds: Vec<Invocation> = pods
            .iter()
            .map(|pod| plugin.invocation("ADD", pod, None))
            .collect();
        self.node.settle()?;
        let (wall, finished) = run_together(&adds)?;
        let mut addresses = Vec::new();
        let mut deletes = Vec::new();
        for (pod, finished) in pods.iter().zip(&finished) {
            let result = plugin.result(finished)?;
            addresses.extend(plugin.verify(&self.node, pod, &result)?.addresses);
            deletes.push(plugin.invocation("DEL", pod, Some(&result)));
        }
        addresses.sort();
        if let Some(twice) = addresses.windows(2).find(|pair| pair[0] == pair[1]) {
            let what = format!("{} was given out twice", twice[0]);
            return Err(Error::EndState {
                candidate: plugin.label,
                call: "ADD",
                what,
            });
        }
        run_together(&deletes)?;
        Ok(Sample {
            wall,
            cpu: finished.iter().map(|finished| finished.sample.cpu).sum(),
            peak_memory: finished
                .iter()
                .map(|finished| finished.sample.peak_memory)
                .max()
                .unwrap_or_default(),
        })
    }
}
