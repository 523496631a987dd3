//! What the tests of `deploy/` have in common: where it is, and the programs that read it.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// The folder `deploy`.
#[must_use]
pub fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Helm: `HELM`, else the one of `tests/peers`.
///
/// # Panics
///
/// When it cannot be built.
#[must_use]
#[track_caller]
pub fn helm() -> PathBuf {
    match std::env::var_os("HELM") {
        Some(helm) => helm.into(),
        None => plumb_tests::peers::build("helm").join("helm"),
    }
}

/// Renders the chart with further arguments.
///
/// # Panics
///
/// When Helm cannot be started.
#[must_use]
#[track_caller]
pub fn template(arguments: &[&str]) -> Output {
    let mut command = Command::new(helm());
    command
        .args(["template", "plumb"])
        .arg(folder().join("chart/plumb"));
    command.args(["--namespace", "plumb-system", "--kube-version", "1.35.0"]);
    command.args(arguments).output().expect("helm runs")
}

/// The objects of a manifest.
///
/// # Panics
///
/// When it is no YAML.
#[must_use]
#[track_caller]
pub fn objects(manifest: &str) -> Vec<Value> {
    let documents = serde_yaml_ng::Deserializer::from_str(manifest);
    let objects = documents.map(|document| {
        let object: Value = serde::Deserialize::deserialize(document).expect("YAML");
        object
    });
    objects.filter(|object| !object.is_null()).collect()
}

/// The objects that the chart renders with further arguments.
///
/// # Panics
///
/// When it does not.
#[must_use]
#[track_caller]
pub fn rendered(arguments: &[&str]) -> Vec<Value> {
    let output = template(arguments);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    objects(&text)
}

/// The object of a kind and a name.
///
/// # Panics
///
/// When there is none.
#[must_use]
#[track_caller]
pub fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let is_meant = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    let found = objects.iter().find(is_meant);
    found.unwrap_or_else(|| panic!("no {kind} {name}"))
}
