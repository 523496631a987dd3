//! Rails: each interface of a pod answers by itself, whatever others the pod has.

use cni_harness::{Call, Oracle, Pod, ip};
use plumb_tests::Faults;
use plumb_tests::configuration::{host_local, with};
use serde_json::{Value, json};

use crate::fabric::{add, check, delete, network, node_with, rules, table, way};

/// More steps than an attachment has.
const STEPS: usize = 80;

/// What routes a pod: rules and routes of all tables.
fn routing(pod: &Pod) -> Vec<String> {
    let of = |family: &str| {
        let mut all = rules(pod, family);
        for route in ip::json(Some(pod.name()), &format!("{family} route show table all")) {
            // The kernel enters a link-local address when it has found that nobody else has it.
            if route["table"] != "local" {
                all.push(route.to_string());
            }
        }
        all
    };
    [of("-4"), of("-6")].concat()
}

#[test]
fn one_rail_has_its_table_and_the_pod_keeps_its_default_route() {
    let (node, routers, pod) = node_with(1);
    let before = routing(&pod);
    let clean = Oracle::new(&node);
    let net1 = network(1, json!({}));
    let result = add(&node, &pod, &net1, "net1");

    assert_eq!(
        rules(&pod, "-4"),
        [
            "32764: from 10.244.0.5 lookup 99",
            "32765: from 172.16.11.10 lookup 100"
        ]
    );
    assert_eq!(
        table(&pod, "-4", "100"),
        [
            "default via 172.16.11.254 dev net1",
            "172.16.11.0/24 dev net1 src 172.16.11.10"
        ]
    );
    assert_eq!(
        table(&pod, "-4", "main"),
        [
            "default via 169.254.1.1 dev eth0",
            "169.254.1.1 dev eth0",
            "172.16.11.0/24 dev net1 src 172.16.11.10"
        ]
    );
    assert_eq!(
        table(&pod, "-4", "99"),
        ["default via 169.254.1.1 dev eth0", "169.254.1.1 dev eth0"]
    );
    assert_eq!(
        rules(&pod, "-6"),
        [
            "32764: from fd00:244::5 lookup 99",
            "32765: from fd00:11::10 lookup 100"
        ]
    );
    let mut own = table(&pod, "-6", "100");
    own.sort();
    assert_eq!(
        own,
        [
            "default via fd00:11::ff dev net1",
            "fd00:11::/64 dev net1 src fd00:11::10"
        ]
    );

    routers[0].answers(&pod, "172.16.11.10", "172.16.21.7");
    routers[0].answers(&pod, "fd00:11::10", "fd00:21::7");
    assert_eq!(way(&pod, "8.8.8.8", ""), "eth0");
    // A neighbour of the rail's own network is not sent to its gateway.
    let neighbour = &ip::json(Some(pod.name()), "route get 172.16.11.77 from 172.16.11.10")[0];
    assert!(neighbour.get("gateway").is_none(), "{neighbour}");

    check(&node, &pod, &net1, &result, "net1");
    delete(&node, &pod, &net1, "net1");
    assert_eq!(routing(&pod), before);
    clean.assert_unchanged();
}

