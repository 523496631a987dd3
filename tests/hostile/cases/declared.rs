//! What a component wishes: it is shown, and the operator grants it once.

use plumb_hostile::{Scene, component};
use serde_json::{Value, json};

const NAME: &str = "acme";

/// A build of the harmless flavour that wishes these operations, with an interface for those that are about one.
fn build(version: &str, operations: &[&str]) -> Vec<u8> {
    let document = json!({
        "name": "acme-macvlan", "version": version, "author": "ACME Networks",
        "operations": operations, "devices": {"parents": ["nic*"]},
        "keys": {"properties": {"master": {"type": "string"}}},
    });
    component::declaring(&document, &component::flavour("macvlan"))
}

#[track_caller]
fn install(scene: &Scene, build: &[u8], more: &[&str]) -> String {
    let file = scene.store.file("acme.wasm", build);
    let arguments = [&["install", &file, "--name", NAME], more].concat();
    scene.store.said(&arguments)
}

fn grants(scene: &Scene) -> Value {
    let list = scene.store.said(&["list", "--json"]);
    let list: Value = serde_json::from_str(&list).expect("JSON");
    list[0]["grants"].clone()
}

#[track_caller]
fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} in {text}");
    }
}

#[test]
fn a_wish_is_shown_and_granted_when_the_operator_says_so() {
    let scene = Scene::new();
    let first = build("1.0", &["create-macvlan"]);
    let said = install(&scene, &first, &[]);
    assert_says(
        &said,
        &[
            "acme-macvlan 1.0 by ACME Networks",
            "create-macvlan on nic*",
            "--grant-declared",
        ],
    );
    assert_eq!(grants(&scene), json!({}));
    let configuration = scene.configuration_of(NAME);
    scene.assert_refused(&configuration, 108, &["no grant for create-macvlan"]);

    install(&scene, &first, &["--grant-declared"]);
    assert_eq!(grants(&scene), json!({"create-macvlan": ["nic*"]}));
    scene.add(&configuration).run().expect_result();
    scene.node.delete(&scene.pod, &configuration);
}

#[test]
fn a_build_that_wishes_no_more_keeps_what_the_operator_gave() {
    let scene = Scene::new();
    let first = build("1.0", &["create-macvlan", "set-up"]);
    install(&scene, &first, &[]);
    scene
        .store
        .grant(NAME, &["create-macvlan", "--parent", "nic0"]);
    let given = json!({"create-macvlan": ["nic0"]});

    let said = install(&scene, &build("1.1", &["create-macvlan"]), &[]);
    assert!(!said.contains("wishes more"), "{said}");
    assert_eq!(grants(&scene), given);

    let said = install(&scene, &build("2.0", &["create-macvlan", "set-mtu"]), &[]);
    assert_says(&said, &["wishes more than the build before it: set-mtu"]);
    assert_eq!(grants(&scene), given);
    let configuration = scene.configuration_of(NAME);
    scene.add(&configuration).run().expect_result();
    scene.node.delete(&scene.pod, &configuration);
}

#[test]
fn another_component_or_one_that_says_nothing_begins_without_grants() {
    let scene = Scene::new();
    let first = build("1.0", &["create-macvlan"]);
    let stranger = component::declaring(
        &json!({"name": "other", "operations": ["create-macvlan"]}),
        &component::flavour("macvlan"),
    );
    for other in [&stranger, &component::flavour("macvlan")] {
        install(&scene, &first, &["--grant-declared"]);
        let said = install(&scene, other, &[]);
        assert_says(&said, &["the grants of the one before are gone"]);
        assert_eq!(grants(&scene), json!({}));
    }
    // The same bytes again are nothing new, with or without a declaration.
    scene.store.grant(NAME, &["set-up"]);
    install(&scene, &component::flavour("macvlan"), &[]);
    assert_eq!(grants(&scene), json!({"set-up": null}));
}
