//! Works through the cases: several at a time, each on a thread of its own, because a
//! thread can be in one node only.

use std::any::Any;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::case::Matrix;
use crate::{Case, Kind, Scene, Stop, Subject, Verdict, Version};

/// A case that was run with one version.
#[derive(Debug)]
pub struct Finished {
    /// The case.
    pub case: &'static Case,
    /// The version, if there is one that the case can run with.
    pub version: Option<Version>,
    /// How it ended.
    pub verdict: Verdict,
    /// How long it took.
    pub elapsed: Duration,
}

/// Runs all cases, `jobs` at a time; the results are in the order of the numbers, then of
/// the versions.
pub fn run(subject: &Subject, cases: &[&'static Case], jobs: usize) -> Vec<Finished> {
    let turns: Vec<(&'static Case, Option<Version>)> =
        cases.iter().flat_map(|case| turns(subject, case)).collect();
    let next = AtomicUsize::new(0);
    let finished = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                while let Some((case, version)) = turns.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = turn(subject, case, *version);
                    finished
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push(one);
                }
            });
        }
    });
    let mut finished = finished
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    finished.sort_by_key(|one| (one.case.number, one.version));
    finished
}

/// The versions that a case runs with; one turn without a version where there is none, so
/// that the report does not pass over the case in silence.
fn turns(subject: &Subject, case: &'static Case) -> Vec<(&'static Case, Option<Version>)> {
    let versions: Vec<Version> = subject
        .versions
        .iter()
        .copied()
        .filter(|version| (case.since..=case.until).contains(version))
        // Before 0.3.0 a plugin did not get the result of the one before it.
        .filter(|version| subject.kind != Kind::Chained || version.has_interfaces())
        .collect();
    match case.matrix {
        Matrix::Each if !versions.is_empty() && hindrance(subject, case).is_none() => versions
            .into_iter()
            .map(|version| (case, Some(version)))
            .collect(),
        _ => vec![(case, versions.last().copied())],
    }
}

fn turn(subject: &Subject, case: &'static Case, version: Option<Version>) -> Finished {
    let started = Instant::now();
    let verdict = match (hindrance(subject, case), version) {
        (Some(reason), _) => Err(Stop::NotApplicable(reason)),
        (None, None) => Err(Stop::NotApplicable(format!(
            "the plugin speaks no tested version from {} to {}",
            case.since, case.until
        ))),
        (None, Some(version)) => on_a_thread_of_its_own(subject, case, version),
    };
    Finished {
        case,
        version,
        verdict,
        elapsed: started.elapsed(),
    }
}

fn hindrance(subject: &Subject, case: &Case) -> Option<String> {
    if !case.kinds.contains(&subject.kind) {
        return Some(format!(
            "not for a plugin of kind {}",
            subject.kind.as_str()
        ));
    }
    if case.delegates && subject.ipam().is_none() {
        return Some("the configuration has no ipam".into());
    }
    None
}

/// The harness panics where it cannot go on, as when a call does not end in time.
fn on_a_thread_of_its_own(subject: &Subject, case: &'static Case, version: Version) -> Verdict {
    let joined = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name(case.name.to_owned())
            .spawn_scoped(scope, || (case.run)(&Scene::new(subject, version)))
            .expect("start a thread")
            .join()
    });
    joined.unwrap_or_else(|panic| Err(Stop::Failed(message(panic.as_ref()))))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("the case ended in a panic without words")
        .to_owned()
}
