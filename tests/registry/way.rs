//! The way of a component from a vendor to a pod.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use cni_harness::{Oracle, script};
use plumb_tests::binaries;
use plumb_tests::configuration::{pool, with};
use serde_json::{Value, json};

use crate::docker_registry::Registry;
use crate::liar::digest;
use crate::user::{User, specimen};

/// The rows that `inspect`, `pull` and others print of a component.
fn rows(said: &str) -> Vec<&str> {
    said.lines().filter(|line| line.starts_with("  ")).collect()
}

#[test]
fn what_a_vendor_pushed_attaches_a_pod_of_an_operator_who_pulled_it() {
    let node = plumb_tests::node();
    let oracle = Oracle::new(&node);
    let registry = Registry::start(json!({}));
    let reference = format!("{}/acme/flavour:1.2.0", registry.address);

    let vendor = User::new();
    let pinned = vendor
        .component(&["push", &specimen(), &reference])
        .expect("it is pushed");
    let pinned = pinned.trim_end();
    assert!(
        pinned.starts_with(&format!("{reference}@sha256:")),
        "{pinned}"
    );

    let operator = User::new();
    let said = operator.component(&["pull", pinned]).expect("it is pulled");
    let pulled = operator.home().join("flavour.wasm");
    assert_eq!(
        fs::read(&pulled).expect("a file"),
        fs::read(specimen()).expect("a file")
    );
    let mode = fs::metadata(&pulled).expect("a file").permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    assert_eq!(
        said.lines().next(),
        Some(&*format!("flavour.wasm: {pinned}"))
    );
    let file = pulled.to_str().expect("text");
    let inspected = operator
        .component(&["inspect", file])
        .expect("it is a component");
    assert_eq!(rows(&said), rows(&inspected));

    let next = said.lines().last().unwrap_or_default();
    let next = next
        .strip_prefix("next, as root: ")
        .expect("the next command");
    let folder = binaries::plumbctl();
    let folder = folder.parent().expect("a folder").display();
    let script = format!(
        "cd {} && PATH={folder}:$PATH {next}",
        operator.home().display()
    );
    let output = Command::new("bash")
        .args(["-c", &script])
        .output()
        .expect("bash runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let network = with(pool(), json!({"type": "plumb", "flavour": "specimen"}));
    let pod = node.pod();
    node.add(&pod, &network);
    assert_eq!(pod.addresses("eth0"), ["10.1.0.10/24"]);
    node.delete(&pod, &network);
    pod.remove();
    drop((registry, operator));
    oracle.assert_unchanged();
}

/// Others read it, too (CNCF TAG Runtime, "Wasm OCI Artifact layout"), and the same component is the same artifact.
#[test]
fn it_lies_there_in_the_layout_for_webassembly() {
    let registry = Registry::start(json!({}));
    let user = User::new();
    let push = |tag: &str| {
        let reference = format!("{}/acme/flavour:{tag}", registry.address);
        let pinned = user
            .component(&["push", &specimen(), &reference])
            .expect("it is pushed");
        let (_, digest) = pinned.trim_end().split_once('@').expect("a digest");
        digest.to_owned()
    };
    let pushed = push("1");
    assert_eq!(push("2"), pushed);

    let manifest = registry.get("acme/flavour/manifests/1");
    assert_eq!(digest(&manifest), pushed);
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().expect("a digest");
        let blob = registry.get(&format!("acme/flavour/blobs/{digest}"));
        assert_eq!(descriptor["size"], blob.len());
        blob
    };
    let component = fs::read(specimen()).expect("a file");
    assert_eq!(
        manifest["mediaType"],
        "application/vnd.oci.image.manifest.v1+json"
    );
    assert_eq!(
        manifest["annotations"],
        json!({
            "org.opencontainers.image.title": "specimen",
            "org.opencontainers.image.version": "1",
            "org.opencontainers.image.description": "a macvlan child of the parent that is named",
        })
    );
    assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(1));
    assert_eq!(manifest["layers"][0]["mediaType"], "application/wasm");
    assert_eq!(blob(&manifest["layers"][0]), component);
    assert_eq!(
        manifest["config"]["mediaType"],
        "application/vnd.wasm.config.v0+json"
    );
    let config: Value = serde_json::from_slice(&blob(&manifest["config"])).expect("JSON");
    assert_eq!(config["architecture"], "wasm");
    assert_eq!(config["os"], "wasip2");
    assert_eq!(config["layerDigests"], json!([digest(&component)]));
    assert_eq!(config["component"]["target"], "plumb:cni/flavour@0.2.0");
    assert_eq!(config["component"]["exports"], json!(["attach", "ready"]));
    let imports = config["component"]["imports"].to_string();
    assert!(imports.contains("plumb:cni/operations@0.2.0"), "{imports}");
}

#[test]
fn a_tag_says_what_it_is_now_and_a_digest_stays() {
    let registry = Registry::start(json!({}));
    let user = User::new();
    let reference = format!("{}/acme/flavour:1", registry.address);
    let other = binaries::component("specimen-policy");
    let other = other.to_str().expect("text");
    let first = user
        .component(&["push", &specimen(), &reference])
        .expect("it is pushed");
    let second = user
        .component(&["push", other, &reference])
        .expect("it is pushed");
    assert_ne!(first, second);

    let file = user.home().join("pulled");
    let pull = |reference: &str| {
        let file = file.to_str().expect("text");
        user.component(&["pull", reference.trim_end(), "--output", file])
            .expect("it is pulled")
    };
    let said = pull(&reference);
    assert!(
        said.contains(second.trim_end()) && said.contains("a tag may become another component"),
        "{said}"
    );
    assert_eq!(
        fs::read(&file).expect("a file"),
        fs::read(other).expect("a file")
    );
    // What was there is replaced, and the tag does not matter beside a digest.
    let said = pull(&first);
    assert!(!said.contains("a tag may"), "{said}");
    assert_eq!(
        fs::read(&file).expect("a file"),
        fs::read(specimen()).expect("a file")
    );
    pull(&first.replace(":1@", "@"));
}

#[test]
fn what_is_no_component_of_ours_goes_nowhere() {
    let user = User::new();
    let file = user.write("notes.txt", "(module)");
    let file = file.to_str().expect("text");
    let inspected = user.component(&["inspect", file]).expect_err("it is none");
    let refusal = user.is_refused(&["push", file, "127.0.0.1:1/acme/flavour:1"], &[]);
    assert_eq!(refusal, inspected);
    user.is_refused(
        &["push", &specimen(), "acme/flavour:1"],
        &["names no registry"],
    );
    user.is_refused(
        &["push", &specimen(), "127.0.0.1:1/acme/flavour"],
        &["neither a tag"],
    );
    let pinned = format!("127.0.0.1:1/acme/flavour:1@{}", digest(b""));
    user.is_refused(&["push", &specimen(), &pinned], &["push to a tag"]);
}

#[test]
fn without_the_program_beside_it_plumbctl_says_what_is_missing() {
    let user = User::with_programs();
    let program = user.home().join("bin/plumb-registry");
    fs::remove_file(&program).expect("it was there");
    let path = program.to_str().expect("text");
    user.is_refused(&["pull", "127.0.0.1:1/acme/flavour:1"], &[path, "release"]);
    // Another one in its place that does nothing.
    script::copy(Path::new("/bin/true"), &program);
    user.is_refused(
        &["pull", "127.0.0.1:1/acme/flavour:1"],
        &[path, "gave no answer"],
    );
}
