//! Names that mean something already, and what a component that has one all the same can do.

use plumb_hostile::{Scene, component};
use plumb_tests::configuration::{self, with};
use serde_json::{Value, json};

#[track_caller]
fn assert_refused(scene: &Scene, name: &str, component: &[u8], words: &[&str]) {
    let before = scene.store.snapshot();
    let output = scene.store.try_install(name, component);
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert_eq!(message.trim_end().lines().count(), 1, "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} in {message}");
    }
    assert!(scene.store.snapshot() == before, "the store has changed");
}

#[test]
fn names_that_mean_something_already_are_refused() {
    let scene = Scene::new();
    let flavour = component::flavour("macvlan");
    for (name, words) in [
        ("macvlan-shared", "a flavour that is built in"),
        ("pool", "the address policy that is built in"),
        ("sriov", "a type that plumb answers to"),
        ("host-local", "an IPAM type that networks have"),
    ] {
        assert_refused(&scene, name, &flavour, &[name, words]);
    }
    // Whoever looks for the plugin of a network would get the policy.
    let policy = component::address_policy("policy-no-claim");
    let plugins = scene.node.scratch().join("plugins");
    std::fs::create_dir(&plugins).expect("make a folder");
    std::fs::write(plugins.join("acme-ipam"), "").expect("write a plugin");
    let file = scene.store.file("policy.wasm", &policy);
    let output = std::process::Command::new(plumb_tests::binaries::plumbctl())
        .args(["component", "install", &file, "--name", "acme-ipam"])
        .env("CNI_PATH", &plugins)
        .output()
        .expect("run plumbctl");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(message.contains("plugins/acme-ipam"), "{message}");
}

#[test]
fn a_flavour_and_a_policy_have_no_name_in_common() {
    let scene = Scene::new();
    let flavour = component::flavour("macvlan");
    let policy = component::address_policy("policy-no-claim");
    scene.store.install("acme", &flavour);
    let words = [
        "installed as a flavour",
        "this is an address policy",
        "remove acme",
    ];
    assert_refused(&scene, "acme", &policy, &words);
    scene.store.remove("acme");
    scene.store.install("acme", &policy);
    assert_refused(
        &scene,
        "acme",
        &flavour,
        &["installed as an address policy"],
    );
}

/// A network with a plugin that knows no later version of the specification.
fn by_host_local() -> Value {
    let network = configuration::delegated(configuration::host_local());
    with(network, json!({"cniVersion": "1.0.0"}))
}

/// As an earlier release installed it: a flavour takes over no policy and no plugin of its name.
#[test]
fn a_flavour_by_the_name_of_an_ipam_type_is_in_nobodys_way() {
    let scene = Scene::new();
    let flavour = crate::kept::kept("0.2", "scripted");
    let steps = json!([{"step": "macvlan", "master": "nic0"}, {"step": "up"}, {"step": "assign"}]);
    for (name, network) in [
        ("pool", configuration::pool()),
        ("host-local", by_host_local()),
    ] {
        scene.store.smuggle(
            name,
            &flavour,
            &["create-macvlan", "assign-addresses", "set-up"],
        );
        // It is the flavour of the network, and its name is that of the addresses' origin.
        let own = with(
            network.clone(),
            json!({"name": "both", "type": "plumb", "flavour": name, "steps": steps}),
        );
        let begin = cni_harness::Oracle::new(&scene.node);
        for network in [&network, &own] {
            // Plugins in Go want more memory than plumb is given where it runs a stranger's component.
            scene.node.add(&scene.pod, network);
            scene.node.delete(&scene.pod, network);
        }
        begin.assert_unchanged();
    }
}

/// The plugin is asked although the record is lost, so that it gives back what it gave.
#[test]
fn a_flavour_by_the_name_of_a_plugin_keeps_no_address_from_being_released() {
    let scene = Scene::new();
    let network = by_host_local();
    let result = scene.node.add(&scene.pod, &network);
    let address = result["ips"][0]["address"].as_str().expect("an address");
    let address = address.split('/').next().expect("an address");
    // host-local has a file for each address that somebody has.
    let held = std::path::Path::new("/var/lib/cni/networks/rail0").join(address);
    assert!(held.exists(), "{}", held.display());
    scene
        .store
        .smuggle("host-local", &component::flavour("macvlan"), &[]);
    std::fs::remove_dir_all(format!("{}/attachments", plumb_tests::state::STATE_FOLDER))
        .expect("lose the records");
    scene.node.delete(&scene.pod, &network);
    assert!(!held.exists(), "{} is held by nobody", held.display());
}

/// What a network may mean by a name, it learns from the refusal.
#[test]
fn a_policy_that_is_named_as_a_flavour_is_called_a_policy() {
    let scene = Scene::new();
    let policy = component::address_policy("policy-no-claim");
    scene.store.install("acme", &policy);
    let network = scene.configuration_of("acme");
    scene.assert_refused(
        &network,
        7,
        &["is an address policy, and no flavour", "ipam"],
    );
}
