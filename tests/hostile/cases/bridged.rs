//! Bridges of the node that pods share: made for the first of them, gone with the last. The component is `bridged`, kept as
//! it was built.

mod permitted;
mod removed;

use std::fs;

use cni_harness::{Call, Oracle, Pod, ip, result, traffic};
use plumb_hostile::Scene;
use plumb_tests::configuration::{pool, with};
use plumb_tests::policy;
use plumb_tests::state::records;
use serde_json::{Value, json};

use crate::kept::kept;

const OPERATIONS: [&str; 5] = [
    "share-bridge",
    "create-veth",
    "add-address",
    "assign-addresses",
    "set-up",
];

const KERNEL: u64 = 100;
const EXISTS: u64 = 106;
const DIFFERENCE: u64 = 110;

const MARK: &str = "plumb: made for pods, removed with the last";

fn scene() -> Scene {
    let scene = Scene::new();
    scene.store.install("bridged", &kept("0.2", "bridged"));
    scene.store.grant("bridged", &OPERATIONS);
    scene
}

/// A network without addresses, with an interface on a bridge.
fn network(name: &str, link: Value) -> Value {
    json!({
        "cniVersion": "1.1.0", "name": name, "type": "plumb", "flavour": "bridged",
        "links": [with(json!({"of": "br-pods"}), link)],
    })
}

/// The same with addresses of the pool.
fn with_pool(name: &str, link: Value) -> Value {
    with(pool(), network(name, link))
}

fn bridge() -> Option<Value> {
    ip::link(None, "br-pods")
}

#[track_caller]
fn there() -> Value {
    bridge().expect("the node has br-pods")
}

fn ports() -> Vec<Value> {
    ip::json(None, "link show master br-pods")
}

#[track_caller]
fn add(scene: &Scene, pod: &Pod, configuration: &Value) -> Value {
    Call::add(&scene.node, pod, configuration)
        .run()
        .expect_result()
}

#[track_caller]
fn collect(scene: &Scene, configuration: &Value) {
    Call::gc(&scene.node, configuration, &[])
        .run()
        .expect_silence();
}

#[test]
fn a_bridge_is_made_for_the_first_pod_and_goes_with_the_last() {
    let scene = scene();
    let other = scene.node.pod();
    let before = Oracle::new(&scene.node);
    let networks = [
        with_pool("red", json!({"mtu": 1400})),
        with_pool("blue", json!({})),
    ];
    let first = add(&scene, &scene.pod, &networks[0]);
    let made = there();
    assert_eq!(made["linkinfo"]["info_kind"], "bridge");
    assert_eq!(made["ifalias"], MARK);
    assert_eq!(made["mtu"], 1500, "and not the least of its ports'");
    assert_eq!(scene.pod.link("eth0").unwrap()["mtu"], 1400);

    let second = add(&scene, &other, &networks[1]);
    assert_eq!(there()["ifindex"], made["ifindex"], "it was made anew");
    assert_eq!(other.link("eth0").unwrap()["mtu"], 1500);
    traffic::exchange(&scene.pod, &other, result::address(&second));
    for (pod, network, result) in [
        (&scene.pod, &networks[0], &first),
        (&other, &networks[1], &second),
    ] {
        Call::check(&scene.node, pod, network, result)
            .run()
            .expect_silence();
    }

    scene.node.delete(&scene.pod, &networks[0]);
    assert_eq!(there()["ifindex"], made["ifindex"]);
    assert_eq!(ports().len(), 1);
    scene.node.delete(&other, &networks[1]);
    assert_eq!(bridge(), None);
    scene.node.delete(&other, &networks[1]);
    before.assert_unchanged();
    assert!(records().is_empty(), "{:?}", records());
}

/// Any pod could announce itself as a router.
#[test]
fn the_node_takes_no_part_in_what_pods_send_on_their_bridge() {
    let scene = scene();
    add(&scene, &scene.pod, &network("red", json!({})));
    assert_eq!(ip::addresses(None, "br-pods"), [""; 0]);
    let disabled = fs::read_to_string("/proc/sys/net/ipv6/conf/br-pods/disable_ipv6");
    assert_eq!(disabled.expect("the kernel has IPv6").trim(), "1");
}

