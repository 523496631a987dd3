//! A component that was built against an earlier version of the contract works as it did: see
//! `kept/README.md`.

use std::path::Path;

use cni_harness::Call;
use plumb_hostile::{Scene, component};
use plumb_tests::configuration;
use serde_json::{Value, json};

/// The versions of the contract with kept components.
const VERSIONS: [&str; 2] = ["0.1", "0.2"];

pub fn kept(version: &str, name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kept");
    let path = folder.join(version).join(name).with_extension("wasm");
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A whole life of a pod's interface: STATUS, ADD, CHECK, DEL.
#[track_caller]
fn assert_works(scene: &Scene, configuration: &Value) {
    let before = cni_harness::Oracle::new(&scene.node);
    scene.status(configuration).run().expect_silence();
    let result = scene.add(configuration).run().expect_result();
    let listed = result["ips"][0]["address"].as_str().expect("an address");
    assert_eq!(scene.pod.addresses("eth0"), [listed]);
    Call::check(&scene.node, &scene.pod, configuration, &result)
        .run()
        .expect_silence();
    scene.node.delete(&scene.pod, configuration);
    before.assert_unchanged();
}

/// What the host offers is all that the contract has: a component that imports it fails when it is
/// called, and not before.
#[test]
fn all_of_each_version_can_be_imported() {
    const FAILED: u64 = 103;
    let words = ["gave up by a panic or an unreachable instruction"];
    for version in VERSIONS {
        let scene = Scene::new();
        let flavour = component::of_everything(version, "flavour");
        scene.store.install("everything", &flavour);
        scene.assert_refused(&scene.configuration_of("everything"), FAILED, &words);

        let policy = component::of_everything(version, "address-policy");
        scene.store.install("every-policy", &policy);
        let own = json!({
            "ipam": {"type": "every-policy", "pools": [configuration::ipv4_pool()]},
        });
        let configuration = configuration::with(configuration::pool(), own);
        scene.assert_refused(&configuration, FAILED, &words);
    }
}

#[test]
fn a_flavour_of_each_version_attaches_a_pod() {
    for version in VERSIONS {
        let scene = Scene::new();
        scene
            .store
            .install("kept", &kept(version, "macvlan-shared"));
        let operations = ["create-macvlan", "set-link-sysctl", "assign-addresses"];
        scene.store.grant("kept", &operations);
        let own = json!({
            "type": "plumb", "flavour": "kept"
        });
        assert_works(&scene, &configuration::with(configuration::pool(), own));
    }
}

#[test]
fn an_address_policy_of_each_version_gives_a_pod_its_address() {
    for version in VERSIONS {
        let scene = Scene::new();
        scene.store.install("kept", &kept(version, "pool"));
        let own = json!({
            "ipam": {"type": "kept", "pools": [configuration::ipv4_pool()]},
        });
        assert_works(&scene, &configuration::with(configuration::pool(), own));
    }
}
