//! Works through the cases, in their order.

use std::time::{Duration, Instant};

use crate::{Bench, Case, Verdict};

/// A case that was run.
#[derive(Debug)]
pub struct Finished {
    /// The case.
    pub case: &'static Case,
    /// How it ended.
    pub verdict: Verdict,
    /// What it did not look at, where that is worth a word.
    pub notes: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Runs these cases, which are for the component's world, and has `told` hear of each as it ends.
pub fn run(
    bench: &Bench<'_>,
    cases: &[&'static Case],
    mut told: impl FnMut(&Finished),
) -> Vec<Finished> {
    cases
        .iter()
        .map(|case| {
            let begin = Instant::now();
            let verdict = (case.run)(bench);
            let finished = Finished {
                case,
                verdict,
                notes: bench.take_notes(),
                elapsed: begin.elapsed(),
            };
            told(&finished);
            finished
        })
        .collect()
}
