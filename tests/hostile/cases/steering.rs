//! Rules by more than networks, and routes by more than one gateway, as the kernel has them, and what is left of them.

use cni_harness::{Call, Oracle, ip};
use serde_json::{Value, json};

use crate::scripted::{alone, network, rules, scene, shown};

/// One rule of each selector, with what ip-rule(8) shows of it.
fn selectors() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"iif": "net1"}), "from all iif net1 lookup 100"),
        (
            json!({"oif": "gone0"}),
            "from all oif gone0 [detached] lookup 100",
        ),
        (json!({"mark": 0x100}), "from all fwmark 0x100 lookup 100"),
        (
            json!({"mark": 0x100, "mask": 0xff00}),
            "from all fwmark 0x100/0xff00 lookup 100",
        ),
        (
            json!({"mark": 0, "mask": 0xff}),
            "from all fwmark 0/0xff lookup 100",
        ),
        (json!({"protocol": 17}), "from all ipproto udp lookup 100"),
        (
            json!({"protocol": 6, "sports": [1, 65534]}),
            "from all ipproto tcp sport 1-65534 lookup 100",
        ),
        (
            json!({"protocol": 17, "dports": [4791, 4791]}),
            "from all ipproto udp dport 4791 lookup 100",
        ),
        (
            json!({"suppress": 0}),
            "from all lookup 100 suppress_prefixlength 0",
        ),
        (json!({}), "from all lookup 100"),
    ]
}

/// The same rules in both families, by their priorities from 1000 on.
fn rule_steps() -> (Value, Vec<String>) {
    let mut steps = Vec::new();
    let mut expected = Vec::new();
    for (number, (selector, shown)) in selectors().into_iter().enumerate() {
        let priority = 1000 + number;
        for family in [4, 6] {
            let mut step = selector.clone();
            step["step"] = "rule".into();
            step["family"] = family.into();
            step["table"] = 100.into();
            step["priority"] = priority.into();
            steps.push(step);
        }
        expected.push(format!("{priority}: {shown}"));
    }
    (steps.into(), expected)
}

#[test]
fn a_rule_selects_by_all_that_the_kernel_knows() {
    let scene = scene();
    let (steps, expected) = rule_steps();
    let configuration = network("steered", steps);
    let before = Oracle::new(&scene.node);
    let add = || scene.add(&configuration).interface("net1").run();
    let result = add().expect_result();
    for family in ["-4", "-6"] {
        assert_eq!(rules(&scene.pod, family), expected, "{family}");
    }
    let check = || {
        Call::check(&scene.node, &scene.pod, &configuration, &result)
            .interface("net1")
            .run()
    };
    check().expect_silence();

    // Each selector counts.
    for (priority, other) in [
        (1000, "iif net2"),
        (1003, "fwmark 0x100/0xf00"),
        (1004, "fwmark 0x0/0x1"),
        (1006, "ipproto tcp sport 1-65533"),
        (1007, "ipproto udp dport 4790"),
        (1008, "suppress_prefixlength 1"),
    ] {
        let rule = &expected[priority - 1000];
        let exactly = rule.replace(": ", " ").replace("fwmark 0/", "fwmark 0x0/");
        scene.pod.ip(&format!("rule del pref {exactly}"));
        scene.pod.ip(&format!(
            "rule add pref {priority} from all {other} lookup 100"
        ));
        check().expect_error(110, "lost its rule");
        scene.pod.ip(&format!(
            "rule del pref {priority} from all {other} lookup 100"
        ));
        scene.pod.ip(&format!("rule add pref {exactly}"));
        check().expect_silence();
    }

    // What looks like ours and is not stays.
    let others = [
        "1000: from all iif net2 lookup 100",
        "1002: from all fwmark 0x100/0xf00 lookup 100",
        "1007: from all ipproto udp dport 4790 lookup 100",
        "1009: from all lookup 100 suppress_prefixlength 0",
    ];
    for other in others {
        scene
            .pod
            .ip(&format!("rule add pref {}", other.replacen(':', "", 1)));
    }
    Call::delete(&scene.node, &scene.pod, &configuration)
        .interface("net1")
        .run()
        .expect_silence();
    assert_eq!(
        rules(&scene.pod, "-4"),
        others.map(|other| other.replace("iif net2", "iif net2 [detached]"))
    );
    assert_eq!(rules(&scene.pod, "-6"), [""; 0]);
    for other in others {
        scene
            .pod
            .ip(&format!("rule del pref {}", other.replacen(':', "", 1)));
    }
    before.assert_unchanged();
}

