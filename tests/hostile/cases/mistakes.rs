//! Every mistake that vendors and operators were seen to make is one sentence, an exit code that is not 0, and a store
//! as it was.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output};

use plumb_engine::limits;
use plumb_hostile::{Scene, component};
use serde_json::json;

const NAME: &str = "acme-vlan";

/// A store with a component that works.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.store.install(NAME, &component::flavour("macvlan"));
    scene.store.grant(NAME, &["create-macvlan"]);
    scene
}

#[track_caller]
fn assert_sentence(output: &Output, words: &[&str]) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with("plumbctl: "), "{message}");
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    assert!(!message.trim_end().ends_with('.'), "{message}");
    for word in words {
        assert!(message.contains(word), "expected {word:?} in {message}");
    }
}

/// Of a component that exports functions of these names.
fn exporting(names: &[&str]) -> Vec<u8> {
    let exports: String = names
        .iter()
        .map(|name| format!(r#"(export "{name}" (func $nothing))"#))
        .collect();
    let text = format!(
        r#"(component
            (core module $module (func (export "nothing")))
            (core instance $instance (instantiate $module))
            (func $nothing (canon lift (core func $instance "nothing")))
            {exports})"#
    );
    text.into_bytes()
}

fn importing(name: &str) -> Vec<u8> {
    format!(r#"(component (import "{name}" (instance)))"#).into_bytes()
}

/// With a section of this content in the declaration's place.
fn saying(content: &str) -> Vec<u8> {
    const CUSTOM: u8 = 0;
    const NAME: &str = "plumb:component";
    let byte = |length: usize| u8::try_from(length).expect("it is short");
    let mut component = component::flavour("macvlan");
    component.extend([
        CUSTOM,
        byte(1 + NAME.len() + content.len()),
        byte(NAME.len()),
    ]);
    component.extend(NAME.bytes().chain(content.bytes()));
    component
}

#[test]
fn a_file_that_is_no_component_of_plumb_is_refused_by_what_it_is() {
    let scene = scene();
    let good = component::flavour("macvlan");
    let too_large = vec![0_u8; limits::COMPONENT_BYTES + 1];
    let before = scene.store.snapshot();
    for (what, file, words) in [
        (
            "no component",
            &b"hello"[..],
            "neither a WebAssembly component nor its text form",
        ),
        (
            "empty",
            b"",
            "neither a WebAssembly component nor its text form",
        ),
        (
            "core module of something else",
            b"(module)",
            "exports nothing; a flavour exports `attach`",
        ),
        (
            "other world",
            &exporting(&["run"]),
            "exports `run`; a flavour exports `attach`",
        ),
        (
            "both worlds",
            &exporting(&["attach", "ready", "propose"]),
            "is of both worlds",
        ),
        (
            "future version",
            &importing("plumb:cni/facts@0.9.0"),
            "upgrade plumb on this node",
        ),
        (
            "WASI",
            &importing("wasi:cli/environment@0.2.3"),
            "wasm32-unknown-unknown",
        ),
        (
            "forbidden import",
            &component::overreaching_flavour("foreign-import"),
            component::FOREIGN_INTERFACE,
        ),
        (
            "undefined function",
            br#"(module (import "env" "checksum" (func)))"#,
            "C library",
        ),
        ("too large", &too_large, "that are accepted"),
        ("truncated", &good[..good.len() / 2], "ends in the middle"),
        (
            "broken declaration",
            &saying("nonsense"),
            "declaration that cannot be read",
        ),
        (
            "unknown operation",
            &saying(r#"{"operations": ["set-upp"]}"#),
            "did you mean \"set-up\"?",
        ),
    ] {
        for arguments in [&["install", "--name", NAME][..], &["inspect"]] {
            let path = scene.store.file("given.wasm", file);
            let arguments = [arguments, &[&path]].concat();
            let output = scene.store.plumbctl(&arguments);
            assert!(!output.status.success(), "{what}: {arguments:?}");
            assert_sentence(&output, &[words, "given.wasm"]);
            assert!(
                scene.store.snapshot() == before,
                "{what}: the store has changed"
            );
        }
    }
    let output = scene
        .store
        .plumbctl(&["install", "--name", NAME, "/nowhere/acme.wasm"]);
    assert_sentence(&output, &["/nowhere/acme.wasm", "cannot be read"]);
    let path = scene.store.file("given.wasm", &good);
    let output = scene
        .store
        .plumbctl(&["install", "--name", NAME, &path, "--grant-declared"]);
    assert_sentence(&output, &["has no declaration", "component grant"]);
    assert!(scene.store.snapshot() == before);
}

#[test]
fn a_name_that_nobody_knows_is_asked_about() {
    let scene = scene();
    let before = scene.store.snapshot();
    for arguments in [
        &["grant", "acme-vlam", "set-up"][..],
        &["revoke", "acme-vlam", "set-up"],
        &["show", "acme-vlam"],
        &["verify", "acme-vlam"],
        &["recompile", "acme-vlam"],
        &["remove", "acme-vlam"],
    ] {
        let output = scene.store.plumbctl(arguments);
        assert_sentence(
            &output,
            &["no component \"acme-vlam\"", "did you mean \"acme-vlan\"?"],
        );
    }
    let output = scene.store.plumbctl(&["show", "../acme"]);
    assert_sentence(&output, &["not a component's name"]);
    assert!(scene.store.snapshot() == before);

    scene.store.remove(NAME);
    let output = scene.store.plumbctl(&["show", NAME]);
    assert_sentence(&output, &["none is installed"]);
}

/// Another build, so that all of it is written.
fn another_build() -> Vec<u8> {
    component::declaring(&json!({"version": "2"}), &component::flavour("macvlan"))
}

#[test]
fn a_disk_that_is_full_in_the_middle_leaves_what_was_there() {
    let scene = scene();
    let size: usize = scene
        .store
        .snapshot()
        .values()
        .map(|(_, content)| content.len().next_multiple_of(4096))
        .sum();
    // Room for one and a half.
    let size = size + size / 2;
    let mounted = Command::new("mount")
        .args([
            "-t",
            "tmpfs",
            "-o",
            &format!("size={size},mode=755"),
            "tmpfs",
        ])
        .arg(scene.store.folder())
        .status()
        .expect("run mount");
    assert!(mounted.success());
    scene.store.install(NAME, &component::flavour("macvlan"));
    scene.store.grant(NAME, &["create-macvlan"]);
    let before = scene.store.snapshot();
    let output = scene.store.try_install(NAME, &another_build());
    assert_sentence(&output, &["No space left", "the store is as it was"]);
    assert!(scene.store.snapshot() == before);
    scene
        .add(&scene.configuration_of(NAME))
        .run()
        .expect_result();

    // Into a store that is full to the last byte not even a grant is written.
    let rest = scene.store.folder().join("rest");
    let _ = fs::write(&rest, vec![1_u8; size]);
    let before = scene.store.snapshot();
    let output = scene.store.try_grant(NAME, &["set-up"]);
    assert_sentence(&output, &["No space left"]);
    assert!(scene.store.snapshot() == before);
}

#[test]
fn a_folder_of_another_owner_takes_nothing() {
    let scene = scene();
    let folder = scene.store.folder();
    chown(folder, Some(1), None).expect("give it away");
    let before = scene.store.snapshot();
    let path = scene.store.file("given.wasm", &another_build());
    for arguments in [
        &["install", "--name", NAME, &path][..],
        &["grant", NAME, "set-up"],
        &["revoke", NAME, "create-macvlan"],
        &["recompile", NAME],
        &["remove", NAME],
    ] {
        let output = scene.store.plumbctl(arguments);
        assert_sentence(&output, &["belongs to user 1", "must be root's"]);
    }
    assert!(scene.store.snapshot() == before);
    chown(folder, Some(0), None).expect("take it back");
    chown(scene.store.folder_of(NAME), Some(1), None).expect("give a component away");
    let output = scene.store.try_grant(NAME, &["set-up"]);
    assert_sentence(&output, &["belongs to user 1"]);
}

#[test]
fn somebody_without_root_learns_that_it_takes_root() {
    let scene = scene();
    let (program, _) = scene.store.for_everybody(&[]);
    let file = program.with_file_name("given.wasm");
    fs::write(&file, another_build()).expect("write the component");
    let before = scene.store.snapshot();
    let component = |arguments: &[&str]| {
        Command::new(&program)
            .args(["component"])
            .args(arguments)
            .uid(1000)
            .gid(1000)
            .output()
            .expect("run plumbctl")
    };
    let file = file.to_string_lossy();
    for arguments in [
        &["install", &file, "--name", NAME][..],
        &["grant", NAME, "set-up"],
        &["remove", NAME],
    ] {
        assert_sentence(&component(arguments), &["this takes root"]);
    }
    assert!(scene.store.snapshot() == before);
    // To look is everybody's, but for the records of attached pods.
    scene
        .add(&scene.configuration_of(NAME))
        .run()
        .expect_result();
    for (arguments, words) in [
        (&["list"][..], NAME),
        (&["verify"], "as it was installed"),
        (&["inspect", &file], "flavour"),
        (&["show", NAME], "not known"),
    ] {
        let output = component(arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {message}");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.contains(words), "{said}");
    }
}

/// A kill may come at any moment: what it left is no component, and goes with the next change.
#[test]
fn what_a_killed_install_left_is_nobodys_component() {
    let scene = scene();
    let left = scene.store.folder().join(".acme-vlan.4711.new");
    fs::create_dir(&left).expect("make a folder");
    fs::write(left.join("component.wasm"), "half").expect("write a file");
    assert_eq!(scene.store.list().lines().count(), 1);
    scene.store.said(&["verify"]);
    scene.store.install(NAME, &another_build());
    assert!(!left.exists());
}
