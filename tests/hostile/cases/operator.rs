//! What an operator asks of the store: who uses a component, is it what was installed, and after an upgrade.

use std::fs;

use cni_harness::Call;
use plumb_hostile::{Scene, component};
use serde_json::{Value, json};

const NAME: &str = "acme";

fn installed() -> (Scene, Value) {
    let scene = Scene::new();
    let document = json!({
        "name": NAME, "version": "1.2.0", "author": "ACME",
        "operations": ["create-macvlan", "set-mtu"], "devices": {"parents": ["nic0"]},
        "keys": {"required": ["vlan"], "properties": {"vlan": {"type": "integer"}}},
    });
    let flavour = component::declaring(&document, &component::flavour("macvlan"));
    scene.store.install(NAME, &flavour);
    scene.store.grant(NAME, &["create-macvlan"]);
    let configuration = scene.configuration_of(NAME);
    (scene, configuration)
}

#[track_caller]
fn assert_fails(scene: &Scene, arguments: &[&str], words: &[&str]) {
    let output = scene.store.plumbctl(arguments);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} in {text}");
    }
}

#[test]
fn show_says_all_that_is_known_of_a_component() {
    let (scene, configuration) = installed();
    let text = scene.store.said(&["show", NAME]);
    for words in [
        "acme 1.2.0 by ACME",
        "flavour of plumb:cni 0.1.0",
        "sha256:",
        "create-macvlan on nic0, set-mtu",
        "not granted",
        "vlan: integer, required",
        "(this release)",
        "no pod of this node",
    ] {
        assert!(text.contains(words), "{words:?} in {text}");
    }

    scene.add(&configuration).run().expect_result();
    let text = scene.store.said(&["show", NAME]);
    assert!(text.contains(scene.pod.container()), "{text}");
    let shown: Value = serde_json::from_str(&scene.store.said(&["show", NAME, "--json"])).unwrap();
    assert_eq!(shown["grants"], json!({"create-macvlan": null}));
    assert_eq!(
        shown["attachments"][0]["container_id"],
        scene.pod.container()
    );
    assert_eq!(shown["declaration"]["version"], "1.2.0");

    scene.node.delete(&scene.pod, &configuration);
    let text = scene.store.said(&["show", NAME]);
    assert!(text.contains("no pod of this node"), "{text}");
}

/// A pod of a built-in flavour is no user of a component.
#[test]
fn remove_says_whose_attachments_it_made_and_they_are_deleted_without_it() {
    let (scene, configuration) = installed();
    let before = cni_harness::Oracle::new(&scene.node);
    let result = scene.add(&configuration).run().expect_result();
    let text = scene.store.said(&["remove", NAME]);
    for words in [
        scene.pod.container(),
        "can still be deleted",
        "next pod of hostile",
    ] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
    assert!(!scene.store.folder_of(NAME).exists());
    Call::check(&scene.node, &scene.pod, &configuration, &result)
        .run()
        .expect_silence();
    scene.node.delete(&scene.pod, &configuration);
    before.assert_unchanged();

    scene.store.install(NAME, &component::flavour("macvlan"));
    scene
        .node
        .add(&scene.pod, &plumb_tests::configuration::pool());
    let text = scene.store.said(&["remove", NAME]);
    assert!(!text.contains("can still be deleted"), "{text}");
}

