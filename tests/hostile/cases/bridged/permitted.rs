//! Which bridges a component may share, and who says so.

use cni_harness::{Oracle, ip};
use plumb_tests::policy;
use serde_json::json;

use super::{add, bridge, network, scene};

const INVALID: u64 = 7;
const DENIED: u64 = 108;

#[test]
fn what_is_no_bridge_is_neither_shared_nor_touched() {
    let scene = scene();
    let nic = network("red", json!({"of": "nic0"}));
    scene.assert_refused(&nic, INVALID, &["share-bridge", "nic0 is a veth"]);
    let making = network("red", json!({"of": "plumb-making"}));
    scene.assert_refused(&making, INVALID, &["share-bridge", "plumb-making"]);
    let wrong = network("red", json!({"of": "br/pods"}));
    scene.assert_refused(&wrong, INVALID, &["br/pods"]);
    let small = network("red", json!({"bridgemtu": 20}));
    scene.assert_refused(&small, INVALID, &["mtu 20"]);
}

#[test]
fn a_bridge_must_be_named_and_granted() {
    let scene = scene();
    let named = network("red", json!({}));
    let unnamed = network("red", json!({"of": "br-", "suffix": "pods"}));
    scene.assert_refused(&unnamed, DENIED, &["\"br-pods\" is not named"]);
    ip::batch(None, "link add br-pods type bridge\n");
    scene.assert_refused(&unnamed, DENIED, &["\"br-pods\" is not named"]);
    ip::batch(None, "link del br-pods\n");

    let grant = |operation: &str, pattern: &str| {
        let arguments = [operation, "--parent", pattern];
        scene.store.grant("bridged", &arguments);
    };
    let revoke = |operation: &str| {
        let arguments = ["revoke", "bridged", operation];
        scene.store.said(&arguments);
    };
    revoke("share-bridge");
    scene.assert_refused(&named, DENIED, &["share-bridge"]);
    grant("share-bridge", "br-other");
    scene.assert_refused(&named, DENIED, &["share-bridge", "br-pods", "--parent"]);
    grant("share-bridge", "br-p*");
    for configuration in [&named, &unnamed] {
        add(&scene, &scene.pod, configuration);
        scene.node.delete(&scene.pod, configuration);
    }
    // A port of it is one more thing.
    revoke("create-veth");
    grant("create-veth", "br-other");
    scene.assert_refused(&named, DENIED, &["create-veth", "br-pods", "--parent"]);
}

/// By a pattern the node's own way to the world is nobody's.
#[test]
fn the_bridge_of_the_default_route_is_shared_where_it_is_named_alone() {
    let scene = scene();
    ip::batch(
        None,
        "link add br-pods type bridge\n\
         link set br-pods addrgenmode none up\n\
         address add 192.0.2.1/24 dev br-pods\n\
         route add default via 192.0.2.254 dev br-pods\n",
    );
    scene
        .store
        .grant("bridged", &["share-bridge", "--parent", "br-*"]);
    let unnamed = network("red", json!({"of": "br-", "suffix": "pods"}));
    scene.assert_refused(&unnamed, DENIED, &["br-pods", "default route"]);
    add(&scene, &scene.pod, &network("red", json!({})));
}

#[test]
fn the_nodes_policy_judges_a_bridge_before_it_is_made() {
    let scene = scene();
    policy::write("");
    let before = Oracle::new(&scene.node);
    let configuration = network("red", json!({}));
    for (parents, is_allowed) in [
        ("\"nic*\"", false),
        ("\"br-pods\"", true),
        ("\"driver:bridge\"", true),
    ] {
        for present in [false, true] {
            if present {
                ip::batch(None, "link add br-pods type bridge\nlink set br-pods up\n");
            }
            policy::write(&format!("[networks]\nparents = [{parents}]\n"));
            let outcome = scene.add(&configuration).run();
            match is_allowed {
                true => drop(outcome.expect_result()),
                false => drop(outcome.expect_error(DENIED, "br-pods: networks.parents")),
            }
            scene.node.delete(&scene.pod, &configuration);
            if present {
                ip::batch(None, "link del br-pods\n");
            }
            policy::write("");
            assert_eq!(bridge(), None, "{parents}, {present}");
        }
    }
    before.assert_unchanged();
}
