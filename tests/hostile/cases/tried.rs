//! A component that is installed nowhere, looked at and tried by somebody without root.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use plumb_engine::limits;
use plumb_hostile::{Scene, component};
use serde_json::{Value, json};

const SOMEBODY: u32 = 1000;

/// A folder that is somebody's, with plumbctl in reach.
struct Desk {
    program: PathBuf,
    folder: PathBuf,
    _scene: Scene,
}

impl Desk {
    fn new() -> Self {
        let scene = Scene::new();
        let (program, _) = scene.store.for_everybody(&[]);
        let folder = PathBuf::from("/run/everybody/desk");
        fs::create_dir(&folder).expect("make a folder");
        std::os::unix::fs::chown(&folder, Some(SOMEBODY), Some(SOMEBODY)).expect("give it away");
        Self {
            program,
            folder,
            _scene: scene,
        }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.join(name);
        let folder = path.parent().expect("it has a folder");
        fs::create_dir_all(folder).expect("make a folder");
        fs::write(&path, content).expect("write a file");
        for path in [folder, &path] {
            std::os::unix::fs::chown(path, Some(SOMEBODY), Some(SOMEBODY)).expect("give it away");
        }
    }

    fn component(&self, arguments: &[&str]) -> Output {
        self.plumbctl(&[&["component"], arguments].concat())
    }

    fn plumbctl(&self, arguments: &[&str]) -> Output {
        Command::new(&self.program)
            .args(arguments)
            .current_dir(&self.folder)
            .uid(SOMEBODY)
            .gid(SOMEBODY)
            .output()
            .expect("run plumbctl")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The harmless flavour, with these wishes.
fn flavour(operations: &[&str]) -> Vec<u8> {
    component::declaring(
        &json!({"name": "acme", "operations": operations}),
        &component::flavour("macvlan"),
    )
}

/// A case of a network with the flavour `acme` on a node with `nic0`.
fn case(desk: &Desk, name: &str) {
    let network = json!({"cniVersion": "1.0.0", "name": "rail", "type": "plumb", "flavour": "acme",
                         "master": "nic0"});
    let facts = json!({"host": {"links": [
        {"name": "nic0", "index": 2, "mac": "02:00:00:00:00:01", "mtu": 1500}]}});
    desk.write(
        &format!("cases/{name}/configuration.json"),
        network.to_string(),
    );
    desk.write(&format!("cases/{name}/facts.json"), facts.to_string());
}

#[test]
fn inspect_says_what_a_file_is_and_executes_nothing() {
    let desk = Desk::new();
    // It never ends when it is started.
    let endless = component::declaring(
        &json!({"name": "acme", "operations": ["set-up"]}),
        &component::flavour("endless-start"),
    );
    desk.write("acme.wasm", &endless);
    let output = desk.component(&["inspect", "acme.wasm"]);
    let said = text(&output.stdout);
    for words in [
        "acme.wasm: component",
        "flavour of plumb:cni 0.1.0",
        "sha256:",
        "set-up",
    ] {
        assert!(
            said.contains(words),
            "{words:?} in {said}{}",
            text(&output.stderr)
        );
    }
    let output = desk.component(&["inspect", "acme.wasm", "--json"]);
    let value: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(value["world"], "flavour");
    assert_eq!(value["size"], endless.len());
    let digest = format!("sha256:{}", plumb_compiler::digest(&endless));
    assert_eq!(value["digest"], digest);
    assert_eq!(value["declaration"]["operations"], json!(["set-up"]));
}

#[test]
fn cases_are_compared_and_written_down() {
    let desk = Desk::new();
    desk.write("acme.wasm", flavour(&["create-macvlan"]));
    case(&desk, "one");
    let test = ["test", "acme.wasm", "--cases", "cases"];
    let output = desk.component(&test);
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("one: not as expected"), "{said}");
    assert!(
        said.contains("+ create macvlan net1 in the pod on nic0"),
        "{said}"
    );
    assert!(text(&output.stderr).contains("1 of 1 cases"));

    let output = desk.component(&[&test[..], &["--update"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let output = desk.component(&test);
    assert!(text(&output.stdout).contains("one: as expected"));
    assert!(output.status.success());

    // What it does not declare it does not get, as on a node whose operator grants what is declared.
    desk.write("acme.wasm", flavour(&["set-up"]));
    let said = text(&desk.component(&test).stdout);
    assert!(said.contains("- create macvlan"), "{said}");
    assert!(said.contains("no grant for create-macvlan"), "{said}");
}

/// As one that its operator allows more, which a project says of itself as well.
#[test]
fn a_large_component_is_tried_and_judged_as_one() {
    let desk = Desk::new();
    let count = u8::try_from(limits::INSTANCES).expect("the limit is small");
    let crowded = component::crowded_flavour("", count);
    let crowded = component::declaring(&json!({"name": "acme"}), &crowded);
    desk.write("acme.wasm", &crowded);
    case(&desk, "one");
    let test = ["test", "acme.wasm", "--cases", "cases"];
    let said = text(&desk.component(&test).stdout);
    assert!(said.contains("instance count too high"), "{said}");
    let said = text(&desk.component(&[&test[..], &["--large"]].concat()).stdout);
    assert!(said.contains("no operation"), "{said}");

    let project = "name = \"acme\"\nworld = \"flavour\"\nlarge = true\n\
                   [build]\ncommands = []\nmodule = \"acme.wasm\"\n";
    desk.write("component.toml", project);
    desk.write("target/acme.wasm", &crowded);
    let said = text(&desk.component(&["test"]).stdout);
    assert!(said.contains("no operation"), "{said}");

    let conform = [
        "conform",
        "acme.wasm",
        "--cases",
        "cases",
        "--only",
        "limits",
    ];
    let said = text(&desk.plumbctl(&conform).stdout);
    assert!(said.contains("instance count too high"), "{said}");
    let said = text(&desk.plumbctl(&[&conform[..], &["--large"]].concat()).stdout);
    assert!(!said.contains("instance count too high"), "{said}");
}

/// What harm a component does, it does to nobody but itself, here as well.
#[test]
fn a_component_that_never_ends_is_a_refusal_of_its_case() {
    let desk = Desk::new();
    let endless = component::declaring(
        &json!({"name": "acme"}),
        &component::flavour("endless-loop"),
    );
    desk.write("acme.wasm", endless);
    case(&desk, "one");
    let output = desk.component(&["test", "acme.wasm", "--cases", "cases"]);
    let said = text(&output.stdout);
    assert!(
        said.contains("+ refused, code 103"),
        "{said}{}",
        text(&output.stderr)
    );
}

#[test]
fn what_is_missing_is_said() {
    let desk = Desk::new();
    desk.write("acme.wasm", flavour(&[]));
    fs::create_dir(desk.folder.join("empty")).expect("make a folder");
    for (arguments, words) in [
        (&["test", "acme.wasm"][..], "--cases"),
        (&["test", "acme.wasm", "--cases", "empty"], "has no case"),
        (&["test"], "component.toml"),
        (&["build"], "component.toml"),
        (&["new", "acme"], "--flavour"),
        (
            &["new", "acme", "--policy", "--lang", "cobol"],
            "no template of address-policy",
        ),
        (&["new", "pool", "--policy"], "built in"),
    ] {
        let output = desk.component(arguments);
        let said = text(&output.stderr);
        assert!(!output.status.success());
        assert!(said.contains(words), "{words:?} in {said}");
    }
    assert!(!Path::new("/run/everybody/desk/acme").exists());
}
