//! Expectation files: what is refused, and what they make of a run.

use cni_conformance::{Expectations, Version};

use super::finished::{failed, finished, not_applicable};

#[track_caller]
fn refused(text: &str, words: &[&str]) {
    let error = Expectations::parse(text).expect_err("the file is wrong");
    for word in words {
        assert!(error.contains(word), "{error:?} does not say {word:?}");
    }
}

#[test]
fn a_wrong_line_is_refused_with_its_number_and_what_is_wrong() {
    refused(
        "\n# a comment\n100 no-such # reason",
        &["line 3", "no case 100"],
    );
    refused("70000 too-large # reason", &["line 1", "70000"]);
    refused(
        "602 undoes-add # reason",
        &["602", "del-twice", "undoes-add"],
    );
    refused("602 del-twice", &["line 1", "reason"]);
    refused("602 del-twice #  ", &["602 del-twice", "reason", "empty"]);
    refused("602 # a reason", &["NUMBER[@VERSION][?] NAME"]);
    refused(
        "602 del-twice again # reason",
        &["NUMBER[@VERSION][?] NAME"],
    );
    refused("602@1.2.0 del-twice # reason", &["1.2.0", "version"]);
    refused("602@ del-twice # reason", &["version"]);
}

#[test]
fn comments_and_empty_lines_say_nothing() {
    let empty = Expectations::parse("# all is well\n\n   \n   # truly\n").expect("parse");
    let passed = [finished(602, None, Ok(()))];
    assert!(empty.compare(&passed).surprises.is_empty());
}

#[test]
fn a_failure_that_is_listed_is_no_surprise_and_keeps_its_reason() {
    let known = Expectations::parse("  602   del-twice  # fails: # is its sign  ").expect("parse");
    let run = [finished(602, Some(Version::V1_0_0), failed("seen"))];
    assert!(known.compare(&run).surprises.is_empty());
    assert_eq!(known.reason(&run[0]), Some("fails: # is its sign"));
}

#[test]
fn a_failure_that_is_not_listed_is_a_surprise() {
    let known = Expectations::parse("602 del-twice # reason").expect("parse");
    let run = [
        finished(602, None, failed("seen")),
        finished(601, Some(Version::V1_1_0), failed("seen")),
    ];
    let surprises = known.compare(&run).surprises;
    assert_eq!(surprises.len(), 1, "{surprises:?}");
    assert!(
        surprises[0].contains("601@1.1.0 undoes-add"),
        "{surprises:?}"
    );
    assert_eq!(known.reason(&run[1]), None);
}

#[test]
fn a_listed_case_that_passes_or_could_not_be_asked_is_a_surprise() {
    let known = Expectations::parse("602 del-twice # reason").expect("parse");
    for verdict in [Ok(()), not_applicable("cannot be asked")] {
        let surprises = known.compare(&[finished(602, None, verdict)]).surprises;
        assert_eq!(surprises.len(), 1, "{surprises:?}");
        assert!(surprises[0].contains("602 del-twice"), "{surprises:?}");
    }
}

#[test]
fn a_case_that_fails_at_times_is_never_a_surprise() {
    let known = Expectations::parse("921? killed-add # a race").expect("parse");
    for verdict in [Ok(()), failed("seen")] {
        let run = [finished(921, None, verdict)];
        assert!(known.compare(&run).surprises.is_empty());
    }
}

#[test]
fn a_listed_case_that_was_not_run_is_no_surprise() {
    let known = Expectations::parse("602 del-twice # reason").expect("parse");
    assert!(
        known
            .compare(&[finished(601, None, Ok(()))])
            .surprises
            .is_empty()
    );
}

#[test]
fn a_line_without_a_version_needs_one_failure_of_the_versions() {
    let known = Expectations::parse("602 del-twice # reason").expect("parse");
    let run = [
        finished(602, Some(Version::V0_4_0), Ok(())),
        finished(602, Some(Version::V1_0_0), failed("seen")),
    ];
    assert!(known.compare(&run).surprises.is_empty());
}

#[test]
fn a_line_with_a_version_is_of_that_version_only() {
    let known = Expectations::parse("602@0.4.0 del-twice # reason").expect("parse");
    let old = |verdict| finished(602, Some(Version::V0_4_0), verdict);
    let new = |verdict| finished(602, Some(Version::V1_0_0), verdict);
    let surprises = |run: [_; 2]| known.compare(&run).surprises;
    assert!(surprises([old(failed("seen")), new(Ok(()))]).is_empty());
    let both = surprises([old(Ok(())), new(failed("seen"))]);
    assert_eq!(both.len(), 2, "{both:?}");
    assert!(both[0].contains("602@1.0.0 del-twice failed"), "{both:?}");
    assert!(
        both[1].contains("602@0.4.0 del-twice was expected"),
        "{both:?}"
    );
}
