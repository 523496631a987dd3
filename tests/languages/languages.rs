//! The smallest flavour in each language that `plumbctl component new` has beside Rust: built as its vendor builds it,
//! installed as an operator does, and a pod attached by it. That in Python, which takes minutes to compile, is in `python.rs`.

mod support;

use std::path::Path;
use std::process::Command;

use cni_harness::Oracle;
use plumb_tests::binaries;

use support::{LARGE, assert_attaches, assert_sound, built, built_as, component, install, succeed};

/// The options of a component that takes no more than others.
const ORDINARY: &[&str] = &[];

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
