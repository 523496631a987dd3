//! A vendor's flavour behind another plugin in a chain: it works on that plugin's interface, and gives it back as it was.

use cni_harness::{Call, Oracle, ip};
use plumb_hostile::Scene;
use plumb_tests::Faults;
use plumb_tests::configuration::{pool, with};
use serde_json::{Value, json};

use crate::scripted::{alone, behind, rules, scene as scripted, set_sysctl, shown, sysctl};

fn scene() -> Scene {
    let scene = scripted();
    scene.store.grant("scripted", &["use-previous-link"]);
    scene
}

/// The plugin before: plumb's own macvlan, with an address of a pool.
fn first() -> Value {
    with(pool(), json!({"name": "chain"}))
}

/// Everything that can be changed of an interface.
fn everything() -> Value {
    json!([
        {"step": "previous", "name": "eth0"},
        {"step": "mtu", "mtu": 1300},
        {"step": "mac", "mac": "02:00:00:00:77:01"},
        {"step": "sysctl", "family": 4, "name": "rp_filter", "value": "2", "required": true},
        {"step": "neighbour-sysctl", "family": 4, "name": "ucast_solicit", "value": "7", "required": true},
        {"step": "pod-sysctl", "scope": "all", "family": 4, "name": "arp_announce", "value": "2"},
        {"step": "address", "address": "10.8.0.5/24"},
        {"step": "neighbour", "address": "10.1.0.77", "mac": "02:00:00:00:77:02"},
        {"step": "route", "to": "10.9.0.0/16", "gateway": "10.1.0.1", "table": 100},
        {"step": "route", "to": "10.7.0.0/16", "gateway": "10.1.0.1", "source": "previous"},
        {"step": "rule", "table": 100, "from": "previous", "iif": "lo", "priority": 1000},
        {"step": "up"},
    ])
}

/// What a pod's interface is like, and how the pod routes.
fn state(scene: &Scene) -> String {
    let interface = ["-d link show dev eth0", "address show dev eth0"];
    let tables = [
        "-4 route show table all",
        "rule show",
        "neighbour show nud permanent dev eth0",
    ];
    let shown = interface
        .into_iter()
        .chain(tables)
        .flat_map(|command| shown(&scene.pod, command));
    let sysctls = [
        "ipv4/conf/eth0/rp_filter",
        "ipv4/neigh/eth0/ucast_solicit",
        "ipv4/conf/all/arp_announce",
    ];
    let sysctls = sysctls.map(|name| format!("{name} {}", sysctl(&scene.pod, name)));
    let shown = shown.chain(sysctls).collect::<Vec<_>>().join("\n");
    // The kernel's own address of IPv6 is, until it has asked for it.
    shown.replace(" tentative", "")
}

#[test]
fn an_earlier_plugins_interface_is_changed_and_given_back() {
    let scene = scene();
    let clean = Oracle::new(&scene.node);
    let first = first();
    let result = scene.add(&first).run().expect_result();
    let before = state(&scene);
    let second = behind(&result, "chain", everything());
    let changed = scene.add(&second).run().expect_result();

    // The result is the earlier plugin's, with what has changed.
    let mut expected = result.clone();
    expected["interfaces"][0]["mac"] = "02:00:00:00:77:01".into();
    expected["interfaces"][0]["mtu"] = 1300.into();
    assert_eq!(changed, expected);
    let link = ip::link(Some(scene.pod.name()), "eth0").expect("eth0");
    assert_eq!(
        (&link["mtu"], &link["address"]),
        (&json!(1300), &json!("02:00:00:00:77:01"))
    );
    assert_eq!(scene.pod.addresses("eth0"), ["10.1.0.10/24", "10.8.0.5/24"]);
    assert_eq!(sysctl(&scene.pod, "ipv4/conf/eth0/rp_filter"), "2");
    assert_eq!(sysctl(&scene.pod, "ipv4/neigh/eth0/ucast_solicit"), "7");
    assert_eq!(
        rules(&scene.pod, "-4"),
        ["1000: from 10.1.0.10 iif lo lookup 100"]
    );
    let routes = shown(&scene.pod, "-4 route show 10.7.0.0/16");
    assert_eq!(routes, ["10.7.0.0/16 via 10.1.0.1 dev eth0 src 10.1.0.10"]);
    for plugin in [&first, &second] {
        Call::check(&scene.node, &scene.pod, plugin, &changed)
            .run()
            .expect_silence();
    }

    // DEL runs the chain backward.
    scene.node.delete(&scene.pod, &second);
    assert_eq!(state(&scene), before);
    scene.node.delete(&scene.pod, &second);
    assert_eq!(state(&scene), before);
    scene.node.delete(&scene.pod, &first);
    clean.assert_unchanged();
}

