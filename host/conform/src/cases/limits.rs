//! 101 to 106: the limits of a call (`plumb_engine::limits`).

use plumb::components::{FailureKind, Limit};
use plumb_engine::limits;

use super::FLAVOURS;
use crate::case::judge;
use crate::{Answer, Bench, Case, Outcome, Verdict};

const SOURCE: &str = "docs/design.md, the sandbox";

pub(super) const CASES: &[Case] = &[
    Case::must(
        101,
        "instructions",
        SOURCE,
        "a call ends within 500 million instructions",
        |bench| ends(bench, |failure| is_over(failure, Limit::Instructions)),
    ),
    Case::must(
        102,
        "time",
        SOURCE,
        "a call ends within two seconds of processor time, and 10,000 calls of the host",
        |bench| {
            ends(bench, |failure| {
                is_over(failure, Limit::Time) || is_over(failure, Limit::Calls)
            })
        },
    ),
    Case::must(
        103,
        "memory",
        SOURCE,
        "a call needs at most 16 MiB of memory, and 4000 handles",
        |bench| ends(bench, |failure| is_over(failure, Limit::Memory)),
    ),
    Case::must(
        104,
        "no-trap",
        SOURCE,
        "a call ends by an answer: by no panic, and no other trap",
        |bench| ends(bench, |failure| failure == FailureKind::Failed),
    ),
    Case::must(
        105,
        "ready",
        "wit, worlds",
        "a call of `ready` ends in the same limits, and by an answer",
        ready,
    )
    .of(FLAVOURS),
    Case::should(
        106,
        "headroom",
        SOURCE,
        "a call takes at most a tenth of the instructions: a node may have more to look at than these",
        headroom,
    ),
];

fn is_over(failure: FailureKind, limit: Limit) -> bool {
    failure == FailureKind::Over(limit)
}

/// No trial ends as `is_this` says.
fn ends(bench: &Bench<'_>, is_this: fn(FailureKind) -> bool) -> Verdict {
    let broken = |answer: &Answer| match &answer.outcome {
        Outcome::Broken(failure, error) if is_this(*failure) => Some(error.to_string()),
        _ => None,
    };
    let answered = bench.answered()?.into_iter();
    judge(
        answered
            .filter_map(|(trial, answer)| Some(format!("{}: {}", trial.name, broken(answer)?)))
            .collect(),
    )
}

fn ready(bench: &Bench<'_>) -> Verdict {
    let planned = bench.planned()?.into_iter();
    judge(
        planned
            .filter_map(|(trial, _)| {
                let fault = bench.ask_ready(trial).fault()?;
                Some(format!("{}: {fault}", trial.name))
            })
            .collect(),
    )
}

fn headroom(bench: &Bench<'_>) -> Verdict {
    const MOST: u64 = limits::FUEL / 10;
    let answered = bench.planned()?.into_iter();
    judge(
        answered
            .filter(|(_, answer)| answer.fuel > MOST)
            .map(|(trial, answer)| {
                format!(
                    "{}: {} units of fuel, of which a tenth of all is {MOST}",
                    trial.name, answer.fuel
                )
            })
            .collect(),
    )
}
