//! What a component attached is detached without it.

use std::fs;
use std::path::{Path, PathBuf};

use cni_harness::{Call, Oracle, ip};
use plumb_hostile::{Scene, component};
use plumb_tests::configuration;
use serde_json::{Value, json};

/// Installs a built-in component as a vendor would ship it.
fn install(scene: &Scene, built_in: &str, name: &str) {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    let path = target
        .join("components")
        .join(built_in)
        .with_extension("wasm");
    let component = fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}: run `make components`", path.display()));
    scene.store.install(name, &component);
}

/// A pod with an address, attached by a vendor's flavour and a vendor's policy.
fn attached(scene: &Scene) -> (Value, Value) {
    install(scene, "macvlan-shared", "acme");
    let operations = [
        "add-neighbour",
        "add-route",
        "assign-addresses",
        "create-macvlan",
        "set-link-sysctl",
        "set-up",
    ];
    scene.store.grant("acme", &operations);
    install(scene, "pool", "acme-pool");
    let mut configuration = scene.configuration_of("acme");
    configuration["ipam"] = json!({"type": "acme-pool", "pools": [configuration::ipv4_pool()]});
    let result = scene.node.add(&scene.pod, &configuration);
    assert_eq!(scene.pod.addresses("eth0"), ["10.1.0.10/24"]);
    (configuration, result)
}

#[test]
fn del_works_when_the_components_were_removed() {
    let scene = Scene::new();
    let oracle = Oracle::new(&scene.node);
    let (configuration, _) = attached(&scene);
    scene.store.remove("acme");
    scene.store.remove("acme-pool");
    scene.node.delete(&scene.pod, &configuration);
    oracle.assert_unchanged();
    scene.assert_harmless();
}

#[test]
fn del_may_be_repeated_when_the_components_were_removed() {
    let scene = Scene::new();
    let oracle = Oracle::new(&scene.node);
    let (configuration, _) = attached(&scene);
    scene.store.remove("acme");
    scene.store.remove("acme-pool");
    scene.node.delete(&scene.pod, &configuration);
    scene.node.delete(&scene.pod, &configuration);
    oracle.assert_unchanged();
}

#[test]
fn del_works_when_the_components_are_broken() {
    let scene = Scene::new();
    let oracle = Oracle::new(&scene.node);
    let (configuration, _) = attached(&scene);
    for name in ["acme", "acme-pool"] {
        let code = scene.store.code_of(name);
        fs::remove_file(&code).expect("remove the code");
        fs::write(&code, "broken").expect("write garbage");
        fs::write(scene.store.folder_of(name).join("manifest.json"), "broken")
            .expect("write garbage");
    }
    scene.node.delete(&scene.pod, &configuration);
    oracle.assert_unchanged();
    scene.assert_harmless();
}

#[test]
fn check_works_when_the_components_were_removed() {
    let scene = Scene::new();
    let (configuration, result) = attached(&scene);
    scene.store.remove("acme");
    scene.store.remove("acme-pool");
    let call = cni_harness::Call::check(&scene.node, &scene.pod, &configuration, &result);
    call.run().expect_silence();
}

/// The kernel deletes the first rule that fits what a request says. Neither the pod's own
/// rules nor one that the pod added for the same table may go.
#[test]
fn a_rule_is_removed_and_no_other_one() {
    let scene = Scene::new();
    let oracle = Oracle::new(&scene.node);
    let name = "hostile-rule";
    scene.store.install(name, &component::flavour("rule"));
    scene.store.grant(name, &["create-macvlan", "add-rule"]);
    let configuration = scene.configuration_of(name);
    let own = rules(&scene);
    let result = scene.node.add(&scene.pod, &configuration);
    let with_ours = rules(&scene);
    assert_eq!(with_ours.len(), own.len() + 1, "{with_ours:?}");
    Call::check(&scene.node, &scene.pod, &configuration, &result)
        .run()
        .expect_silence();

    scene
        .pod
        .ip("rule add from 10.9.0.0/16 lookup 100 priority 5");
    let others: Vec<_> = rules(&scene)
        .into_iter()
        .filter(|rule| own.contains(rule) || !with_ours.contains(rule))
        .collect();
    scene.node.delete(&scene.pod, &configuration);
    assert_eq!(rules(&scene), others);
    scene.pod.ip("rule del priority 5");
    oracle.assert_unchanged();
}

#[test]
fn table_0_is_refused_while_nothing_has_happened() {
    let scene = Scene::new();
    let name = "hostile-table-zero";
    scene.store.install(name, &component::flavour("table-zero"));
    scene.store.grant(name, &["create-macvlan", "add-rule"]);
    let configuration = scene.configuration_of(name);
    scene.assert_refused(&configuration, 7, &["table 0", "254"]);
}

/// The IPv4 rules of the pod, as ip(8) lists them.
fn rules(scene: &Scene) -> Vec<Value> {
    ip::json(Some(scene.pod.name()), "-4 rule show")
}
