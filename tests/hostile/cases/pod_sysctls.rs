//! Sysctls that are not the interface's own: set, shared by the attachments of a pod, and given back.

use cni_harness::Call;
use plumb_hostile::Scene;
use serde_json::{Value, json};

use crate::scripted::{network, scene, set_sysctl, sysctl};

const FILTER: &str = "ipv4/conf/all/rp_filter";

/// A network that sets the filter of all interfaces.
fn filtering(name: &str, value: &str) -> Value {
    network(
        name,
        json!([{"step": "pod-sysctl", "scope": "all", "family": 4, "name": "rp_filter", "value": value, "required": true}]),
    )
}

fn add(scene: &Scene, configuration: &Value, interface: &str) -> Value {
    scene
        .add(configuration)
        .interface(interface)
        .run()
        .expect_result()
}

fn check(scene: &Scene, configuration: &Value, result: &Value, interface: &str) -> Call {
    Call::check(&scene.node, &scene.pod, configuration, result).interface(interface)
}

#[track_caller]
fn delete(scene: &Scene, configuration: &Value, interface: &str) {
    Call::delete(&scene.node, &scene.pod, configuration)
        .interface(interface)
        .run()
        .expect_silence();
}

#[test]
fn the_last_attachment_that_set_a_sysctl_restores_it() {
    // Whoever goes first.
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let scene = scene();
        set_sysctl(&scene.pod, FILTER, "1");
        let networks = [
            filtering("rail0", "2"),
            filtering("rail1", "2"),
            filtering("rail2", "0"),
        ];
        let names = ["net0", "net1", "net2"];
        let mut results = Vec::new();
        for (configuration, name) in networks.iter().zip(names) {
            results.push(add(&scene, configuration, name));
        }
        assert_eq!(sysctl(&scene.pod, FILTER), "0");
        // What the newest has set is right for all of them.
        for ((configuration, name), result) in networks.iter().zip(names).zip(&results) {
            check(&scene, configuration, result, name)
                .run()
                .expect_silence();
        }
        let mut left: Vec<usize> = vec![0, 1, 2];
        for gone in order {
            delete(&scene, &networks[gone], names[gone]);
            left.retain(|one| *one != gone);
            let expected = match left.last() {
                Some(2) => "0",
                Some(_) => "2",
                None => "1",
            };
            assert_eq!(
                sysctl(&scene.pod, FILTER),
                expected,
                "{order:?}, after {gone}"
            );
        }
    }
}

#[test]
fn what_the_pod_has_set_since_stays() {
    let scene = scene();
    let configuration = filtering("rail0", "2");
    let before = sysctl(&scene.pod, FILTER);
    assert_ne!(before, "2");
    let result = add(&scene, &configuration, "net0");
    set_sysctl(&scene.pod, FILTER, "1");
    check(&scene, &configuration, &result, "net0")
        .run()
        .expect_error(
            110,
            "net.ipv4.conf.all.rp_filter is 1 in the pod, where ADD left 2",
        );
    delete(&scene, &configuration, "net0");
    assert_eq!(sysctl(&scene.pod, FILTER), "1");
}

#[test]
fn an_add_that_fails_puts_a_sysctl_back() {
    let scene = scene();
    let before = sysctl(&scene.pod, FILTER);
    let mut configuration = filtering("rail0", "2");
    let missing = json!({"step": "sysctl", "family": 4, "name": "no_such_sysctl", "value": "1", "required": true});
    configuration["steps"]
        .as_array_mut()
        .expect("steps")
        .push(missing);
    scene
        .add(&configuration)
        .run()
        .expect_error(50, "no sysctl net.ipv4.conf.eth0.no_such_sysctl");
    assert_eq!(sysctl(&scene.pod, FILTER), before);
}

#[test]
fn what_would_change_every_interface_is_refused() {
    let scene = scene();
    for (name, family) in [
        ("forwarding", 4),
        ("disable_ipv6", 6),
        ("../route/flush", 4),
    ] {
        let step = json!({"step": "pod-sysctl", "scope": "all", "family": family, "name": name, "value": "1"});
        scene
            .add(&network("rail0", json!([step])))
            .run()
            .expect_error(7, name);
    }
}

/// The kernel counts some in its own units, and shows another value than it was given.
#[test]
fn sysctls_of_neighbours_and_of_new_interfaces_are_set() {
    let scene = scene();
    let retransmission = "ipv4/neigh/net0/retrans_time_ms";
    let new = "ipv6/conf/default/ndisc_notify";
    assert_eq!(sysctl(&scene.pod, new), "0");
    let steps = json!([
        {"step": "neighbour-sysctl", "family": 4, "name": "retrans_time_ms", "value": "1003", "required": true},
        {"step": "neighbour-sysctl", "family": 6, "name": "no_such_sysctl", "value": "1"},
        {"step": "pod-sysctl", "scope": "default", "family": 6, "name": "ndisc_notify", "value": "1"},
    ]);
    let configuration = network("rail0", steps);
    add(&scene, &configuration, "net0");
    let shown: u32 = sysctl(&scene.pod, retransmission)
        .parse()
        .expect("a number");
    assert!((1003..1020).contains(&shown), "{shown}");
    assert_eq!(sysctl(&scene.pod, new), "1");
    delete(&scene, &configuration, "net0");
    assert_eq!(sysctl(&scene.pod, new), "0");
}