/// A rule that is there already is not ours, whoever made it.
#[test]
fn a_rule_that_was_there_stays() {
    let scene = scene();
    scene
        .pod
        .ip("rule add pref 1000 from all fwmark 0x1 ipproto tcp lookup 100");
    let rule = json!({"step": "rule", "table": 100, "priority": 1000, "mark": 1, "protocol": 6});
    let configuration = network("steered", json!([rule]));
    scene.add(&configuration).run().expect_result();
    scene.node.delete(&scene.pod, &configuration);
    assert_eq!(
        rules(&scene.pod, "-4"),
        ["1000: from all fwmark 0x1 ipproto tcp lookup 100"]
    );
}

/// The routes of a table, next hops behind their route.
fn table(scene: &plumb_hostile::Scene, family: &str) -> Vec<String> {
    shown(&scene.pod, &format!("{family} route show table 100"))
}

#[test]
fn a_route_leads_by_gateways_that_no_route_leads_to() {
    let scene = scene();
    let configuration = network(
        "steered",
        json!([
            {"step": "address", "address": "10.1.0.10/32"},
            {"step": "address", "address": "10.1.0.11/32"},
            {"step": "address", "address": "fd00:1::10/128"},
            {"step": "route", "to": "10.9.0.0/16", "gateway": "169.254.1.1", "onlink": true, "table": 100,
             "source": "10.1.0.11"},
            {"step": "route", "to": "fd00:9::/48", "gateway": "fd00:2::1", "onlink": true, "table": 100,
             "source": "fd00:1::10"},
        ]),
    );
    let before = Oracle::new(&scene.node);
    let result = scene.add(&configuration).run().expect_result();
    assert_eq!(
        table(&scene, "-4"),
        ["10.9.0.0/16 via 169.254.1.1 dev eth0 src 10.1.0.11 onlink"]
    );
    let [six] = &table(&scene, "-6")[..] else {
        panic!("{:?}", table(&scene, "-6"));
    };
    assert!(
        six.starts_with("fd00:9::/48 via fd00:2::1 dev eth0 src fd00:1::10 metric 1024 onlink"),
        "{six}"
    );
    Call::check(&scene.node, &scene.pod, &configuration, &result)
        .run()
        .expect_silence();
    scene.node.delete(&scene.pod, &configuration);
    before.assert_unchanged();
}

#[test]
fn next_hops_share_a_route() {
    let scene = scene();
    let hops = |prefix: &str| {
        json!([
            {"via": format!("{prefix}1"), "weight": 1},
            {"via": format!("{prefix}2"), "weight": 3},
        ])
    };
    let configuration = network(
        "steered",
        json!([
            {"step": "address", "address": "10.1.0.10/24"},
            {"step": "address", "address": "fd00:1::10/64"},
            {"step": "route", "to": "10.9.0.0/16", "hops": hops("10.1.0."), "table": 100},
            {"step": "route", "to": "fd00:9::/48", "hops": hops("fd00:1::"), "table": 100},
        ]),
    );
    let before = Oracle::new(&scene.node);
    let result = scene.add(&configuration).run().expect_result();
    assert_eq!(
        table(&scene, "-4"),
        [
            "10.9.0.0/16",
            "nexthop via 10.1.0.1 dev eth0 weight 1",
            "nexthop via 10.1.0.2 dev eth0 weight 3"
        ]
    );
    let six = table(&scene, "-6").join(" ");
    for hop in [
        "via fd00:1::1 dev eth0 weight 1",
        "via fd00:1::2 dev eth0 weight 3",
    ] {
        assert!(six.contains(hop), "{six}");
    }
    let check = || Call::check(&scene.node, &scene.pod, &configuration, &result).run();
    check().expect_silence();
    scene
        .pod
        .ip("route replace 10.9.0.0/16 via 10.1.0.1 dev eth0 table 100");
    check().expect_error(110, "10.9.0.0/16");
    scene.node.delete(&scene.pod, &configuration);
    before.assert_unchanged();
}

