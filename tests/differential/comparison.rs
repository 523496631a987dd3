//! The same case by both plugins, and what differs of it beside what is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::attachment::Plugin::{Plumb, Reference};
use super::attachment::Release;
use super::cases::{self, Case};
use super::course::{Course, End, Seen, VERSIONS, live};
use super::differences::{self, Situation};

/// What one line is with the reference and with plumb; none: there is no such line.
type Values = (Option<String>, Option<String>);

/// From ADD to the end of the pod, and an upgrade on a node with pods: the reference
/// attached them, plumb detaches them.
const ORDINARY: [Course; 2] = [
    Course {
        attached_by: Plumb,
        detached_by: Plumb,
        end: End::Deleted,
        repeats: false,
    },
    Course {
        attached_by: Reference,
        detached_by: Plumb,
        end: End::Deleted,
        repeats: false,
    },
];

#[test]
fn links_are_made_alike() {
    compare(&cases::links(), &ORDINARY, Release::Current, &VERSIONS);
}

#[test]
fn addresses_of_host_local_are_given_alike() {
    compare(&cases::host_local(), &ORDINARY, Release::Current, &VERSIONS);
}

#[test]
fn addresses_of_static_are_given_alike() {
    compare(&cases::fixed(), &ORDINARY, Release::Current, &VERSIONS);
}

#[test]
fn what_the_current_release_has_is_made_alike() {
    let versions = ["0.3.1", "1.1.0"];
    compare(
        &cases::since_packaged(),
        &ORDINARY,
        Release::Current,
        &versions,
    );
}

/// The newest route is before those that lead to the same network.
#[test]
fn routes_stand_alike_among_those_of_others() {
    let versions = ["0.4.0", "1.1.0"];
    compare(
        &cases::after_others(),
        &ORDINARY,
        Release::Current,
        &versions,
    );
}

/// What a node has today may be older than what is released today.
#[test]
fn what_debian_has_differs_as_listed() {
    let cases = [cases::links(), cases::host_local(), cases::fixed()].concat();
    compare(&cases, &ORDINARY, Release::Packaged, &["1.0.0"]);
}

/// Pods of the old plugin are on a node when plumb comes to it.
#[test]
fn results_of_the_oldest_versions_are_alike() {
    compare(&cases::oldest(), &ORDINARY, Release::Current, &["0.1.0"]);
}

/// Compares courses that end alike with the reference's own, for all cases at once.
///
/// # Panics
///
/// With all that differs and is not listed, and all that is listed and does not differ.
#[track_caller]
pub fn compare(cases: &[Case], courses: &[Course], release: Release, versions: &[&str]) {
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let running: Vec<_> = cases
            .iter()
            .map(|case| scope.spawn(move || compare_case(case, courses, release, versions)))
            .collect();
        running
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|_| "a thread panicked\n".into())
            })
            .collect()
    });
    let wrong = wrong.concat();
    assert!(
        wrong.is_empty(),
        "plumb differs from the reference\n{wrong}"
    );
}

fn compare_case(case: &Case, courses: &[Course], release: Release, versions: &[&str]) -> String {
    let reference = Course {
        attached_by: Reference,
        detached_by: Reference,
        end: courses[0].end,
        repeats: false,
    };
    std::thread::scope(|scope| {
        let by_reference = scope.spawn(|| live(case, reference, release, versions));
        let running: Vec<_> = courses
            .iter()
            .map(|course| {
                (
                    *course,
                    scope.spawn(|| live(case, *course, release, versions)),
                )
            })
            .collect();
        let Ok(by_reference) = by_reference.join() else {
            return format!("{}: the reference's course panicked\n", case.name);
        };
        running
            .into_iter()
            .map(|(course, thread)| match thread.join() {
                Ok(by_plumb) => versions
                    .iter()
                    .zip(by_reference.iter().zip(&by_plumb))
                    .map(|(version, (reference, plumb))| {
                        let situation = Situation {
                            case,
                            version,
                            release,
                            course,
                        };
                        compare_seen(&situation, reference, plumb)
                    })
                    .collect(),
                Err(_) => format!("{}: {course:?} panicked\n", case.name),
            })
            .collect()
    })
}

fn compare_seen(situation: &Situation, reference: &Seen, plumb: &Seen) -> String {
    let mut wrong = String::new();
    let place = format!(
        "{:?} release, {}, {}, {}",
        situation.release, situation.course, situation.case.name, situation.version
    );
    let found = differences(reference, plumb);
    let listed = listed(situation);
    for (key, values) in &found {
        if listed.get(key) != Some(values) {
            let _ = writeln!(wrong, "{place}: {key}: {}", show(values));
        }
    }
    for (key, values) in &listed {
        if found.get(key) != Some(values) {
            let _ = writeln!(
                wrong,
                "{place}: listed, but it does not occur: {key}: {}",
                show(values)
            );
        }
    }
    wrong
}

/// What differs, and what plumb left, whether the reference left it too or not. Where one
/// refused and the other accepted, only that: the rest follows of it.
fn differences(reference: &Seen, plumb: &Seen) -> BTreeMap<String, Values> {
    let accepted = |seen: &Seen| seen.get("ADD").is_some_and(|answer| answer == "accepted");
    let keys: BTreeSet<&String> = reference.keys().chain(plumb.keys()).collect();
    keys.into_iter()
        .filter(|key| accepted(reference) == accepted(plumb) || *key == "ADD")
        .map(|key| (key, reference.get(key).cloned(), plumb.get(key).cloned()))
        .filter(|(key, reference, plumb)| {
            reference != plumb || (key.starts_with("left ") && plumb.is_some())
        })
        .map(|(key, reference, plumb)| (key.clone(), (reference, plumb)))
        .collect()
}

fn listed(situation: &Situation) -> BTreeMap<String, Values> {
    let effects = differences::all().flat_map(|difference| (difference.effects)(situation));
    effects
        .map(|effect| {
            let owned = |value: Option<&str>| value.map(str::to_owned);
            (effect.key, (owned(effect.reference), owned(effect.plumb)))
        })
        .collect()
}

fn show((reference, plumb): &Values) -> String {
    let show = |value: &Option<String>| match value {
        Some(value) => format!("{value:?}"),
        None => "none".to_owned(),
    };
    format!("reference {}, plumb {}", show(reference), show(plumb))
}
