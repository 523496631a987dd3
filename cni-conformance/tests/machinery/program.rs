//! The program's exit code, 0 when all came as expected, 1 when not, 2 when it could not run,
//! and what it says then.

use super::script::{Output, REFUSAL, Stage, conformance};

#[track_caller]
fn ends_with(output: &Output, code: i32, words: &[&str]) {
    assert_eq!(output.code, Some(code), "{output:?}");
    let text = if code == 2 {
        &output.stderr
    } else {
        &output.stdout
    };
    for word in words {
        assert!(text.contains(word), "expected {word:?} in {text}");
    }
}

#[test]
fn it_ends_with_0_when_all_passes() {
    let output = Stage::new("passes", REFUSAL).run(&[]);
    ends_with(
        &output,
        0,
        &[
            "ok    102@1.1.0 unknown-command",
            "1 passed, 0 failed, 0 skipped",
        ],
    );
    assert_eq!(output.stderr, "");
}

#[test]
fn it_ends_with_1_when_a_case_fails_and_shows_the_call() {
    let output = Stage::new("fails", "echo '{}'").run(&[]);
    let words = [
        "FAIL  102@1.1.0",
        "must (section 5",
        "CNI_COMMAND",
        "102@1.1.0 unknown-command failed and was not expected to",
    ];
    ends_with(&output, 1, &words);
}

#[test]
fn it_ends_with_0_when_the_failure_is_known() {
    let stage = Stage::new("known", "echo '{}'");
    let file = stage.write("expect", "102 unknown-command # takes everything for ADD\n");
    let words = [
        "known 102@1.1.0",
        "takes everything for ADD",
        "0 passed, 1 failed",
        "1 of the failures were expected",
    ];
    ends_with(&stage.run(&["--expect", &file]), 0, &words);
}

#[test]
fn it_ends_with_1_when_a_known_failure_passes() {
    let stage = Stage::new("unexpected-pass", REFUSAL);
    let file = stage.write("expect", "102 unknown-command # takes everything for ADD\n");
    let words = ["102 unknown-command was expected to fail and did not"];
    ends_with(&stage.run(&["--expect", &file]), 1, &words);
}

#[test]
fn it_ends_with_2_when_the_expectation_file_is_wrong() {
    let stage = Stage::new("wrong-expectations", REFUSAL);
    let file = stage.write("expect", "102 unknown-command\n");
    ends_with(&stage.run(&["--expect", &file]), 2, &[&file, "line 1"]);
    ends_with(
        &stage.run(&["--expect", "/not/there"]),
        2,
        &["read /not/there"],
    );
}

#[test]
fn it_ends_with_2_when_there_is_no_such_case_or_version() {
    let stage = Stage::new("no-such-case", REFUSAL);
    ends_with(&stage.run(&["--cases", "100"]), 2, &["no case \"100\""]);
    ends_with(&stage.run(&["--versions", "1.2.0"]), 2, &["1.2.0", "0.3.1"]);
    ends_with(
        &stage.run(&["--versions", "0.3.1"]),
        2,
        &["advertises 1.0.0, 1.1.0"],
    );
    ends_with(&conformance(&[]), 2, &["--plugin"]);
}

#[test]
fn a_case_can_be_named_and_versions_be_chosen() {
    let stage = Stage::new("by-name", REFUSAL);
    let output = stage.run(&["--cases", "unknown-command", "--versions", "1.0.0"]);
    ends_with(
        &output,
        0,
        &["versions 1.0.0: 1 cases", "ok    102@1.0.0 unknown-command"],
    );
}

#[test]
fn it_ends_with_2_when_there_is_no_plugin() {
    let stage = Stage::new("no-plugin", REFUSAL);
    let configuration = stage.path("plugin.conf");
    let sibling = stage.path("not-there");
    for plugin in ["/not/there/plugin", &sibling, &configuration] {
        let output = conformance(&["--plugin", plugin, "--config", &configuration]);
        ends_with(&output, 2, &[plugin]);
    }
}

#[test]
fn it_ends_with_2_when_the_configuration_is_of_no_use() {
    let stage = Stage::new("configurations", REFUSAL);
    let run = |text: &str| {
        stage.write("plugin.conf", text);
        stage.run(&[])
    };
    let two = r#"{"cniVersion": "1.1.0", "name": "n", "plugins": [{"type": "a"}, {"type": "b"}]}"#;
    ends_with(&run(two), 2, &["plugin.conf", "exactly one plugin"]);
    let none = r#"{"cniVersion": "1.1.0", "name": "n", "plugins": []}"#;
    ends_with(&run(none), 2, &["exactly one plugin"]);
    ends_with(&run("[]"), 2, &["not a JSON object"]);
    ends_with(&run("{"), 2, &["plugin.conf", "EOF"]);
    let one = r#"{"cniVersion": "1.1.0", "name": "n", "plugins": [{"type": "a"}]}"#;
    ends_with(&run(one), 0, &["1 passed"]);
}

#[test]
fn it_ends_with_2_when_the_plugin_does_not_tell_its_versions() {
    for (name, version) in [
        ("no-version", "exit 1"),
        (
            "empty-list",
            r#"echo '{"cniVersion": "1.1.0", "supportedVersions": []}'"#,
        ),
        ("version-of-text", "echo 1.1.0"),
    ] {
        let output = Stage::with_version(name, version, REFUSAL).run(&[]);
        ends_with(&output, 2, &["does not tell its versions", "VERSION"]);
    }
}

#[test]
fn a_plugin_that_hangs_has_failed_at_the_deadline() {
    let output = Stage::new("hangs", "exec sleep 1000").run(&[]);
    ends_with(
        &output,
        1,
        &["FAIL  102@1.1.0", "still running at the deadline"],
    );
}

#[test]
fn a_plugin_that_hangs_when_it_is_asked_for_its_versions_cannot_be_judged() {
    let output = Stage::with_version("hangs-at-once", "exec sleep 1000", REFUSAL).run(&[]);
    ends_with(&output, 2, &["still running at the deadline"]);
}

#[test]
fn a_plugin_that_a_signal_ends_has_failed() {
    let output = Stage::new("signal", "kill -SEGV $$").run(&[]);
    ends_with(&output, 1, &["FAIL  102@1.1.0", "not a death by a signal"]);
}

#[test]
fn two_documents_are_no_error_object() {
    let output = Stage::new("two-documents", &format!("echo '{{}}'; {REFUSAL}")).run(&[]);
    ends_with(&output, 1, &["FAIL  102@1.1.0", "not one JSON document"]);
}

#[test]
fn a_script_that_fails_to_prepare_the_node_fails_the_case() {
    let stage = Stage::new("node-script", REFUSAL);
    let script = stage.write("node", "echo no such bridge >&2; exit 3\n");
    let output = stage.run(&["--node", &script]);
    // It is run for the question of the versions as well.
    ends_with(
        &output,
        2,
        &["a script of the plugin's failed", "no such bridge"],
    );
}

#[test]
fn quiet_shows_failures_only() {
    let stage = Stage::new("quiet", REFUSAL);
    let output = stage.run(&["--quiet", "--cases", "101,102"]);
    ends_with(&output, 1, &["FAIL  101"]);
    assert!(!output.stdout.contains("ok    102"), "{}", output.stdout);
}