/// The earlier plugin's DEL came first, or root in the pod has put another interface in its place.
#[test]
fn an_interface_that_is_gone_needs_nothing_and_another_one_is_not_touched() {
    let scene = scene();
    let clean = Oracle::new(&scene.node);
    let first = first();
    let result = scene.add(&first).run().expect_result();
    let second = behind(&result, "chain", everything());
    scene.add(&second).run().expect_result();
    scene.node.delete(&scene.pod, &first);
    scene
        .pod
        .ip("link add eth0 mtu 1300 type veth peer name other");
    scene.pod.ip("link set eth0 address 02:00:00:00:77:01");
    set_sysctl(&scene.pod, "ipv4/conf/eth0/rp_filter", "2");
    scene.node.delete(&scene.pod, &second);
    let link = ip::link(Some(scene.pod.name()), "eth0").expect("eth0");
    assert_eq!(
        (&link["mtu"], &link["address"]),
        (&json!(1300), &json!("02:00:00:00:77:01"))
    );
    assert_eq!(sysctl(&scene.pod, "ipv4/conf/eth0/rp_filter"), "2");
    assert_eq!(sysctl(&scene.pod, "ipv4/conf/all/arp_announce"), "0");
    assert_eq!(rules(&scene.pod, "-4"), [""; 0]);
    scene.pod.ip("link delete eth0");
    clean.assert_unchanged();
}

/// Root in the pod calls it otherwise, and has changed some of it.
#[test]
fn an_interface_with_another_name_is_given_back_but_for_what_the_pod_has_set() {
    let scene = scene();
    let result = scene.add(&first()).run().expect_result();
    let mac = result["interfaces"][0]["mac"].clone();
    scene
        .add(&behind(&result, "chain", everything()))
        .run()
        .expect_result();
    scene.pod.ip("link set eth0 mtu 1200");
    scene.pod.ip("link set eth0 name mine");
    scene
        .node
        .delete(&scene.pod, &behind(&result, "chain", everything()));
    let link = ip::link(Some(scene.pod.name()), "mine").expect("mine");
    assert_eq!((&link["mtu"], &link["address"]), (&json!(1200), &mac));
    assert_eq!(scene.pod.addresses("mine"), ["10.1.0.10/24"]);
    assert_ne!(sysctl(&scene.pod, "ipv4/conf/mine/rp_filter"), "2");
}

#[test]
fn a_failure_gives_an_earlier_plugins_interface_back() {
    let scene = scene();
    let first = first();
    let result = scene.add(&first).run().expect_result();
    let before = state(&scene);
    let mut steps = everything();
    // It has this address already, which the walk back must leave alone.
    let again = json!({"step": "address", "address": "10.1.0.10/24"});
    steps.as_array_mut().expect("steps").push(again);
    scene
        .add(&behind(&result, "chain", steps))
        .run()
        .expect_error(106, "eth0 of the pod has the address 10.1.0.10/24 already");
    assert_eq!(state(&scene), before);
    let neighbour =
        json!({"step": "neighbour", "address": "10.1.0.78", "mac": "02:00:00:00:77:03"});
    scene
        .pod
        .ip("neighbour add 10.1.0.78 lladdr 02:00:00:00:77:04 dev eth0 nud permanent");
    let steps = json!([{"step": "previous", "name": "eth0"}, neighbour]);
    scene
        .add(&behind(&result, "chain", steps))
        .run()
        .expect_error(106, "10.1.0.78");
    let entries = shown(&scene.pod, "neighbour show nud permanent dev eth0");
    assert!(
        entries.contains(&"10.1.0.78 lladdr 02:00:00:00:77:04 PERMANENT".to_owned()),
        "{entries:?}"
    );
}