#[test]
fn eight_rails_reach_their_leaves_and_none_crosses() {
    let (node, routers, pod) = node_with(8);
    let before = routing(&pod);
    let rails: Vec<(String, Value, Value)> = (1..=8)
        .map(|rail| {
            let (interface, network) = (format!("net{rail}"), network(rail, json!({})));
            let result = add(&node, &pod, &network, &interface);
            (interface, network, result)
        })
        .collect();
    let expected: Vec<String> = std::iter::once("32764: from 10.244.0.5 lookup 99".to_owned())
        .chain((1..=8).map(|rail| format!("32765: from 172.16.1{rail}.10 lookup {}", 99 + rail)))
        .collect();
    let mut found = rules(&pod, "-4");
    found.sort();
    assert_eq!(found, expected);
    let defaults: Vec<String> = table(&pod, "-4", "main")
        .into_iter()
        .filter(|route| route.contains("via"))
        .collect();
    assert_eq!(defaults, ["default via 169.254.1.1 dev eth0"]);
    assert_eq!(table(&pod, "-4", "main").len(), 2 + 8);

    for (rail, router) in (1..=8).zip(&routers) {
        router.answers(
            &pod,
            &format!("172.16.1{rail}.10"),
            &format!("172.16.2{rail}.7"),
        );
        router.answers(
            &pod,
            &format!("fd00:1{rail}::10"),
            &format!("fd00:2{rail}::7"),
        );
        // Whatever the destination, its source decides.
        for other in 1..=8 {
            let source = format!("172.16.1{rail}.10");
            assert_eq!(
                way(&pod, &format!("172.16.2{other}.7"), &source),
                format!("net{rail}")
            );
        }
    }
    // A node with an address in a rail's network asks by the cluster's network, and gets its answer there.
    for rail in 1..=8 {
        assert_eq!(
            way(&pod, &format!("172.16.1{rail}.200"), "10.244.0.5"),
            "eth0"
        );
    }
    for (interface, network, result) in &rails {
        check(&node, &pod, network, result, interface);
    }
    for (number, (interface, network, _)) in rails.iter().enumerate() {
        delete(&node, &pod, network, interface);
        for (interface, network, result) in &rails[number + 1..] {
            check(&node, &pod, network, result, interface);
        }
    }
    assert_eq!(routing(&pod), before);
}

#[test]
fn an_answer_to_a_node_with_an_address_of_a_rail_leaves_by_the_way_of_the_question() {
    let (node, _routers, pod) = node_with(1);
    ip::batch(None, "address add 172.16.11.200/24 dev nic0\n");
    add(&node, &pod, &network(1, json!({})), "net1");
    // The kubelet's probe: from the node, with the address of the interface that its own routes choose.
    let asked = std::net::UdpSocket::bind("172.16.11.200:0").unwrap();
    asked
        .set_read_timeout(Some(std::time::Duration::from_secs(5)))
        .unwrap();
    let pod_side = pod.inside(|| std::net::UdpSocket::bind("10.244.0.5:0").unwrap());
    asked
        .send_to(b"probe", pod_side.local_addr().unwrap())
        .unwrap();
    let mut buffer = [0; 8];
    let (_, sender) = pod_side.recv_from(&mut buffer).unwrap();
    assert_eq!(sender.ip().to_string(), "172.16.11.200");
    pod_side.send_to(b"alive", sender).unwrap();
    assert_eq!(asked.recv_from(&mut buffer).expect("the answer").0, 5);
}

#[test]
fn rails_come_and_go_in_any_order() {
    let (node, _routers, pod) = node_with(3);
    let before = routing(&pod);
    let networks: Vec<Value> = (1..=3).map(|rail| network(rail, json!({}))).collect();
    let mut results = vec![Value::Null; 3];
    for rail in [2, 0, 1] {
        results[rail] = add(&node, &pod, &networks[rail], &format!("net{}", rail + 1));
    }
    for rail in 1..=3 {
        let default = format!("default via 172.16.1{rail}.254 dev net{rail}");
        assert_eq!(table(&pod, "-4", &(99 + rail).to_string())[0], default);
    }
    delete(&node, &pod, &networks[0], "net1");
    assert_eq!(
        rules(&pod, "-4").len(),
        3,
        "the primary one's and two rails'"
    );
    for rail in [1, 2] {
        check(
            &node,
            &pod,
            &networks[rail],
            &results[rail],
            &format!("net{}", rail + 1),
        );
    }
    // Again: its table is free again.
    results[0] = add(&node, &pod, &networks[0], "net1");
    assert_eq!(
        table(&pod, "-4", "100")[0],
        "default via 172.16.11.254 dev net1"
    );
    for rail in [1, 0, 2] {
        delete(&node, &pod, &networks[rail], &format!("net{}", rail + 1));
    }
    assert_eq!(routing(&pod), before);
}

