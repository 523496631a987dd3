//! The first minute of the README, as a reader would try it.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use plumb_tests::binaries;
use serde_json::Value;

/// The folder of the repository: the README's paths begin there.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The first block of the README that is marked with `language`.
fn block(language: &str) -> String {
    let readme = fs::read_to_string(repository().join("README.md")).expect("README.md is there");
    let (_, rest) = readme
        .split_once(&format!("```{language}\n"))
        .unwrap_or_else(|| panic!("the README has no block of {language}"));
    let (block, _) = rest.split_once("```\n").expect("the block has an end");
    block.to_owned()
}

/// Gives lines to a shell that finds plumb and plumbctl, as if they were typed.
fn typed(lines: &str) -> Output {
    let mut folders: Vec<_> = [binaries::plumb(), binaries::plumbctl()]
        .iter()
        .filter_map(|program| program.canonicalize().ok()?.parent().map(Path::to_owned))
        .collect();
    folders.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let path: OsString = std::env::join_paths(folders).expect("folders without a colon");
    let mut shell = Command::new("bash")
        .current_dir(repository())
        .env("PATH", path)
        // For the shells that it starts, too.
        .env("SHELLOPTS", "errexit")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash runs");
    let mut input = shell.stdin.take().expect("stdin is piped");
    input.write_all(lines.as_bytes()).expect("bash reads");
    drop(input);
    shell.wait_with_output().expect("bash ends")
}

#[track_caller]
fn success(lines: &str) -> String {
    let output = typed(lines);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && error.is_empty(),
        "{lines}: {}, {error}",
        output.status
    );
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_network_of_the_readme_is_the_sample_file() {
    let sample = fs::read_to_string(repository().join("docs/examples/rail0.conf"));
    assert_eq!(block("json"), sample.expect("the sample is there"));
}

#[test]
fn the_plan_of_the_readme_is_what_plumbctl_prints() {
    let _node = plumb_tests::node();
    let block = block("console");
    let (command, shown) = block
        .strip_prefix("$ ")
        .and_then(|block| block.split_once('\n'))
        .expect("a command and what it prints");
    assert_eq!(success(command), shown);
}

#[test]
fn a_pod_is_attached_and_detached_by_hand_as_the_readme_says() {
    let _node = plumb_tests::node();
    let lines = block("sh");
    let before_exit = lines.strip_suffix("exit\n").expect("exit comes last");
    let output = success(&format!(
        "{before_exit}\
         echo what is left:\n\
         plumbctl attachments\n\
         plumbctl leases\n\
         ip -netns pod-a -brief link show type macvlan\n\
         find /run/plumb/attachments -type f\n\
         exit\n"
    ));
    let (attached, left) = output
        .split_once("what is left:\n")
        .unwrap_or_else(|| panic!("the shell ended early: {output}"));
    assert_eq!(left, "");

    let mut values = serde_json::Deserializer::from_str(attached).into_iter::<Value>();
    let result = values.next().expect("a result").expect("JSON");
    assert_eq!(result["ips"][0]["address"], "172.81.0.100/16");
    for words in [
        "inet 172.81.0.100/16",
        "rail0/pod-a/net1  attached",
        "172.81.0.100  pool pool-1  rail0/pod-a/net1",
    ] {
        assert!(attached.contains(words), "{words:?} in {attached}");
    }
}
