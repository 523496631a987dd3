//! When a bridge goes and when it stays, and calls that fail or are killed at a step.

use std::fs;

use cni_harness::{Call, Oracle, ip, wait};
use plumb_tests::Faults;
use plumb_tests::state::{STATE_FOLDER, records};
use serde_json::json;

use super::{add, bridge, collect, network, ports, scene};

/// Whoever gives the bridge an address or a port has a use for it.
#[test]
fn a_bridge_that_the_administrator_has_put_something_on_stays() {
    let scene = scene();
    let configuration = network("red", json!({}));
    for (change, back) in [
        (
            "address add 192.0.2.1/24 dev br-pods",
            "address del 192.0.2.1/24 dev br-pods",
        ),
        ("link set nic0 master br-pods", "link set nic0 nomaster"),
    ] {
        let before = Oracle::new(&scene.node);
        add(&scene, &scene.pod, &configuration);
        ip::batch(None, change);
        scene.node.delete(&scene.pod, &configuration);
        assert!(bridge().is_some(), "after {change}");
        collect(&scene, &configuration);
        assert!(bridge().is_some(), "after {change} and GC");
        ip::batch(None, back);
        collect(&scene, &configuration);
        before.assert_unchanged();
    }
}

/// A pod that takes the bridge as it finds it needs it as much.
#[test]
fn a_bridge_stays_for_a_pod_that_did_not_ask_for_it() {
    let scene = scene();
    let other = scene.node.pod();
    let before = Oracle::new(&scene.node);
    let (shares, finds) = (
        network("red", json!({})),
        network("blue", json!({"present": true})),
    );
    add(&scene, &scene.pod, &shares);
    add(&scene, &other, &finds);
    scene.node.delete(&scene.pod, &shares);
    assert_eq!(ports().len(), 1, "the other pod has lost its bridge");
    scene.node.delete(&other, &finds);
    collect(&scene, &shares);
    before.assert_unchanged();
}

/// Between its two steps another pod is deleted.
#[test]
fn a_bridge_stays_for_a_pod_whose_port_is_still_to_come() {
    let scene = scene();
    let other = scene.node.pod();
    let before = Oracle::new(&scene.node);
    let configuration = network("red", json!({}));
    add(&scene, &scene.pod, &configuration);
    let outcome = Call::add(&scene.node, &other, &configuration)
        .fault("kill:1:recorded")
        .run();
    assert!(outcome.was_killed(), "{outcome}");
    scene.node.delete(&scene.pod, &configuration);
    assert_eq!(ports(), [json!(null); 0]);
    assert!(bridge().is_some(), "the other pod has lost its bridge");
    scene.node.delete(&other, &configuration);
    before.assert_unchanged();
}

#[test]
fn pods_that_died_without_a_del_leave_no_bridge_behind_a_gc() {
    let scene = scene();
    let other = scene.node.pod();
    let before = Oracle::new(&scene.node);
    let configuration = network("red", json!({}));
    for pod in [&scene.pod, &other] {
        add(&scene, pod, &configuration);
        pod.remove();
    }
    collect(&scene, &configuration);
    assert!(records().is_empty(), "{:?}", records());
    let difference = before.settled_difference_in(|line| line.contains("br-pods"));
    assert_eq!(difference, "");
    assert_eq!(bridge(), None);
}

/// The records are lost: what is left of the bridge says whose it is.
#[test]
fn a_bridge_is_removed_without_a_record() {
    let scene = scene();
    let configuration = network("red", json!({}));
    for verb in ["DEL", "GC"] {
        let pod = scene.node.pod();
        add(&scene, &pod, &configuration);
        fs::remove_dir_all(format!("{STATE_FOLDER}/attachments")).expect("lose the records");
        scene.node.delete(&pod, &configuration);
        assert!(bridge().is_some(), "a port of it lives");
        pod.remove();
        wait::until("the port ends with the pod", || ports().is_empty());
        match verb {
            "DEL" => scene.node.delete(&pod, &configuration),
            _ => collect(&scene, &configuration),
        }
        assert_eq!(bridge(), None, "after {verb}");
    }
}

/// What a kill within a step leaves: a bridge without its own name.
#[test]
fn a_bridge_that_is_half_made_is_removed_by_the_next_call() {
    let scene = scene();
    let before = Oracle::new(&scene.node);
    ip::batch(None, "link add plumb-making type bridge\n");
    let configuration = network("red", json!({}));
    add(&scene, &scene.pod, &configuration);
    assert_eq!(ip::link(None, "plumb-making"), None);
    scene.node.delete(&scene.pod, &configuration);
    before.assert_unchanged();
}

/// A kill of ADD at any step, and of DEL after it, whether the pod is the only one on the bridge or not.
#[test]
fn a_kill_at_any_step_leaves_nothing() {
    const MOMENTS: [&str; 3] = ["intent", "done", "recorded"];
    let scene = scene();
    let other = scene.node.pod();
    let configuration = network("red", json!({"address": "192.0.2.1/24", "isolated": true}));
    for is_alone in [true, false] {
        if !is_alone {
            add(&scene, &other, &configuration);
        }
        let before = Oracle::new(&scene.node);
        let mut struck = 0;
        for verb in ["ADD", "DEL"] {
            for moment in MOMENTS {
                for number in 1.. {
                    if verb == "DEL" {
                        add(&scene, &scene.pod, &configuration);
                    }
                    let outcome = Call::new(&scene.node, verb, &configuration)
                        .pod(&scene.pod)
                        .fault(&format!("kill:{number}:{moment}"))
                        .run();
                    assert!(outcome.was_killed() || outcome.succeeded(), "{outcome}");
                    scene.node.delete(&scene.pod, &configuration);
                    let difference = before.settled_difference();
                    assert!(
                        difference.is_empty(),
                        "{verb} {number} {moment}:\n{difference}{outcome}"
                    );
                    if !outcome.was_killed() {
                        break;
                    }
                    struck += 1;
                }
            }
        }
        // The bridge, the pair, its address, and that it is up: once more for each moment of ADD, two of them for DEL.
        assert!(struck >= 3 * 6, "only {struck} steps were interrupted");
    }
}

#[test]
fn a_failure_at_any_step_is_walked_back() {
    let scene = scene();
    let configuration = network("red", json!({"address": "192.0.2.1/24"}));
    let before = Oracle::new(&scene.node);
    let mut failures = 0;
    for number in 1.. {
        let outcome = scene
            .add(&configuration)
            .fault(&format!("fail:{number}"))
            .run();
        if outcome.succeeded() {
            break;
        }
        failures += 1;
        before.assert_unchanged();
    }
    assert!(failures >= 4, "only {failures} steps failed");
    scene.node.delete(&scene.pod, &configuration);
    before.assert_unchanged();
}
