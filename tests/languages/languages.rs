//! The smallest flavour in each language that `plumbctl component new` has beside Rust: built as its vendor builds it,
//! installed as an operator does, and a pod attached by it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cni_harness::{Call, Node, Oracle};
use plumb_tests::binaries;
use plumb_tests::configuration::{pool, with, without_ipam};
use serde_json::{Value, json};

/// The options of a component that takes no more than others, and of one that does.
const ORDINARY: &[&str] = &[];
const LARGE: &[&str] = &["--large"];

const GRANTS: [&str; 3] = ["create-macvlan", "assign-addresses", "set-up"];

/// The project of a language's flavour, built. Before the node is made, whose network has no registry of packages.
fn built(language: &str) -> PathBuf {
    built_as(language, "flavour")
}

/// The project of a language's `flavour` or `policy`, built.
fn built_as(language: &str, kind: &str) -> PathBuf {
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

fn component(arguments: &[&str]) -> Output {
    Command::new(binaries::plumbctl())
        .arg("component")
        .args(arguments)
        .output()
        .expect("run plumbctl")
}

/// What it printed.
#[track_caller]
fn succeed(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What a vendor asks of a component before it is given away: that its plans are those of its cases, and plumb's own cases.
#[track_caller]
fn assert_sound(project: &Path, file: &str, size: &[&str]) {
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
fn install(file: &str, name: &str, size: &[&str]) -> String {
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
fn assert_attaches(node: &Node, flavour: &str) {
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

#[test]
fn c_attaches_a_pod() {
    let project = built("c");
    let file = format!("{}/target/smallest-c.wasm", project.display());
    assert_sound(&project, &file, ORDINARY);
    let node = plumb_tests::node();
    let said = install(&file, "smallest-c", ORDINARY);
    assert!(!said.contains("WASI"), "{said}");
    assert_attaches(&node, "smallest-c");
}

/// Its runtime does not start without WASI.
#[test]
fn go_attaches_a_pod() {
    let project = built("go");
    let file = format!("{}/target/smallest-go.wasm", project.display());
    assert_sound(&project, &file, ORDINARY);
    let node = plumb_tests::node();
    let said = install(&file, "smallest-go", ORDINARY);
    assert!(said.contains("WASI") && said.contains("fd_write"), "{said}");
    assert_attaches(&node, "smallest-go");
}

/// An interpreter, of which there are more parts than others may have, and which keeps what is lent to it.
#[test]
fn js_attaches_a_pod() {
    let project = built("js");
    let file = format!("{}/target/smallest-js.wasm", project.display());
    assert_sound(&project, &file, LARGE);
    let node = plumb_tests::node();
    let said = install(&file, "smallest-js", LARGE);
    assert!(said.contains("large"), "{said}");
    assert_attaches(&node, "smallest-js");
}

#[test]
fn a_policy_in_c_is_sound() {
    let project = built_as("c", "policy");
    let file = format!("{}/target/smallest-c-policy.wasm", project.display());
    assert_sound(&project, &file, ORDINARY);
}

/// A script has mistakes that no compiler finds: the error says which, and where.
#[test]
fn a_policy_in_js_is_sound_and_a_mistake_in_it_is_told() {
    let project = built_as("js", "policy");
    let file = format!("{}/target/smallest-js-policy.wasm", project.display());
    assert_sound(&project, &file, LARGE);

    let script = project.join("policy.js");
    let text = std::fs::read_to_string(&script).expect("the project has a script");
    let mistaken = text.replace("pool.gateway()", "pool.gateways()");
    assert_ne!(mistaken, text);
    std::fs::write(&script, mistaken).expect("write the script");
    let project = project.to_str().expect("a path in UTF-8");
    succeed(&component(&["build", project]));
    let output = component(&["test", project]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("TypeError: not a function"), "{said}");
    assert!(said.contains("policy.js"), "{said}");
}

/// `docs/vendors.md`, from `new` to a pod, as it is written.
#[test]
fn the_vendors_guide_leads_to_a_pod() {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/vendors.md");
    let guide = std::fs::read_to_string(guide).expect("the guide is there");
    let blocks: Vec<&str> = guide
        .split("```sh\n")
        .skip(1)
        .filter_map(|rest| rest.split_once("```\n").map(|(block, _)| block))
        .collect();
    let [vendor, operator] = blocks.as_slice() else {
        panic!("the guide has {} blocks", blocks.len());
    };
    let node = plumb_tests::node();
    let added = Command::new("ip").args(["netns", "add", "pod-a"]).status();
    assert!(added.expect("ip runs").success());
    let oracle = Oracle::new(&node);
    let folder = node.scratch().display();
    let script = format!("set -e\ncd {folder}\n{vendor}{operator}");
    let programs = [binaries::plumb(), binaries::plumbctl()];
    let folders = programs.iter().filter_map(|program| program.parent());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(
        folders
            .map(Path::to_owned)
            .chain(std::env::split_paths(&path)),
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("PATH", path.expect("folders without a colon"))
        .output()
        .expect("bash runs");
    let said = succeed(&output);
    for words in ["172.81.0.2/16", "pod-a", "create-macvlan"] {
        assert!(said.contains(words), "{words} in {said}");
    }
    oracle.assert_unchanged();
}
