//! A component in a language, from its project to a pod.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cni_harness::{Call, Node, Oracle};
use plumb_tests::binaries;
use plumb_tests::configuration::{pool, with, without_ipam};
use serde_json::{Value, json};

/// The options of a component that takes more than others.
pub const LARGE: &[&str] = &["--large"];

const GRANTS: [&str; 3] = ["create-macvlan", "assign-addresses", "set-up"];

/// The project of a language's flavour, built. Before the node is made, whose network has no registry of packages.
pub fn built(language: &str) -> PathBuf {
    built_as(language, "flavour")
}

/// The project of a language's `flavour` or `policy`, built.
pub fn built_as(language: &str, kind: &str) -> PathBuf {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/examples/build");
    let output = Command::new(script)
        .args([language, kind])
        .env("PLUMBCTL", binaries::plumbctl())
        .output()
        .expect("run the build script");
    succeed(&output);
    let path = String::from_utf8(output.stdout).expect("a path in UTF-8");
    PathBuf::from(path.trim_end())
}

pub fn component(arguments: &[&str]) -> Output {
    Command::new(binaries::plumbctl())
        .arg("component")
        .args(arguments)
        .output()
        .expect("run plumbctl")
}

/// What it printed.
#[track_caller]
pub fn succeed(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a vendor asks of a component before it is given away: that its plans are those of its cases, and plumb's own cases.
#[track_caller]
pub fn assert_sound(project: &Path, file: &str, size: &[&str]) {
    let project = project.to_str().expect("a path in UTF-8");
    let said = succeed(&component(&["test", project]));
    assert_eq!(said.matches(": as expected").count(), 2, "{said}");
    let mut conform = Command::new(binaries::plumbctl());
    succeed(
        &conform
            .args(["conform", file])
            .args(size)
            .output()
            .expect("run plumbctl"),
    );
}

/// Installs a component with what it needs; what plumbctl said of it.
#[track_caller]
pub fn install(file: &str, name: &str, size: &[&str]) -> String {
    let arguments = ["install", file, "--name", name];
    let said = succeed(&component(&[&arguments, size].concat()));
    succeed(&component(&[&["grant", name], &GRANTS[..]].concat()));
    said
}

fn network(flavour: &str) -> Value {
    with(pool(), json!({"type": "plumb", "flavour": flavour}))
}

/// A pod with an address, one without, and what a wrong network is told.
#[track_caller]
pub fn assert_attaches(node: &Node, flavour: &str) {
    let oracle = Oracle::new(node);
    let pod = node.pod();
    let configuration = network(flavour);
    let result = node.add(&pod, &configuration);
    let link = pod.link("eth0").expect("the pod has its interface");
    assert_eq!(link["linkinfo"]["info_kind"], "macvlan");
    assert_eq!(pod.addresses("eth0"), ["10.1.0.10/24"]);
    Call::check(node, &pod, &configuration, &result)
        .run()
        .expect_silence();
    node.delete(&pod, &configuration);

    let mut plain = without_ipam();
    plain = with(plain, json!({"type": "plumb", "flavour": flavour}));
    node.add(&pod, &plain);
    let flags = pod.link("eth0").expect("the pod has its interface")["flags"].clone();
    assert!(flags.to_string().contains("\"UP\""), "{flags}");
    node.delete(&pod, &plain);

    for (change, code, words) in [
        (json!({"master": null}), 7, "\\\"master\\\" is missing"),
        (json!({"master": "nowhere"}), 50, "nowhere"),
    ] {
        let outcome = Call::add(node, &pod, &with(configuration.clone(), change)).run();
        let error = outcome.expect_failure();
        assert_eq!(error.code, code, "{outcome}");
        let words = words.replace('\\', "");
        assert!(error.message.contains(&words), "{words}\n{outcome}");
    }
    pod.remove();
    oracle.assert_unchanged();
}