#[test]
fn a_chain_that_is_none_is_refused_by_name() {
    let scene = scene();
    let result = scene.add(&first()).run().expect_result();
    let previous = json!([{"step": "previous", "name": "eth0"}]);
    let chained = |own: Value| with(behind(&result, "chain", previous.clone()), own);
    for (configuration, code, words) in [
        (
            chained(json!({"chained": false})),
            7,
            "a flavour that works on it needs \"chained\": true",
        ),
        (
            chained(json!({"chained": false, "name": "other"})),
            7,
            "add \"chained\": true to it",
        ),
        (
            chained(json!({"steps": [{"step": "previous", "name": "eth9"}]})),
            50,
            "prevResult has no interface \"eth9\" in the pod: it lists eth0",
        ),
        (
            chained(json!({"steps": [{"step": "macvlan", "master": "nic0"}]})),
            7,
            "create-macvlan would give the pod an interface",
        ),
        (
            chained(json!({"ipam": pool()["ipam"]})),
            7,
            "\"ipam\" belongs to that plugin",
        ),
        (
            chained(json!({"rails": {}})),
            7,
            "\"rails\" belongs to that plugin",
        ),
        (chained(json!({"type": "macvlan"})), 7, "\"chained\""),
        (
            with(alone("chain", previous.clone()), json!({"chained": true})),
            7,
            "there is none: put the plugin that makes it before this one",
        ),
    ] {
        scene.add(&configuration).run().expect_error(code, words);
    }
    let steps = json!([{"step": "previous", "name": "eth0"}]);
    let ungranted = scripted_without_grant(&scene, &result, steps);
    scene
        .add(&ungranted)
        .run()
        .expect_error(108, "no grant for use-previous-link");
}

/// The same flavour under another name, with no grant for interfaces of other plugins.
fn scripted_without_grant(scene: &Scene, result: &Value, steps: Value) -> Value {
    let component = crate::kept::kept("0.2", "scripted");
    scene.store.install("ungranted", &component);
    with(
        behind(result, "chain", steps),
        json!({"flavour": "ungranted"}),
    )
}

#[test]
fn several_chained_flavours_give_back_in_their_order() {
    let scene = scene();
    let component = crate::kept::kept("0.2", "scripted");
    scene.store.install("other", &component);
    scene
        .store
        .grant("other", &["use-previous-link", "set-mtu"]);
    let first = first();
    let result = scene.add(&first).run().expect_result();
    let before = state(&scene);
    let mtu =
        |bytes: u32| json!([{"step": "previous", "name": "eth0"}, {"step": "mtu", "mtu": bytes}]);
    let second = behind(&result, "chain", mtu(1300));
    let changed = scene.add(&second).run().expect_result();
    let third = with(
        behind(&changed, "chain", mtu(1280)),
        json!({"flavour": "other"}),
    );
    let last = scene.add(&third).run().expect_result();
    assert_eq!(last["interfaces"][0]["mtu"], 1280);
    scene.node.delete(&scene.pod, &third);
    let link = ip::link(Some(scene.pod.name()), "eth0").expect("eth0");
    assert_eq!(link["mtu"], 1300);
    scene.node.delete(&scene.pod, &second);
    assert_eq!(state(&scene), before);
}

/// Wherever a chained ADD is killed, DEL gives the interface back.
#[test]
fn a_killed_add_is_taken_back_from_an_earlier_plugins_interface() {
    let scene = scene();
    let first = first();
    let result = scene.add(&first).run().expect_result();
    let before = state(&scene);
    let second = behind(&result, "chain", everything());
    let mut kills = 0;
    'steps: for step in 1.. {
        for moment in ["intent", "done", "recorded"] {
            let fault = format!("kill:{step}:{moment}");
            let outcome = Call::add(&scene.node, &scene.pod, &second)
                .fault(&fault)
                .run();
            let is_over = !outcome.was_killed();
            scene.node.delete(&scene.pod, &second);
            assert_eq!(state(&scene), before, "{fault}");
            if is_over {
                break 'steps;
            }
            kills += 1;
        }
    }
    // Three times for each step of the plan.
    let steps = everything().as_array().expect("steps").len();
    assert_eq!(kills, steps * 3);
}
