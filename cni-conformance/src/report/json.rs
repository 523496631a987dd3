//! For a program: one document with all that the text has.

use serde_json::{Value, json};

use crate::expectations::{Comparison, Expectations};
use crate::report::{Mark, reason};
use crate::run::Finished;
use crate::{Case, Subject};

/// The whole run.
pub fn document(
    subject: &Subject,
    finished: &[Finished],
    expectations: &Expectations,
    comparison: &Comparison,
) -> Value {
    let versions: Vec<&str> = subject
        .versions
        .iter()
        .map(|version| version.as_str())
        .collect();
    let cases: Vec<Value> = finished
        .iter()
        .map(|one| {
            let mut entry = case(one.case);
            entry["version"] = one.version.map(|version| version.as_str()).into();
            entry["verdict"] = Mark::of(one, expectations).as_str().into();
            entry["milliseconds"] = (one.elapsed.as_millis() as u64).into();
            entry["reason"] = reason(one).into();
            entry["expected"] = expectations.reason(one).into();
            entry
        })
        .collect();
    json!({
        "plugin": subject.plugin.to_string_lossy(),
        "kind": subject.kind.as_str(),
        "versions": versions,
        "cases": cases,
        "surprises": comparison.surprises,
    })
}

/// One case, as `list --json` has it.
pub fn case(case: &Case) -> Value {
    json!({
        "number": case.number,
        "name": case.name,
        "level": case.level.as_str(),
        "source": case.source,
        "demand": case.demand,
    })
}