/// What an undo takes is told by all of its next hops: a chained network's routes are not removed with an interface.
#[test]
fn a_route_by_other_next_hops_stays() {
    let scene = scene();
    scene.store.grant("scripted", &["use-previous-link"]);
    let first = network(
        "chain",
        json!([{"step": "address", "address": "10.1.0.10/24"}]),
    );
    let result = scene.add(&first).run().expect_result();
    let steps = json!([
        {"step": "previous", "name": "eth0"},
        {"step": "route", "to": "10.9.0.0/16", "table": 100,
         "hops": [{"via": "10.1.0.1", "weight": 1}, {"via": "10.1.0.2", "weight": 1}]},
    ]);
    let second = crate::scripted::behind(&result, "chain", steps);
    scene.add(&second).run().expect_result();
    scene.pod.ip(
        "route replace 10.9.0.0/16 table 100 proto boot nexthop via 10.1.0.1 dev eth0 weight 1 nexthop via 10.1.0.3 dev eth0",
    );
    scene.node.delete(&scene.pod, &second);
    assert_eq!(table(&scene, "-4").len(), 3);
    scene.node.delete(&scene.pod, &first);
    assert_eq!(table(&scene, "-4"), [""; 0]);
}

#[test]
fn what_no_packet_has_is_refused_by_name() {
    let scene = scene();
    for (step, words) in [
        (
            json!({"step": "rule", "table": 0}),
            "table 0 is no routing table",
        ),
        (
            json!({"step": "rule", "table": 100, "iif": "a/b"}),
            "the name \"a/b\" of a link",
        ),
        (
            json!({"step": "rule", "table": 100, "mark": 0x101, "mask": 0xff}),
            "fwmark 0x101 has bits that its mask 0xff leaves out",
        ),
        (
            json!({"step": "rule", "table": 100, "dports": [443, 65535]}),
            "ports 443 to 65535",
        ),
        (
            json!({"step": "rule", "table": 100, "suppress": 33}),
            "suppress-prefixlength 33",
        ),
        (
            json!({"step": "route", "to": "10.9.0.0/16", "table": 0}),
            "table 0 is no routing table",
        ),
        (
            json!({"step": "route", "to": "10.9.0.0/16", "onlink": true}),
            "a route without a gateway is on the link already",
        ),
        (
            json!({"step": "route", "to": "10.9.0.0/16", "gateway": "10.1.0.1",
                   "hops": [{"via": "10.1.0.2", "weight": 1}]}),
            "one gateway, as 10.1.0.1, or several next hops, as 10.1.0.2",
        ),
        (
            json!({"step": "route", "to": "10.9.0.0/16", "hops": [{"via": "fd00::1", "weight": 1}]}),
            "mixes IPv4 and IPv6",
        ),
    ] {
        let configuration = network("steered", json!([step]));
        let outcome = scene.add(&configuration).run();
        outcome.expect_error(7, words);
    }
}

/// An MTU that the parent does not have, when the interface is made and later.
#[test]
fn a_child_has_no_larger_mtu_than_its_parent() {
    let scene = scene();
    let most = ip::link(None, "nic0").expect("nic0")["mtu"]
        .as_u64()
        .expect("its MTU");
    for steps in [
        json!([{"step": "macvlan", "master": "nic0", "mtu": most + 1}]),
        json!([{"step": "macvlan", "master": "nic0"}, {"step": "mtu", "mtu": most + 1}]),
    ] {
        let words = format!(
            "mtu {} of the macvlan is above that of its parent nic0, which has {most}",
            most + 1
        );
        scene
            .add(&alone("steered", steps))
            .run()
            .expect_error(7, &words);
    }
    let steps = json!([{"step": "macvlan", "master": "nic0"}, {"step": "mtu", "mtu": most}]);
    scene.add(&alone("steered", steps)).run().expect_result();
}
