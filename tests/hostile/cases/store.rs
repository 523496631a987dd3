//! The store: what is not certainly root's work of this release is not loaded.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use plumb_hostile::{Scene, component};
use serde_json::Value;

const NOT_LOADED: u64 = 104;

/// A good flavour: what is refused is the store, not the component.
fn installed() -> (Scene, Value) {
    let scene = Scene::new();
    let configuration = scene.flavour("macvlan");
    scene.add(&configuration).run().expect_result();
    scene.node.delete(&scene.pod, &configuration);
    (scene, configuration)
}

const NAME: &str = "hostile-macvlan";

fn allow_all(path: &Path) -> fs::Permissions {
    let before = fs::metadata(path).expect("it exists").permissions();
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("change the mode");
    before
}

/// Whoever writes the code and not the manifest.
#[test]
fn code_that_was_not_installed_is_not_looked_at() {
    let (scene, configuration) = installed();
    let mut code = fs::read(scene.store.code_of(NAME)).expect("read the code");
    let last = code.len() - 1;
    code[last] ^= 1;
    for other in [&b"garbage"[..], &code] {
        scene.store.write_code(NAME, other);
        let words = [
            "is not what was installed",
            "/hostile-macvlan/manifest.json has blake3:",
            "plumbctl component install",
        ];
        scene.assert_refused(&configuration, NOT_LOADED, &words);
    }
    code[last] ^= 1;
    scene.store.write_code(NAME, &code);
    scene.add(&configuration).run().expect_result();
}

/// As releases installed it that did not write digests of code down.
#[test]
fn a_manifest_without_a_digest_of_the_code_says_to_install_again() {
    let (scene, configuration) = installed();
    scene.store.change_manifest(NAME, |manifest| {
        let manifest = manifest.as_object_mut().expect("an object");
        assert!(manifest.remove("compiled").is_some());
    });
    let words = ["has no digest of its compiled code", "install it again"];
    scene.assert_refused(&configuration, NOT_LOADED, &words);

    // With the grants that it had.
    scene.store.install(NAME, &component::flavour("macvlan"));
    scene.add(&configuration).run().expect_result();
}

#[test]
fn garbage_is_not_loaded() {
    let (scene, configuration) = installed();
    for garbage in [
        &b""[..],
        b"garbage",
        &[0x7f; 65_536],
        b"\x7fELF\x02\x01\x01",
    ] {
        scene.store.install_code(NAME, garbage);
        let words = ["cannot be loaded", "plumbctl component install"];
        scene.assert_refused(&configuration, NOT_LOADED, &words);
    }
}

#[test]
fn code_that_was_cut_off_is_not_loaded() {
    let (scene, configuration) = installed();
    let whole = fs::read(scene.store.code_of(NAME)).expect("read the code");
    for length in [16, 64, whole.len() / 2, whole.len() - 4096, whole.len() - 1] {
        scene.store.install_code(NAME, &whole[..length]);
        let words = ["cannot be loaded", "plumbctl component install"];
        scene.assert_refused(&configuration, NOT_LOADED, &words);
    }
}

#[test]
fn code_of_another_release_is_not_loaded() {
    let (scene, configuration) = installed();
    let code = scene.store.code_of(NAME);
    let key = plumb_engine::engine_key();
    // As long as ours, so that it can be put in its place.
    let version = plumb_engine::WASMTIME_VERSION;
    let older = key.replace(version, &version.replace(|c: char| c.is_ascii_digit(), "0"));
    assert_ne!(key, older);

    // As a downgrade of plumb leaves it: there is code, but of the other release.
    let elsewhere = code.with_file_name(format!("{older}.cwasm"));
    fs::rename(&code, &elsewhere).expect("rename the code");
    let install = "plumbctl component install";
    scene.assert_refused(&configuration, NOT_LOADED, &[&key, install]);

    // Under the right name, the file itself says what it was made for.
    let mut bytes = fs::read(&elsewhere).expect("read the code");
    let places: Vec<usize> = (0..bytes.len() - key.len())
        .filter(|at| bytes[*at..].starts_with(key.as_bytes()))
        .collect();
    assert!(!places.is_empty(), "the code has the key of its engine");
    for at in places {
        bytes[at..at + key.len()].copy_from_slice(older.as_bytes());
    }
    fs::rename(&elsewhere, &code).expect("rename the code");
    scene.store.install_code(NAME, &bytes);
    scene.assert_refused(&configuration, NOT_LOADED, &[&older, install]);
}

#[test]
fn what_others_can_write_to_is_not_loaded() {
    let (scene, configuration) = installed();
    let component = scene.store.folder_of(NAME);
    for path in [
        scene.store.folder().to_owned(),
        component.clone(),
        component.join("manifest.json"),
        scene.store.code_of(NAME),
    ] {
        let before = allow_all(&path);
        let name = path.file_name().expect("it has a name").to_string_lossy();
        let words = ["writable by root alone", "777", &name];
        scene.assert_call_refused(scene.add(&configuration), NOT_LOADED, &words);
        fs::set_permissions(&path, before).expect("change the mode back");
    }
    scene.add(&configuration).run().expect_result();
}

#[test]
fn links_are_not_followed() {
    let (scene, configuration) = installed();
    let component = scene.store.folder_of(NAME);
    for path in [
        scene.store.code_of(NAME),
        component.join("manifest.json"),
        component,
    ] {
        let aside = Path::new("/var/lib/plumb/aside");
        fs::rename(&path, aside).expect("move it aside");
        symlink(aside, &path).expect("put a link in its place");
        let name = path.file_name().expect("it has a name").to_string_lossy();
        scene.assert_refused(&configuration, NOT_LOADED, &["link", &name]);
        fs::remove_file(&path).expect("remove the link");
        fs::rename(aside, &path).expect("move it back");
    }
    scene.add(&configuration).run().expect_result();
}

#[test]
fn a_manifest_that_cannot_be_read_grants_nothing() {
    let (scene, configuration) = installed();
    let manifest = scene.store.folder_of(NAME).join("manifest.json");
    for text in ["", "{}", r#"{"world": "flavour", "grants": "*"}"#] {
        fs::remove_file(&manifest).expect("remove the manifest");
        fs::write(&manifest, text).expect("write the manifest");
        scene.assert_refused(&configuration, NOT_LOADED, &["manifest"]);
    }
}
