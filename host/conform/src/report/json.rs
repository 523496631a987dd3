//! For a program: one document with all that the text has.

use serde_json::{Value, json};

use super::{Mark, count, reason};
use crate::cases::group_of;
use crate::{Bench, Case, Finished};

/// The whole run.
pub fn document(bench: &Bench<'_>, finished: &[Finished]) -> Value {
    let cases = finished.iter().map(|one| {
        let mut entry = case(one.case);
        entry["verdict"] = Mark::of(one).as_str().into();
        entry["reason"] = reason(one).into();
        entry["notes"] = one.notes.clone().into();
        entry["milliseconds"] = (one.elapsed.as_millis() as u64).into();
        entry
    });
    let trials = bench.trials().iter().map(|trial| trial.name.as_str());
    json!({
        "component": bench.subject.name,
        "world": bench.world().as_str(),
        "trials": trials.collect::<Vec<_>>(),
        "cases": cases.collect::<Vec<_>>(),
        "passed": count(finished, Mark::Passed),
        "failed": count(finished, Mark::Failed),
        "skipped": count(finished, Mark::Skipped),
    })
}

/// One case, as `--list --json` has it.
pub fn case(case: &Case) -> Value {
    let worlds = case.worlds.iter().map(|world| world.as_str());
    json!({
        "number": case.number,
        "name": case.name,
        "group": group_of(case),
        "level": case.level.as_str(),
        "source": case.source,
        "demand": case.demand,
        "worlds": worlds.collect::<Vec<_>>(),
    })
}
