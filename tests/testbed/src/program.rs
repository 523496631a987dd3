//! Programs of the machine: what they print, and that they succeeded.

use std::process::{Command, Output};

use serde_json::Value;

/// Runs a command line, split at white space; its standard output.
///
/// # Panics
///
/// When it fails.
#[track_caller]
pub fn run(line: &str) -> String {
    let output = output(line);
    assert!(
        output.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// As [`run`], of a program that prints a JSON array.
#[track_caller]
pub fn json(line: &str) -> Vec<Value> {
    let text = run(line);
    if text.trim().is_empty() {
        return Vec::new();
    }
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{line}: {error}\n{text}"))
}

/// Runs a command line to its end, whatever that is.
#[track_caller]
pub fn output(line: &str) -> Output {
    let mut words = line.split_whitespace();
    let program = words.next().expect("a command line names a program");
    Command::new(program)
        .args(words)
        .output()
        .unwrap_or_else(|error| panic!("run {program}: {error}"))
}

/// The command line that runs inside a pod's network namespace.
pub fn inside(pod: &str, line: &str) -> String {
    format!("nsenter --net=/run/netns/{pod} {line}")
}
