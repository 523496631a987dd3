//! The call's request as a component's own, for languages that cannot give it back in time, and as one that is lent.

use plumb_hostile::{Scene, component};
use plumb_tests::configuration;
use serde_json::{Value, json};

const FAILED: u64 = 103;

/// A component of a world of 0.2 that makes a macvlan child, and the configuration that uses it.
fn flavour(scene: &Scene, fixture: &str, world: &str) -> Value {
    let name = format!("hostile-{fixture}");
    let component = component::of_world(fixture, world);
    scene.store.install(&name, &component);
    scene.store.grant(&name, &["create-macvlan"]);
    scene.configuration_of(&name)
}

#[test]
fn a_request_of_its_own_may_be_kept() {
    let scene = Scene::new();
    let configuration = flavour(&scene, "keeps-request", "owning-flavour");
    scene.status(&configuration).run().expect_silence();
    scene.add(&configuration).run().expect_result();
    assert!(scene.pod.link("eth0").is_some());
    scene.node.delete(&scene.pod, &configuration);
}

#[test]
fn a_request_that_is_lent_may_not_and_the_error_names_the_other_world() {
    let scene = Scene::new();
    let configuration = flavour(&scene, "keeps-request", "flavour");
    let words = ["kept the request", "`owning-flavour`"];
    scene.assert_refused(&configuration, FAILED, &words);
    scene.assert_not_ready(&configuration, &words);
}

#[test]
fn a_request_is_given_back_once() {
    for world in ["flavour", "owning-flavour"] {
        let scene = Scene::new();
        let configuration = flavour(&scene, "gives-request-back-twice", world);
        scene.status(&configuration).run().expect_silence();
        scene.assert_refused(&configuration, FAILED, &["handle"]);
    }
}

/// The host calls both worlds: a component that gives up in the call was linked and called.
#[test]
fn all_of_the_worlds_can_be_imported() {
    let words = ["gave up by a panic or an unreachable instruction"];
    let scene = Scene::new();
    let flavour = component::of_everything("0.2", "owning-flavour");
    scene.store.install("everything", &flavour);
    scene.assert_refused(&scene.configuration_of("everything"), FAILED, &words);

    let policy = component::of_everything("0.2", "owning-address-policy");
    scene.store.install("every-policy", &policy);
    let own = json!({"ipam": {"type": "every-policy", "pools": [configuration::ipv4_pool()]}});
    let configuration = configuration::with(configuration::pool(), own);
    scene.assert_refused(&configuration, FAILED, &words);
}