/// What the replaced coordinator counts is what is up: two rails shared a table when one was down.
#[test]
fn a_rail_that_is_down_keeps_its_table() {
    let (node, _routers, pod) = node_with(2);
    add(&node, &pod, &network(1, json!({})), "rail1");
    pod.ip("link set rail1 down");
    ip::batch(None, "link set rail2 down\n");
    add(&node, &pod, &network(2, json!({})), "net1");
    assert_eq!(
        table(&pod, "-4", "101"),
        [
            "default via 172.16.12.254 dev net1",
            "172.16.12.0/24 dev net1 src 172.16.12.10"
        ]
    );
    let mut found = rules(&pod, "-4");
    found.sort();
    assert_eq!(
        found,
        [
            "32764: from 10.244.0.5 lookup 99",
            "32765: from 172.16.11.10 lookup 100",
            "32765: from 172.16.12.10 lookup 101"
        ]
    );
}

/// Rails in one network, and in that of the host.
#[test]
fn rails_of_one_network_answer_each_for_itself() {
    let (node, _routers, pod) = node_with(1);
    ip::batch(None, "address add 172.16.11.200/24 dev rail1\n");
    let rail = network(1, json!({}));
    add(&node, &pod, &rail, "net1");
    add(&node, &pod, &rail, "net2");
    assert_eq!(way(&pod, "172.16.11.254", "172.16.11.10"), "net1");
    assert_eq!(way(&pod, "172.16.11.254", "172.16.11.11"), "net2");
    for interface in ["net1", "net2"] {
        for (name, value) in [("arp_ignore", "1"), ("arp_announce", "2")] {
            assert_eq!(sysctl(&pod, interface, name), value, "{interface} {name}");
        }
    }
}

fn sysctl(pod: &Pod, interface: &str, name: &str) -> String {
    pod.inside(|| {
        let path = format!("/proc/sys/net/ipv4/conf/{interface}/{name}");
        std::fs::read_to_string(path)
            .expect("a sysctl")
            .trim()
            .to_owned()
    })
}

fn set_sysctl(pod: &Pod, interface: &str, name: &str, value: &str) {
    let path = format!("/proc/sys/net/ipv4/conf/{interface}/{name}");
    pod.inside(|| std::fs::write(path, value).expect("write a sysctl"));
}

/// The larger of an interface's own value and that of `all` holds.
#[test]
fn sysctls_are_set_where_they_are_not_in_effect_already() {
    let (node, _routers, pod) = node_with(3);
    for (interface, value) in [("all", "0"), ("default", "1")] {
        set_sysctl(&pod, interface, "rp_filter", value);
    }
    set_sysctl(&pod, "all", "arp_ignore", "2");
    add(&node, &pod, &network(1, json!({})), "net1");
    assert_eq!(
        sysctl(&pod, "net1", "rp_filter"),
        "2",
        "a strict check becomes loose"
    );
    assert_eq!(sysctl(&pod, "net1", "arp_ignore"), "0", "all has more");
    add(&node, &pod, &network(2, json!({"rpFilter": 0})), "net2");
    assert_eq!(sysctl(&pod, "net2", "rp_filter"), "0");
    set_sysctl(&pod, "all", "rp_filter", "1");
    add(&node, &pod, &network(3, json!({"rpFilter": 0})), "net3");
    assert_eq!(
        sysctl(&pod, "net3", "rp_filter"),
        "2",
        "not below what all has, and not strict"
    );
}

#[test]
fn check_finds_what_keeps_a_rail_apart() {
    let (node, _routers, pod) = node_with(1);
    let net1 = network(1, json!({}));
    let result = add(&node, &pod, &net1, "net1");
    for (break_it, mend_it, expected) in [
        (
            "rule delete from 172.16.11.10 lookup 100 priority 32765",
            "rule add from 172.16.11.10 lookup 100 priority 32765",
            "lost its rule from 172.16.11.10/32 lookup 100",
        ),
        (
            "route delete default via 172.16.11.254 dev net1 table 100",
            "route add default via 172.16.11.254 dev net1 table 100",
            "lost its route default (ipv4) via 172.16.11.254 table 100",
        ),
        (
            "route delete 172.16.11.0/24 dev net1 table 100",
            "route add 172.16.11.0/24 dev net1 table 100 src 172.16.11.10 scope link",
            "lost its route 172.16.11.0/24",
        ),
        (
            "rule delete from 10.244.0.5 lookup 99 priority 32764",
            "rule add from 10.244.0.5 lookup 99 priority 32764",
            "by which answers of eth0 leave by it",
        ),
        (
            "route delete default via 169.254.1.1 dev eth0 table 99",
            "route add default via 169.254.1.1 dev eth0 table 99",
            "via 169.254.1.1 table 99 by interface eth0",
        ),
    ] {
        pod.ip(break_it);
        Call::check(&node, &pod, &net1, &result)
            .interface("net1")
            .run()
            .expect_error(110, expected);
        pod.ip(mend_it);
        check(&node, &pod, &net1, &result, "net1");
    }
    set_sysctl(&pod, "net1", "arp_announce", "0");
    Call::check(&node, &pod, &net1, &result)
        .interface("net1")
        .run()
        .expect_error(
            110,
            "net.ipv4.conf.net1.arp_announce is 0 in the pod, where ADD left 2",
        );
}

