//! A component does what it was given and granted, and nothing else.

use cni_harness::Oracle;
use plumb_hostile::{Scene, component};
use serde_json::json;

const INVALID_CONFIGURATION: u64 = 7;
const FAILED: u64 = 103;
const NOT_LOADED: u64 = 104;
const DENIED: u64 = 108;

fn assert_refused(fixture: &str, code: u64, words: &[&str]) {
    let scene = Scene::new();
    let configuration = scene.flavour(fixture);
    scene.assert_refused(&configuration, code, words);
}

#[test]
fn an_invented_handle_is_none() {
    assert_refused("invented-handle", FAILED, &["handle", "7"]);
}

#[test]
fn a_handle_that_was_given_back_is_none() {
    assert_refused("dropped-handle", FAILED, &["handle"]);
}

#[test]
fn a_handle_of_another_type_is_refused() {
    assert_refused("wrong-handle", FAILED, &["handle", "type"]);
}

#[test]
fn a_device_that_the_configuration_does_not_name_cannot_be_seen() {
    let scene = Scene::new();
    let mut configuration = scene.flavour("unnamed-device");
    scene.assert_refused(
        &configuration,
        DENIED,
        &["nic1", "not named in the network configuration"],
    );

    // The device exists: once it is named the fixture gets as far as its empty plan.
    configuration["backup"] = json!("nic1");
    scene.add(&configuration).run().expect_error(FAILED, "");
}

#[test]
fn a_device_is_not_found_by_a_path() {
    let words = ["../../../etc", "PCI address"];
    assert_refused("path-for-address", INVALID_CONFIGURATION, &words);
}

#[test]
fn an_operation_needs_a_grant_and_the_error_tells_how_to_give_it() {
    let scene = Scene::new();
    let name = "hostile-macvlan";
    scene.store.install(name, &component::flavour("macvlan"));
    scene.store.grant(name, &["create-ipvlan"]);
    let configuration = scene.configuration_of(name);
    let command = format!("plumbctl component grant {name} create-macvlan");
    scene.assert_refused(&configuration, DENIED, &[&command]);

    let oracle = Oracle::new(&scene.node);
    scene.store.grant(name, &["create-macvlan"]);
    scene.add(&configuration).run().expect_result();
    assert!(scene.pod.link("eth0").is_some(), "the grant is enough");
    scene.node.delete(&scene.pod, &configuration);
    oracle.assert_unchanged();
}

#[test]
fn a_changed_component_begins_without_grants() {
    let scene = Scene::new();
    let configuration = scene.flavour("macvlan");
    let name = "hostile-macvlan";
    let changed = component::flavour("two-interfaces");
    scene.store.install(name, &changed);
    scene.assert_refused(&configuration, DENIED, &["no grant for create-macvlan"]);
}

#[test]
fn a_link_of_the_wrong_kind_is_no_parent() {
    let words = ["create-ipoib", "InfiniBand", "nic0"];
    assert_refused("ipoib", INVALID_CONFIGURATION, &words);
}

#[test]
fn a_plan_has_no_second_interface() {
    let words = ["create-macvlan", "second interface"];
    assert_refused("two-interfaces", INVALID_CONFIGURATION, &words);
}

#[test]
fn a_plan_without_an_interface_is_refused() {
    assert_refused("no-interface", FAILED, &["no operation", "interface"]);
}

#[test]
fn nothing_is_recorded_in_ready() {
    let scene = Scene::new();
    let configuration = scene.flavour("records-in-ready");
    let words = ["may not record create-macvlan"];
    scene.assert_not_ready(&configuration, &words);
}

#[test]
fn a_component_of_no_world_is_refused_when_it_is_loaded() {
    let scene = Scene::new();
    let name = "hostile-nothing";
    scene.store.smuggle(name, b"(component)", &[]);
    let configuration = scene.configuration_of(name);
    let words = ["plumb:cni", "`attach`"];
    scene.assert_refused(&configuration, NOT_LOADED, &words);
}

#[test]
fn an_undeclared_import_is_refused_when_it_is_installed() {
    let scene = Scene::new();
    let overreaching = component::overreaching_flavour("foreign-import");
    let output = scene.store.try_install("hostile", &overreaching);
    assert!(!output.status.success(), "it was installed");
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains(component::FOREIGN_INTERFACE), "{message}");
    assert!(!scene.store.folder_of("hostile").exists(), "nothing stays");
}

#[test]
fn an_undeclared_import_is_refused_when_it_is_loaded() {
    let scene = Scene::new();
    let name = "hostile-foreign-import";
    let smuggled = component::overreaching_flavour("foreign-import");
    scene.store.smuggle(name, &smuggled, &["create-macvlan"]);
    let words = [component::FOREIGN_INTERFACE];
    scene.assert_refused(&scene.configuration_of(name), NOT_LOADED, &words);

    // Smuggling works: the same way, a component of the contract is loaded.
    let smuggled = component::flavour("macvlan");
    scene.store.smuggle(name, &smuggled, &["create-macvlan"]);
    let configuration = scene.configuration_of(name);
    scene.add(&configuration).run().expect_result();
}
