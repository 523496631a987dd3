//! What a tenant writes to become more than a tenant: a folder for each attempt.
//!
//! | file | what |
//! |---|---|
//! | `network.json` | the network configuration, byte for byte |
//! | `policy.toml` | the node's policy; none: it has none |
//! | `expected.json` | the `code` of the refusal, what the message `says`, and whether the configuration `namesNoNetwork` |
//!
//! Each is refused by ADD and leaves the node as it was; DEL of the same succeeds all the same, where it names a network.

use std::fs;
use std::path::{Path, PathBuf};

use cni_harness::{Call, Oracle};
use plumb_tests::configuration::pool;
use plumb_tests::policy;
use serde_json::Value;

fn attempts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernel/hostile");
    let entries = fs::read_dir(&folder).expect("list the attempts");
    let mut attempts: Vec<_> = entries
        .map(|entry| entry.expect("an attempt").path())
        .collect();
    attempts.sort();
    attempts
}

fn read(attempt: &Path, file: &str) -> String {
    fs::read_to_string(attempt.join(file)).unwrap_or_default()
}

#[test]
fn no_attempt_of_a_tenant_goes_further_than_an_error() {
    let node = plumb_tests::node();
    let pod = node.pod();
    let attempts = attempts();
    assert!(attempts.len() > 10, "where are they?");
    let inputs: Vec<_> = attempts
        .iter()
        .map(|attempt| {
            ["network.json", "policy.toml", "expected.json"].map(|file| read(attempt, file))
        })
        .collect();
    policy::write("");
    let oracle = Oracle::new(&node);
    for (attempt, [network, rules, expected]) in attempts.iter().zip(inputs) {
        let attempt = attempt.file_name().unwrap_or_default().to_string_lossy();
        policy::write(&rules);
        let expected: Value = serde_json::from_str(&expected).expect("expected.json is JSON");
        let outcome = Call::add(&node, &pod, &pool())
            .stdin(network.as_bytes())
            .run();
        let error = outcome.expect_failure();
        assert_eq!(error.code, expected["code"], "{attempt}\n{outcome}");
        let said = format!("{} {}", error.message, error.details);
        for text in expected["says"].as_array().expect("a list") {
            let text = text.as_str().expect("a text");
            assert!(
                said.contains(text),
                "{attempt}: {text:?} is not said\n{outcome}"
            );
        }
        let is_plain = |byte: &u8| !byte.is_ascii_control() || *byte == b'\n';
        assert!(
            outcome.stderr.as_bytes().iter().all(is_plain),
            "{attempt}: the log steers a terminal"
        );
        let deleted = Call::delete(&node, &pod, &pool())
            .stdin(network.as_bytes())
            .run();
        // A name that no network can have is that of nothing that could have been attached.
        if expected["namesNoNetwork"] != true {
            assert!(deleted.succeeded(), "{attempt}\n{deleted}");
        }
        policy::write("");
        oracle.assert_unchanged();
    }
}