/// Multus sets the default route that an annotation names after the ADD, and takes that of the cluster's network away.
#[test]
fn a_default_route_that_moves_to_a_rail_leaves_the_primary_one_its_answers() {
    let (node, routers, pod) = node_with(2);
    let networks = [network(1, json!({})), network(2, json!({}))];
    let first = add(&node, &pod, &networks[0], "net1");
    pod.ip("route delete default via 169.254.1.1 dev eth0");
    pod.ip("route add default via 172.16.11.254 dev net1");
    let second = add(&node, &pod, &networks[1], "net2");
    assert_eq!(way(&pod, "8.8.8.8", ""), "net1");
    assert_eq!(way(&pod, "8.8.8.8", "10.244.0.5"), "eth0");
    assert_eq!(way(&pod, "8.8.8.8", "172.16.12.10"), "net2");
    routers[1].answers(&pod, "172.16.12.10", "172.16.22.7");
    check(&node, &pod, &networks[0], &first, "net1");
    check(&node, &pod, &networks[1], &second, "net2");
}

#[test]
fn what_becomes_of_the_default_route_is_the_networks_to_say() {
    let (node, _routers, pod) = node_with(3);
    add(
        &node,
        &pod,
        &network(1, json!({"disposition": "keep"})),
        "net1",
    );
    assert_eq!(way(&pod, "8.8.8.8", ""), "eth0");
    assert!(
        table(&pod, "-4", "main")
            .contains(&"default via 172.16.11.254 dev net1 metric 4096".to_owned())
    );
    add(
        &node,
        &pod,
        &network(2, json!({"disposition": "copy"})),
        "net2",
    );
    assert_eq!(way(&pod, "8.8.8.8", ""), "net2");
    assert_eq!(way(&pod, "8.8.8.8", "172.16.11.10"), "net1");
    add(
        &node,
        &pod,
        &network(3, json!({"table": 1000, "disposition": "move"})),
        "net3",
    );
    assert_eq!(way(&pod, "8.8.8.8", ""), "net2");
    assert_eq!(
        table(&pod, "-4", "1000")[0],
        "default via 172.16.13.254 dev net3"
    );
    Call::add(
        &node,
        &pod,
        &with(network(1, json!({"table": 1000})), json!({"name": "other"})),
    )
    .interface("net4")
    .run()
    .expect_error(7, "interface net3 has it");
}

/// RDMA-CM looks a destination up before it has a source.
#[test]
fn the_networks_of_all_rails_are_reached_by_the_one_that_came_first() {
    let (node, routers, pod) = node_with(2);
    let wish = json!({"rdmaRoutes": ["172.16.0.0/16", "fd00::/16"]});
    let networks = [network(1, wish.clone()), network(2, wish)];
    let results = [
        add(&node, &pod, &networks[0], "net1"),
        add(&node, &pod, &networks[1], "net2"),
    ];
    assert_eq!(way(&pod, "172.16.22.7", ""), "net1");
    assert_eq!(way(&pod, "fd00:22::7", ""), "net1");
    assert_eq!(
        way(&pod, "172.16.12.77", ""),
        "net2",
        "what is connected needs no gateway"
    );
    assert_eq!(way(&pod, "8.8.8.8", ""), "eth0");
    let main = table(&pod, "-4", "main");
    assert_eq!(
        main.iter()
            .filter(|route| route.starts_with("172.16.0.0/16"))
            .count(),
        1,
        "{main:?}"
    );
    routers[0].answers(&pod, "172.16.11.10", "172.16.21.7");
    check(&node, &pod, &networks[1], &results[1], "net2");
    delete(&node, &pod, &networks[1], "net2");
    check(&node, &pod, &networks[0], &results[0], "net1");
}