#[test]
fn verify_finds_what_is_not_as_it_was_installed() {
    let (scene, configuration) = installed();
    assert!(
        scene
            .store
            .said(&["verify"])
            .contains("acme: as it was installed")
    );
    let (wasm, code) = (
        scene.store.folder_of(NAME).join("component.wasm"),
        scene.store.code_of(NAME),
    );
    for (path, words) in [(&wasm, "sha256:"), (&code, "blake3:")] {
        let whole = fs::read(path).expect("read it");
        let mut flipped = whole.clone();
        let middle = whole.len() / 2;
        flipped[middle..middle + 64]
            .iter_mut()
            .for_each(|byte| *byte ^= 0xff);
        fs::remove_file(path).expect("remove it");
        fs::write(path, &flipped).expect("write it");
        let name = path.to_string_lossy();
        assert_fails(
            &scene,
            &["verify", NAME],
            &["is not what was installed", words, &name],
        );
        fs::write(path, &whole).expect("write it back");
        scene.store.said(&["verify"]);
    }
    scene.add(&configuration).run().expect_result();

    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&wasm, fs::Permissions::from_mode(0o666)).expect("change the mode");
    assert_fails(&scene, &["verify"], &["mode 666", "1 thing"]);
    fs::set_permissions(&wasm, fs::Permissions::from_mode(0o444)).expect("change the mode");
    let stranger = scene.store.folder_of(NAME).join("readme");
    fs::write(stranger, "").expect("write a file");
    fs::remove_file(&code).expect("remove the code");
    assert_fails(
        &scene,
        &["verify", NAME],
        &[
            "readme is in no manifest",
            "cannot read",
            "recompile acme",
            "3 things",
        ],
    );
}

/// An upgrade of plumb leaves the code of the release before it.
#[test]
fn recompile_makes_the_code_of_this_release_and_drops_that_of_others() {
    let (scene, configuration) = installed();
    let older = |scene: &Scene| {
        let code = scene.store.code_of(NAME);
        let older = code.with_file_name("47.0.0-older.cwasm");
        fs::rename(&code, &older).expect("rename the code");
        scene.store.change_manifest(NAME, |manifest| {
            let compiled = manifest["compiled"].as_object_mut().expect("an object");
            let own = code.file_name().unwrap().to_string_lossy();
            let digest = compiled.remove(&*own).expect("a digest");
            compiled.insert("47.0.0-older.cwasm".into(), digest);
        });
        older
    };
    let left = older(&scene);
    scene.assert_refused(&configuration, 104, &["component recompile"]);
    assert!(
        scene
            .store
            .list()
            .contains("plumbctl component recompile acme")
    );
    scene.store.said(&["recompile", "--all", "--keep"]);
    assert!(left.exists());
    scene.store.said(&["verify"]);
    scene.add(&configuration).run().expect_result();
    scene.node.delete(&scene.pod, &configuration);

    let text = scene.store.said(&["recompile", NAME]);
    assert!(text.contains(&plumb_engine::engine_key()), "{text}");
    assert!(!left.exists());
    // Grants are as they were.
    scene.add(&configuration).run().expect_result();
    scene.node.delete(&scene.pod, &configuration);

    // What cannot be compiled is named, and keeps none of the others.
    scene.store.install("good", &component::flavour("macvlan"));
    fs::write(scene.store.folder_of(NAME).join("component.wasm"), "cut").expect("damage it");
    assert_fails(
        &scene,
        &["recompile", "--all"],
        &["compiled good", "not compiled: acme"],
    );
}

#[test]
fn a_grant_is_taken_back_whole_or_for_a_device() {
    let (scene, configuration) = installed();
    scene.store.said(&["revoke", NAME, "create-macvlan"]);
    scene.assert_refused(&configuration, 108, &["no grant for create-macvlan"]);

    scene.store.grant(
        NAME,
        &[
            "create-macvlan",
            "set-mtu",
            "--parent",
            "nic0",
            "--parent",
            "nic1",
        ],
    );
    let text = scene
        .store
        .said(&["revoke", NAME, "create-macvlan", "--parent", "nic0"]);
    assert!(text.contains("create-macvlan on nic1, set-mtu"), "{text}");
    scene.assert_refused(&configuration, 108, &["nic1, and not on nic0"]);
    // Without any device it would be granted on all.
    let text = scene
        .store
        .said(&["revoke", NAME, "create-macvlan", "--parent", "nic1"]);
    assert!(!text.contains("create-macvlan"), "{text}");
    scene.assert_refused(&configuration, 108, &["no grant for create-macvlan"]);

    for (arguments, words) in [
        (&["create-macvlam"][..], "did you mean \"create-macvlan\"?"),
        (&["set-up"], "set-up is not granted: granted are set-mtu"),
        (&["set-mtu", "--parent", "nic0"], "limits none of these"),
    ] {
        let arguments = [&["revoke", NAME], arguments].concat();
        assert_fails(&scene, &arguments, &[words]);
    }
}
