//! What `plumbctl component new` writes builds, passes its tests and its cases as it is: the templates are crates of
//! nobody's workspace, so nothing else compiles them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// Held by the test whose project is in the place of all.
static ALONE: Mutex<()> = Mutex::new(());

/// A folder in which a project is made anew; what was compiled of the one before it is kept, as it takes minutes.
fn workshop(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let (project, target) = (folder.join("acme-net"), folder.join("target"));
    fs::create_dir_all(&folder).unwrap();
    if project.join("target").exists() {
        let _ = fs::remove_dir_all(&target);
        fs::rename(project.join("target"), &target).unwrap();
    }
    let _ = fs::remove_dir_all(&project);
    folder
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[track_caller]
fn succeed(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let (said, errors) = (
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
    assert!(status.success(), "{command:?}: {said}{errors}");
    said.into_owned()
}

fn component(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plumbctl"));
    command.arg("component").args(arguments).current_dir(folder);
    told_nothing(&mut command);
    command
}

/// A vendor's cargo knows nothing of what ours was told.
fn told_nothing(command: &mut Command) {
    let is_ours = |name: &str| {
        name.starts_with("CARGO_PROFILE")
            || ["CARGO_TARGET_DIR", "RUSTC_WORKSPACE_WRAPPER"].contains(&name)
    };
    for (name, _) in std::env::vars().filter(|(name, _)| is_ours(name)) {
        command.env_remove(name);
    }
}

/// The project of a kind, made, built, tested, and changed so that its tests fail.
fn assert_works(kind: &str, world: &str, change: (&str, &str)) {
    // One after the other in one place, so that what both depend on is compiled once.
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = workshop("whole");
    let sdk = repository().join("sdk");
    let option = format!("--{kind}");
    let arguments = ["new", "acme-net", &option, "--sdk", sdk.to_str().unwrap()];
    succeed(&mut component(&folder, &arguments));
    let project = folder.join("acme-net");
    if folder.join("target").exists() {
        fs::rename(folder.join("target"), project.join("target")).unwrap();
    }
    // The releases that we have, so that nothing is asked of a registry.
    fs::copy(repository().join("Cargo.lock"), project.join("Cargo.lock")).unwrap();

    let said = succeed(&mut component(&project, &["build"]));
    assert!(
        said.contains(&format!("acme-net.wasm: {world} of plumb:cni 0.2.")),
        "{said}"
    );
    let json = succeed(&mut component(
        &project,
        &["inspect", "target/acme-net.wasm", "--json"],
    ));
    let about: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(about["declaration"]["name"], "acme-net");
    // The profile of the template is what makes it small.
    assert!(
        about["size"].as_u64().unwrap() < 100_000,
        "{}",
        about["size"]
    );

    let said = succeed(&mut component(&project, &["test"]));
    assert_eq!(said.matches(": as expected").count(), 2, "{said}");
    let mut native = Command::new("cargo");
    told_nothing(&mut native);
    succeed(
        native
            .args(["test", "--target-dir", "target"])
            .current_dir(&project),
    );

    let case = project.join("cases").join(change.0);
    let plan = fs::read_to_string(case.join("plan.txt")).unwrap();
    assert!(plan.contains(change.1), "{plan}");
    fs::write(
        case.join("plan.txt"),
        plan.replace(change.1, "something else"),
    )
    .unwrap();
    let output = component(&project, &["test"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("- something else"));
}

#[test]
fn a_new_flavour_builds_and_passes_its_tests() {
    assert_works(
        "flavour",
        "flavour",
        ("with-addresses", "create macvlan net1"),
    );
}

#[test]
fn a_new_address_policy_builds_and_passes_its_tests() {
    assert_works(
        "policy",
        "address-policy",
        ("an-address-of-each-pool", "claim 2 addresses"),
    );
}

#[test]
fn a_build_that_fails_says_which_command_did() {
    let folder = workshop("broken");
    let project = folder.join("acme-net");
    fs::create_dir_all(&project).unwrap();
    let describe = |command: &str| {
        let text = format!(
            "name = \"acme-net\"\nworld = \"flavour\"\n[build]\ncommands = [[{command}]]\nmodule = \"out.wasm\"\n"
        );
        fs::write(project.join("component.toml"), text).unwrap();
    };
    for (command, words) in [
        (r#""false""#, "false: exit status: 1"),
        (
            r#""no-such-compiler", "-O""#,
            "cannot run \"no-such-compiler\"",
        ),
        (
            r#""true""#,
            "component.toml says that its commands make this file",
        ),
        (
            r#""sh", "-c", "echo '(module)' > out.wasm""#,
            "out.wasm: exports nothing",
        ),
    ] {
        describe(command);
        let output = component(&project, &["build"]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(words), "{words:?} in {said}");
        assert!(!project.join("target/acme-net.wasm").exists());
    }
}
