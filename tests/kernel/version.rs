//! VERSION: which versions plumb speaks.

use cni_harness::Call;
use plumb_tests::configuration::VERSIONS;
use serde_json::json;

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