#[test]
fn check_misses_a_bridge_that_is_down_gone_or_another() {
    let scene = scene();
    let configuration = network("red", json!({"bridgemtu": 1500}));
    let result = add(&scene, &scene.pod, &configuration);
    let check = || Call::check(&scene.node, &scene.pod, &configuration, &result).run();
    check().expect_silence();
    for (change, words) in [
        (
            "link set br-pods down",
            "br-pods, the bridge that pods share, is down",
        ),
        (
            "link set br-pods mtu 1280 up",
            "its mtu is 1280 instead of 1500",
        ),
        ("link del br-pods", "the node has lost br-pods"),
    ] {
        ip::batch(None, change);
        check().expect_error(DIFFERENCE, words);
    }
    scene.node.delete(&scene.pod, &configuration);
    assert!(records().is_empty(), "{:?}", records());
}

#[test]
fn a_bridge_of_the_administrator_is_used_as_it_is_and_stays() {
    let scene = scene();
    ip::batch(
        None,
        "link add br-pods address 00:16:3e:00:00:01 type bridge\n\
         link set br-pods addrgenmode none mtu 1400 alias uplink up\n",
    );
    let before = Oracle::new(&scene.node);
    let configuration = network("red", json!({}));
    let result = add(&scene, &scene.pod, &configuration);
    assert_eq!(scene.pod.link("eth0").unwrap()["mtu"], 1400);
    assert_eq!(there()["ifalias"], "uplink");
    Call::check(&scene.node, &scene.pod, &configuration, &result)
        .run()
        .expect_silence();
    scene.node.delete(&scene.pod, &configuration);
    collect(&scene, &configuration);
    before.assert_unchanged();

    for (stated, words) in [
        (
            json!({"bridgemtu": 1500}),
            "its mtu is 1400 instead of 1500",
        ),
        (
            json!({"vlanfiltering": true}),
            "its VLAN filtering is off instead of on",
        ),
    ] {
        let error = scene
            .add(&network("red", stated))
            .run()
            .expect_error(EXISTS, words);
        assert!(error.message.contains("interface br-pods"), "{error:?}");
        before.assert_unchanged();
    }
    ip::batch(None, "link set br-pods down");
    scene
        .add(&configuration)
        .run()
        .expect_error(EXISTS, "ip link set br-pods up");
}

#[test]
fn settings_of_one_network_are_those_of_all() {
    let scene = scene();
    let other = scene.node.pod();
    let before = Oracle::new(&scene.node);
    let large = network("red", json!({"bridgemtu": 9000}));
    add(&scene, &scene.pod, &large);
    assert_eq!(there()["mtu"], 9000);
    assert_eq!(scene.pod.link("eth0").unwrap()["mtu"], 9000);
    let small = network("blue", json!({"bridgemtu": 1500}));
    Call::add(&scene.node, &other, &small)
        .run()
        .expect_error(EXISTS, "its mtu is 9000 instead of 1500");
    assert_eq!(ports().len(), 1);
    // Nobody has it any more.
    scene.node.delete(&scene.pod, &large);
    add(&scene, &other, &small);
    assert_eq!(there()["mtu"], 1500);
    scene.node.delete(&other, &small);
    before.assert_unchanged();
}

/// Without VLANs of ports in the kernel there is its word on that, and nothing is left.
#[test]
fn a_bridge_filters_vlans_where_the_kernel_can() {
    let scene = scene();
    let before = Oracle::new(&scene.node);
    let configuration = network("red", json!({"vlanfiltering": true}));
    let outcome = scene.add(&configuration).run();
    if outcome.succeeded() {
        let made = there();
        assert_eq!(made["linkinfo"]["info_data"]["vlan_filtering"], 1, "{made}");
        scene.node.delete(&scene.pod, &configuration);
    } else {
        let error = outcome.expect_error(KERNEL, "with VLAN filtering");
        assert!(
            error.details.contains("CONFIG_BRIDGE_VLAN_FILTERING"),
            "{error:?}"
        );
    }
    before.assert_unchanged();
}

/// The first pod's bridge is not there yet when its addresses are chosen.
#[test]
fn all_pods_of_a_bridge_are_on_one_wire() {
    let scene = scene();
    policy::write("[[wires]]\nname = \"pods\"\nparents = [\"br-*\"]\n");
    let other = scene.node.pod();
    let configuration = with_pool("red", json!({}));
    let addresses = [&scene.pod, &other].map(|pod| {
        let result = add(&scene, pod, &configuration);
        result::address(&result)
    });
    assert_ne!(addresses[0], addresses[1]);
}
