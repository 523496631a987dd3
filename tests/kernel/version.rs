//! VERSION, and every version from end to end.

use std::time::Duration;

use cni_harness::{Call, Oracle, result};
use plumb_tests::configuration::{VERSIONS, dual_stack, pool, with};
use plumb_tests::state::state_files;
use serde_json::json;

/// Checks 21 and 22.
#[test]
fn version_repeats_the_callers_version_and_lists_the_spoken_ones() {
    let node = plumb_tests::node();
    for version in VERSIONS {
        let answer = Call::version(&node, &json!({"cniVersion": version}))
            .run()
            .expect_result();
        assert_eq!(
            answer,
            json!({"cniVersion": version, "supportedVersions": VERSIONS})
        );
    }
}

/// Check 21.
#[test]
fn version_answers_whatever_comes_on_standard_input() {
    let node = plumb_tests::node();
    for input in [
        "",
        "x",
        "null",
        "[]",
        "{}",
        "{\"cniVersion\":\"9.9.9\"}",
        "{\"cniVersion\":5}",
        "{\"cniVersion\"",
    ] {
        let answer = Call::version(&node, &json!({}))
            .stdin(input)
            .run()
            .expect_result();
        assert_eq!(
            answer,
            json!({"cniVersion": "1.1.0", "supportedVersions": VERSIONS}),
            "{input:?}"
        );
    }
}

/// Check 27: podman calls it for every plugin at every command.
#[test]
fn version_is_fast_and_touches_nothing() {
    let node = plumb_tests::node();
    let oracle = Oracle::new(&node);
    let outcome = Call::version(&node, &pool()).run();
    outcome.expect_result();
    assert!(outcome.elapsed < Duration::from_millis(500), "{outcome}");
    oracle.assert_unchanged();
    assert!(
        state_files().is_empty(),
        "VERSION wrote {:?}",
        state_files()
    );
}

/// Checks 23 and 26.
#[test]
fn every_spoken_version_works_from_end_to_end() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let oracle = Oracle::new(&node);
    for version in VERSIONS {
        let configuration = with(dual_stack(), json!({"cniVersion": version}));
        let added = node.add(&pod, &configuration);
        result::assert_layout(&added, version, &pod);
        assert_eq!(pod.addresses("eth0"), result::addresses(&added));
        if !version.starts_with("0.3") {
            Call::check(&node, &pod, &configuration, &added)
                .run()
                .expect_silence();
        }
        let with_result = with(configuration.clone(), json!({"prevResult": added}));
        node.delete(&pod, &with_result);
        oracle.assert_unchanged();
    }
}

/// Check 25.
#[test]
fn verbs_that_a_version_does_not_have_are_refused() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let verbs = [
        ("CHECK", &VERSIONS[..2]),
        ("GC", &VERSIONS[..4]),
        ("STATUS", &VERSIONS[..4]),
    ];
    for (verb, versions) in verbs {
        for version in versions {
            let configuration = with(
                pool(),
                json!({"cniVersion": version, "cni.dev/valid-attachments": []}),
            );
            let error = Call::new(&node, verb, &configuration)
                .pod(&pod)
                .run()
                .expect_error(1, verb);
            assert_eq!(
                error.version, *version,
                "an error carries the caller's version"
            );
        }
    }
}
