//! The suite, tested: it finds nothing in the correct specimen, and in each wrong one exactly
//! what is wrong.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::ops::Range;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::Instant;

use cni_conformance::expectations::has_failed;
use cni_conformance::run::{Finished, run};
use cni_conformance::{Case, Kind, Stop, Subject, Version, cases};
use cni_specimen::defects::{DEFECTS, Defect};

/// These take most of the time of a run: only the correct specimen meets them, and the
/// defects that they are there to find.
const LONG: &[u16] = &[203, 616, 811, 901, 904, 921, 922, 923];

/// Cases that no defect is for, because the specimen is not of their kind.
const OF_OTHERS: &[(u16, &str)] = &[
    (955, "for a plugin of kind ipam"),
    (956, "for the versions before 0.3.0"),
];

#[test]
fn nothing_is_found_in_the_correct_specimen() {
    let all: Vec<&Case> = cases::all().collect();
    let finished = run(&subject("specimen", false, &Version::ALL[3..]), &all, 2);
    assert_eq!(told(&finished), "");
    let skipped: Vec<u16> = finished
        .iter()
        .filter(|one| matches!(one.verdict, Err(Stop::NotApplicable(_))))
        .map(|one| one.case.number)
        .collect();
    assert_eq!(skipped, [709, 955, 956]);
}

/// For the cases that look at the addresses of a delegate which keeps them in files.
#[test]
fn nothing_is_found_in_the_correct_specimen_with_host_local() {
    let all: Vec<&Case> = cases::all()
        .filter(|case| !LONG.contains(&case.number))
        .collect();
    let subject = subject("specimen", true, &[Version::V1_0_0]);
    assert_eq!(told(&run(&subject, &all, 2)), "");
}

#[test]
fn every_case_can_fail() {
    let found: BTreeSet<u16> = DEFECTS
        .iter()
        .flat_map(|defect| always(defect).into_iter())
        .chain(OF_OTHERS.iter().map(|(number, _)| *number))
        .collect();
    let all: BTreeSet<u16> = cases::all().map(|case| case.number).collect();
    assert_eq!(found, all);
}

#[test]
fn every_defect_has_a_name_of_its_own_and_a_reason_for_its_company() {
    let names: BTreeSet<&str> = DEFECTS.iter().map(|defect| defect.name).collect();
    assert_eq!(names.len(), DEFECTS.len());
    let wanted = std::env::var("SPECIMEN");
    assert!(wanted.is_err() || wanted.is_ok_and(|name| names.contains(name.as_str())));
    for defect in DEFECTS {
        let reason = defect
            .company
            .map_or("none needed", |company| company.reason);
        assert!(
            !defect.wrong.is_empty() && !reason.is_empty(),
            "{}",
            defect.name
        );
    }
}

#[test]
fn defects_of_verbs_and_environment_are_found() {
    each_is_found(101..200);
}

#[test]
fn defects_of_standard_input_are_found() {
    each_is_found(201..300);
}

#[test]
fn defects_of_versions_are_found() {
    each_is_found(301..400);
}

#[test]
fn defects_of_exit_code_and_outputs_are_found() {
    each_is_found(401..500);
}

#[test]
fn defects_of_add_are_found() {
    each_is_found(501..600);
}

#[test]
fn defects_of_del_are_found() {
    each_is_found(601..700);
}

#[test]
fn defects_of_check_are_found() {
    each_is_found(701..750);
}

#[test]
fn defects_of_status_are_found() {
    each_is_found(751..800);
}

#[test]
fn defects_of_gc_are_found() {
    each_is_found(801..850);
}

#[test]
fn defects_of_delegation_are_found() {
    each_is_found(851..900);
}

#[test]
fn defects_of_concurrency_and_of_killed_calls_are_found() {
    each_is_found(901..950);
}

#[test]
fn defects_of_results_are_found() {
    each_is_found(951..970);
}

#[test]
fn defects_that_one_runtime_meets_are_found() {
    each_is_found(971..1000);
}

