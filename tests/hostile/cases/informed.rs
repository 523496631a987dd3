//! What an address policy knows of the interface, and what it may answer. The component is `informed`, kept as it was built.

use std::fs;

use cni_harness::{Call, Oracle, ip};
use plumb_hostile::Scene;
use plumb_tests::configuration::{pool, with};
use serde_json::{Value, json};

use crate::kept::kept;

const FAILED: u64 = 103;
const TRY_AGAIN_LATER: u64 = 11;
const NOT_AVAILABLE: u64 = 50;

/// The node's own address on the fabric is `10.1.0.5`.
fn scene() -> Scene {
    let scene = Scene::new();
    scene.store.install("informed", &kept("0.2", "informed"));
    ip::batch(None, "address add 10.1.0.5/24 dev nic0\n");
    scene
}

fn configuration(ipam: Value) -> Value {
    let own = json!({"type": "informed", "pools": pool()["ipam"]["pools"]});
    with(pool(), json!({"ipam": with(own, ipam)}))
}

#[test]
fn a_policy_computes_an_address_of_what_the_parent_and_the_node_are() {
    let scene = scene();
    let mac = "02:00:00:00:66:01";
    let log = json!({"logLevel": "info", "logFile": "informed.log", "runtimeConfig": {"mac": mac}});
    let configuration = with(configuration(json!({"rank": 7})), log);
    let before = Oracle::new(&scene.node);
    scene.add(&configuration).run().expect_result();
    assert_eq!(scene.pod.addresses("eth0"), ["10.1.0.12/24"]);
    let log = fs::read_to_string("/var/log/plumb/informed.log").expect("the log");
    let expected = format!("asked {mac} planned {mac} on nic0 mtu 1500 numa none 10.1.0.5/24");
    assert!(log.contains(&expected), "{log}");
    scene.node.delete(&scene.pod, &configuration);
    fs::remove_file("/var/log/plumb/informed.log").expect("remove the log");
    before.assert_unchanged();
}

#[test]
fn a_policy_may_say_that_it_passes_or_that_the_node_cannot() {
    let scene = scene();
    for (word, code) in [
        ("try-again-later", TRY_AGAIN_LATER),
        ("not-available", NOT_AVAILABLE),
    ] {
        scene
            .add(&configuration(json!({"refuse": word})))
            .run()
            .expect_error(
                code,
                "informed: the fabric's controller does not answer yet",
            );
    }
}

/// The pod's predecessor may still have the address.
#[test]
fn an_address_that_is_held_passes_where_the_policy_says_so() {
    let scene = scene();
    let other = scene.node.pod();
    let held = configuration(json!({"rank": 7}));
    Call::add(&scene.node, &other, &held).run().expect_result();
    let exhausted = scene.add(&held).run().expect_failure();
    assert_eq!(exhausted.code, 101, "{exhausted:?}");
    let passing = configuration(json!({"rank": 7, "passing": true}));
    scene
        .add(&passing)
        .run()
        .expect_error(TRY_AGAIN_LATER, "10.1.0.12");
    scene.node.delete(&other, &held);
}

#[test]
fn a_proposal_of_no_range_is_refused_by_name() {
    let scene = scene();
    scene
        .add(&configuration(json!({"nothing": true})))
        .run()
        .expect_error(FAILED, "pool p without a range of it");
}

/// A flavour that has forgotten the addresses of the network would give the pod an interface without any.
#[test]
fn addresses_that_a_flavour_forgets_are_missed_before_anything_is_done() {
    let scene = crate::scripted::scene();
    let before = Oracle::new(&scene.node);
    let own = json!({"ipam": pool()["ipam"]});
    let forgetful = with(crate::scripted::network("rail0", json!([])), own.clone());
    scene
        .add(&forgetful)
        .run()
        .expect_error(FAILED, "an interface without the addresses of \"ipam\"");
    before.assert_unchanged();
    let mindful = crate::scripted::network("rail0", json!([{"step": "assign"}]));
    scene.add(&with(mindful, own)).run().expect_result();
    assert_eq!(scene.pod.addresses("eth0"), ["10.1.0.10/24"]);
}
