//! A component does what it was given and granted, and nothing else.

use cni_harness::{Oracle, ip};
use plumb_hostile::{Scene, component};
use serde_json::json;

const INVALID_CONFIGURATION: u64 = 7;
const FAILED: u64 = 103;
const NOT_AVAILABLE: u64 = 50;
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
fn a_grant_may_be_for_some_devices_and_the_error_tells_how_to_widen_it() {
    let scene = Scene::new();
    let name = "hostile-macvlan";
    scene.store.install(name, &component::flavour("macvlan"));
    let granted = ["create-macvlan", "--parent", "nic1"];
    scene.store.grant(name, &granted);
    let configuration = scene.configuration_of(name);
    let command = format!("plumbctl component grant {name} create-macvlan --parent nic0");
    let words = [
        "a grant for create-macvlan on nic1",
        "not on nic0",
        &command,
    ];
    scene.assert_refused(&configuration, DENIED, &words);

    let oracle = Oracle::new(&scene.node);
    scene
        .store
        .grant(name, &["create-macvlan", "--parent", "n*c0"]);
    let listed = scene.store.list();
    let words = "grants: create-macvlan on n*c0 and nic1";
    assert!(listed.contains(words), "{listed}");
    scene.add(&configuration).run().expect_result();
    scene.node.delete(&scene.pod, &configuration);
    oracle.assert_unchanged();

    // Without a device it is for all that a configuration names.
    scene.store.grant(name, &["create-macvlan"]);
    let listed = scene.store.list();
    assert!(listed.contains("grants: create-macvlan\n"), "{listed}");
}

#[test]
fn a_device_is_no_limit_of_an_operation_that_has_none() {
    let scene = Scene::new();
    let name = "hostile-macvlan";
    scene.store.install(name, &component::flavour("macvlan"));
    for arguments in [
        ["set-up", "--parent", "nic0"],
        ["create-macvlan", "--function", "nic0"],
    ] {
        let output = scene.store.try_grant(name, &arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "it was granted");
        assert!(
            message.contains("limits none of these operations"),
            "{message}"
        );
    }
    assert!(scene.store.list().contains("grants: none"));
}

#[test]
fn a_granted_device_can_be_seen() {
    let scene = Scene::new();
    let configuration = scene.flavour("unnamed-device");
    let name = "hostile-unnamed-device";
    let words = ["nic1", "not named in the network configuration"];
    scene.assert_refused(&configuration, DENIED, &words);
    scene
        .store
        .grant(name, &["create-macvlan", "--parent", "*1"]);
    scene.add(&configuration).run().expect_error(FAILED, "");
}

#[test]
fn the_link_of_the_default_route_is_seen_where_it_is_named() {
    let scene = Scene::new();
    let mut configuration = scene.flavour("default-route");
    let name = "hostile-default-route";
    ip::batch(None, "link set nic1 up\nroute add default dev nic1\n");
    for granted in ["nic*", "nic0"] {
        let arguments = ["create-macvlan", "--parent", granted];
        scene.store.grant(name, &arguments);
        let words = ["may not see", "default route"];
        let error = scene.assert_refused(&configuration, DENIED, &words);
        assert!(!error.message.contains("nic1"), "{error:?}");
    }
    // Seen, the fixture gets as far as its empty plan.
    scene
        .store
        .grant(name, &["create-macvlan", "--parent", "nic1"]);
    scene.add(&configuration).run().expect_error(FAILED, "");
    scene.store.grant(name, &["create-macvlan"]);
    scene.assert_refused(&configuration, DENIED, &[]);
    configuration["backup"] = json!("nic1");
    scene.add(&configuration).run().expect_error(FAILED, "");
}

#[test]
fn the_names_of_a_nodes_links_are_not_told() {
    let scene = Scene::new();
    let configuration = scene.flavour("macvlan");
    ip::batch(None, "link set nic0 name other0\n");
    let error = scene.add(&configuration).run();
    let error = error.expect_error(NOT_AVAILABLE, "no interface named \"nic0\" on the host");
    assert!(!error.message.contains("other0"), "{error:?}");
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