/// Runs each defective specimen of these cases against them, and against those that are
/// known to find it as well. Its own case must fail, and no other one.
///
/// With `SPECIMEN=NAME` only the one of that name, against all cases; with
/// `SPECIMEN_AGAINST=all` every one against all.
#[track_caller]
fn each_is_found(numbers: Range<u16>) {
    let wanted = std::env::var("SPECIMEN").ok();
    let all = wanted.is_some() || against_all();
    let others: Range<u16> = if all { 0..u16::MAX } else { numbers.clone() };
    let mut wrong = String::new();
    for defect in DEFECTS
        .iter()
        .filter(|defect| numbers.contains(&defect.case))
    {
        if wanted.as_ref().is_some_and(|wanted| wanted != defect.name) {
            continue;
        }
        let expected = always(defect);
        let started = Instant::now();
        let mut found = find(defect, &others);
        let failed: BTreeSet<u16> = found.iter().map(|one| one.case.number).collect();
        let tolerated = defect.company.map_or(&[][..], |company| company.sometimes);
        found.retain(|one| !expected.contains(&one.case.number));
        let counted: BTreeSet<u16> = failed
            .iter()
            .copied()
            .filter(|number| !tolerated.contains(number))
            .collect();
        let elapsed = started.elapsed().as_secs_f32();
        println!("specimen-{} fails {failed:?} ({elapsed:.1} s)", defect.name);
        if counted != expected {
            let _ = writeln!(
                wrong,
                "specimen-{} ({}) should fail {expected:?} and fails {failed:?}\n{}",
                defect.name,
                defect.wrong,
                told(&found)
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The case of the defect, and those that always find it as well.
fn always(defect: &Defect) -> BTreeSet<u16> {
    let company = defect.company.map_or(&[][..], |company| company.always);
    company.iter().copied().chain([defect.case]).collect()
}

/// Whether `SPECIMEN_AGAINST` asks for all cases.
///
/// # Panics
///
/// When it asks for something else.
fn against_all() -> bool {
    match std::env::var("SPECIMEN_AGAINST").as_deref() {
        Err(_) => false,
        Ok("all") => true,
        Ok(other) => panic!("SPECIMEN_AGAINST is {other:?}: there is \"all\" only"),
    }
}

/// What has failed of its own cases and of these others.
fn find(defect: &Defect, others: &Range<u16>) -> Vec<Finished> {
    let own = always(defect);
    let is_other = |number| others.contains(&number) && !LONG.contains(&number);
    let cases: Vec<&Case> = cases::all()
        .filter(|case| own.contains(&case.number) || is_other(case.number))
        .collect();
    let versions: Vec<Version> = defect
        .versions
        .iter()
        .filter_map(|version| Version::parse(version))
        .collect();
    let versions = match versions.is_empty() {
        true => vec![Version::V1_1_0],
        false => versions,
    };
    let name = format!("specimen-{}", defect.name);
    let mut finished = run(&subject(&name, defect.host_local, &versions), &cases, 2);
    finished.retain(has_failed);
    finished
}

/// The specimen of this name.
fn subject(name: &str, host_local: bool, versions: &[Version]) -> Subject {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("specimens");
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = package.join("specimen.conf");
    let mut configuration = Subject::read_configuration(&file).expect("read the configuration");
    if host_local {
        configuration["ipam"] = serde_json::json!({
            "type": "host-local",
            "ranges": [[{"subnet": "10.2.0.0/24"}]],
            "routes": [{"dst": "10.98.0.0/16"}],
        });
    }
    Subject {
        plugin: link(&folder, name),
        configuration,
        kind: Kind::Interface,
        cni_path: match host_local {
            true => "/usr/lib/cni".into(),
            false => folder.to_string_lossy().into_owned(),
        },
        node_script: None,
        pod_script: None,
        state_script: None,
        stays: Vec::new(),
        versions: versions.to_vec(),
    }
}

/// The specimen's binary by another name.
fn link(folder: &Path, name: &str) -> PathBuf {
    let binary = Path::new(env!("CARGO_BIN_EXE_cni-specimen"));
    let link = folder.join(name);
    fs::create_dir_all(folder).expect("create a folder");
    // It may be of an earlier run, or of a test beside this one.
    let _ = symlink(binary, &link);
    assert_eq!(fs::read_link(&link).expect("make a link"), binary);
    link
}

/// Numbers and reasons of what has failed.
fn told(finished: &[Finished]) -> String {
    let mut text = String::new();
    for one in finished.iter().filter(|one| has_failed(one)) {
        if let Err(Stop::Failed(reason)) = &one.verdict {
            let _ = writeln!(text, "{} {}: {reason}", one.case.number, one.case.name);
        }
    }
    text
}