#[test]
fn a_result_says_a_rails_route_with_its_table_or_not_at_all() {
    let (node, _routers, pod) = node_with(1);
    let rail = network(1, json!({}));
    let result = add(&node, &pod, &rail, "net1");
    let route = result["routes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|route| route["dst"] == "0.0.0.0/0")
        .unwrap();
    assert_eq!(
        (&route["gw"], &route["table"]),
        (&json!("172.16.11.254"), &json!(100))
    );
    delete(&node, &pod, &rail, "net1");
    for version in ["0.2.0", "0.3.1", "1.0.0"] {
        let old = with(rail.clone(), json!({"cniVersion": version}));
        let result = add(&node, &pod, &old, "net1");
        assert!(
            !result.to_string().contains("0.0.0.0/0"),
            "{version}: {result}"
        );
        delete(&node, &pod, &old, "net1");
    }
}

#[test]
fn addresses_of_another_ipam_plugin_make_a_rail_as_well() {
    let (node, _routers, pod) = node_with(1);
    let before = routing(&pod);
    let delegated = with(
        network(1, json!({})),
        json!({"cniVersion": "1.0.0", "ipam": host_local()}),
    );
    let result = add(&node, &pod, &delegated, "net1");
    let address = ip::addresses(Some(pod.name()), "net1");
    assert_eq!(address.len(), 2, "{address:?}");
    assert_eq!(
        table(&pod, "-4", "100"),
        [
            "default via 10.2.0.1 dev net1",
            "10.2.0.0/24 dev net1 src 10.2.0.2"
        ]
    );
    assert_eq!(way(&pod, "8.8.8.8", ""), "eth0");
    assert_eq!(way(&pod, "8.8.8.8", "10.2.0.2"), "net1");
    assert_eq!(
        way(&pod, "2001:db8::1", "fd00:2::2"),
        "net1",
        "by the gateway, though no route was given"
    );
    check(&node, &pod, &delegated, &result, "net1");
    delete(&node, &pod, &delegated, "net1");
    assert_eq!(routing(&pod), before);
}

#[test]
fn a_pod_without_another_interface_is_routed_by_its_rail() {
    let (node, routers, _pod) = node_with(1);
    let pod = node.pod();
    let rail = network(1, json!({"disposition": "copy"}));
    let result = add(&node, &pod, &rail, "eth0");
    assert_eq!(rules(&pod, "-4"), ["32765: from 172.16.11.10 lookup 100"]);
    assert_eq!(way(&pod, "8.8.8.8", ""), "eth0");
    routers[0].answers(&pod, "172.16.11.10", "172.16.21.7");
    check(&node, &pod, &rail, &result, "eth0");
}

#[test]
fn an_add_that_ends_at_any_step_leaves_no_rule_and_no_table() {
    let (node, _routers, pod) = node_with(2);
    let networks = [
        network(1, json!({"rdmaRoutes": ["172.16.0.0/16"]})),
        network(2, json!({})),
    ];
    for rail in [0, 1] {
        // The second time the pod has a rail already, which must not lose anything.
        let before = routing(&pod);
        let interface = format!("net{}", rail + 1);
        for (kind, moment) in [("kill", ":intent"), ("kill", ":done"), ("fail", "")] {
            let steps = (1..STEPS).find(|number| {
                let outcome = Call::add(&node, &pod, &networks[rail])
                    .interface(&interface)
                    .fault(&format!("{kind}:{number}{moment}"))
                    .run();
                if !outcome.succeeded() && kind == "kill" {
                    assert!(outcome.was_killed(), "{outcome}");
                    add(&node, &pod, &networks[rail], &interface);
                }
                delete(&node, &pod, &networks[rail], &interface);
                assert_eq!(
                    routing(&pod),
                    before,
                    "{kind} {moment} at step {number} of {interface}"
                );
                outcome.succeeded()
            });
            assert!(
                steps.is_some_and(|last| last > 15),
                "too few steps: {steps:?}"
            );
        }
        add(&node, &pod, &networks[rail], &interface);
    }
}
