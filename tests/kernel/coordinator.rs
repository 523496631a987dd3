//! The type `coordinator` behind another plugin in a chain, as Spiderpool's controller writes it.

use cni_harness::{Call, Node, Oracle, Pod};
use plumb_tests::Faults;
use plumb_tests::configuration::with;
use serde_json::{Value, json};

use crate::fabric::{self, network, node_with, rules, table, way};

/// More steps than an attachment has.
const STEPS: usize = 40;

/// The two plugins of a chain on a rail, as the runtime sends them one after the other.
pub struct Chain {
    pub first: Value,
    pub coordinator: Value,
}

impl Chain {
    pub fn new(rail: u32, keys: Value) -> Self {
        let first = with(network(rail, Value::Null), json!({"cniVersion": "1.0.0"}));
        let rendered = json!({
            "cniVersion": "1.0.0", "name": format!("rail{rail}"),
            "type": "coordinator", "mode": "auto", "tunePodRoutes": true,
        });
        Self {
            first,
            coordinator: with(rendered, keys),
        }
    }

    fn of_version(self, version: &str) -> Self {
        let version = json!({"cniVersion": version});
        Self {
            first: with(self.first, version.clone()),
            coordinator: with(self.coordinator, version),
        }
    }

    /// With the result of the plugin before.
    pub fn behind(&self, result: &Value) -> Value {
        with(self.coordinator.clone(), json!({"prevResult": result}))
    }

    #[track_caller]
    pub fn add(&self, node: &Node, pod: &Pod, interface: &str) -> Value {
        let result = fabric::add(node, pod, &self.first, interface);
        fabric::add(node, pod, &self.behind(&result), interface)
    }

    #[track_caller]
    pub fn check(&self, node: &Node, pod: &Pod, result: &Value, interface: &str) {
        for plugin in [&self.first, &self.coordinator] {
            fabric::check(node, pod, plugin, result, interface);
        }
    }

    #[track_caller]
    pub fn delete(&self, node: &Node, pod: &Pod, interface: &str) {
        for plugin in [&self.coordinator, &self.first] {
            fabric::delete(node, pod, plugin, interface);
        }
    }
}

#[test]
fn the_default_route_of_the_chain_moves_to_the_rails_table() {
    let (node, routers, pod) = node_with(2);
    let clean = Oracle::new(&node);
    let before = [table(&pod, "-4", "main"), table(&pod, "-6", "main")];
    let chains = [Chain::new(1, json!({})), Chain::new(2, json!({}))];
    let results = [
        chains[0].add(&node, &pod, "net1"),
        chains[1].add(&node, &pod, "net2"),
    ];
    assert_eq!(
        rules(&pod, "-4"),
        [
            "32764: from 10.244.0.5 lookup 99",
            "32765: from 172.16.11.10 lookup 100",
            "32765: from 172.16.12.10 lookup 101"
        ]
    );
    assert_eq!(
        table(&pod, "-4", "100"),
        [
            "default via 172.16.11.254 dev net1",
            "172.16.11.0/24 dev net1 src 172.16.11.10"
        ]
    );
    assert_eq!(way(&pod, "8.8.8.8", ""), "eth0");
    assert_eq!(way(&pod, "2001:db8::1", ""), "eth0");
    assert_eq!(way(&pod, "2001:db8::1", "fd00:12::10"), "net2");
    for (rail, router) in (1..=2).zip(&routers) {
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
    }
    // What a reader takes for routes of the whole pod is not among those of the result.
    assert!(
        !results[0].to_string().contains("0.0.0.0/0"),
        "{}",
        results[0]
    );
    assert_eq!(results[0]["ips"].as_array().unwrap().len(), 2);
    for (chain, (result, interface)) in chains.iter().zip(results.iter().zip(["net1", "net2"])) {
        chain.check(&node, &pod, result, interface);
    }
    pod.ip("route delete default via 172.16.11.254 dev net1 table 100");
    Call::check(&node, &pod, &chains[0].coordinator, &results[0])
        .interface("net1")
        .run()
        .expect_error(
            110,
            "lost its route default (ipv4) via 172.16.11.254 table 100",
        );
    chains[0].delete(&node, &pod, "net1");
    chains[1].check(&node, &pod, &results[1], "net2");
    chains[1].delete(&node, &pod, "net2");
    assert_eq!(
        [table(&pod, "-4", "main"), table(&pod, "-6", "main")],
        before
    );
    clean.assert_unchanged();
}

#[test]
fn a_result_of_version_1_1_has_the_route_with_its_table() {
    let (node, _routers, pod) = node_with(1);
    let chain = Chain::new(1, json!({})).of_version("1.1.0");
    let result = chain.add(&node, &pod, "net1");
    let routes = result["routes"].as_array().unwrap();
    assert!(!routes.is_empty());
    assert!(routes.iter().all(|route| route["table"] == 100), "{result}");
    chain.check(&node, &pod, &result, "net1");
}

/// What the coordinator undoes is what it did: the plugin before it is undone by itself.
#[test]
fn its_del_gives_the_default_route_back() {
    let (node, _routers, pod) = node_with(1);
    let chain = Chain::new(1, json!({}));
    let first = fabric::add(&node, &pod, &chain.first, "net1");
    let before = [table(&pod, "-4", "main"), table(&pod, "-6", "main")];
    for (kind, moment) in [("kill", ":intent"), ("kill", ":done"), ("fail", "")] {
        let steps = (1..STEPS).find(|number| {
            let behind = chain.behind(&first);
            let outcome = Call::add(&node, &pod, &behind)
                .interface("net1")
                .fault(&format!("{kind}:{number}{moment}"))
                .run();
            assert_eq!(
                outcome.was_killed(),
                !outcome.succeeded() && kind == "kill",
                "{outcome}"
            );
            fabric::delete(&node, &pod, &chain.coordinator, "net1");
            assert_eq!(
                rules(&pod, "-4"),
                [""; 0],
                "{kind}{moment} at step {number}"
            );
            let after = [table(&pod, "-4", "main"), table(&pod, "-6", "main")];
            assert_eq!(after, before, "{kind}{moment} at step {number}");
            outcome.succeeded()
        });
        assert!(
            steps.is_some_and(|last| last > 8),
            "too few steps: {steps:?}"
        );
    }
}

#[test]
fn each_key_of_the_replaced_plugin_is_understood() {
    let (node, _routers, pod) = node_with(2);
    let chain = Chain::new(
        1,
        json!({
            "mode": "overlay", "podDefaultRouteNic": "net1", "hostRuleTable": 500, "podRPFilter": 0,
            "txQueueLen": 2000, "podMACPrefix": "0a:1b", "overlayPodCIDR": ["10.244.0.0/16"],
            "serviceCIDR": ["10.96.0.0/12"], "hijackCIDR": ["169.254.0.0/16"], "vethLinkAddress": "",
            "vethMTU": 1500, "policyRoutes": [{"dst": "10.6.0.0/16", "gw": "172.16.11.253"}],
            "detectGateway": false, "logOptions": {"logLevel": "debug"}, "logLevel": "info",
        }),
    );
    let first = fabric::add(&node, &pod, &chain.first, "net1");
    let outcome = Call::add(&node, &pod, &chain.behind(&first))
        .interface("net1")
        .run();
    let result = outcome.expect_result();
    let link = pod.link("net1").unwrap();
    assert_eq!(
        (&link["txqlen"], &link["address"]),
        (&json!(2000), &json!("0a:1b:ac:10:0b:0a"))
    );
    assert_eq!(result["interfaces"][0]["mac"], link["address"]);
    assert!(
        table(&pod, "-4", "100").contains(&"10.6.0.0/16 via 172.16.11.253 dev net1".to_owned())
    );
    assert_eq!(
        way(&pod, "8.8.8.8", ""),
        "net1",
        "it keeps the default route"
    );
    assert_eq!(way(&pod, "8.8.8.8", "10.244.0.5"), "eth0");
    for key in [
        "overlayPodCIDR",
        "serviceCIDR",
        "hijackCIDR",
        "hostRuleTable",
        "vethMTU",
    ] {
        assert!(
            outcome.stderr.contains(&format!("{key:?} has no effect")),
            "{key}: {}",
            outcome.stderr
        );
    }
    assert!(
        !outcome.stderr.contains("vethLinkAddress"),
        "{}",
        outcome.stderr
    );
    chain.check(&node, &pod, &result, "net1");

    // An interface that is still to come is not waited for.
    let chain = Chain::new(2, json!({"podDefaultRouteNic": "net7"}));
    chain.add(&node, &pod, "net2");
    assert_eq!(way(&pod, "8.8.8.8", "172.16.12.10"), "net2");
}

#[test]
fn it_does_nothing_where_it_is_told_so_or_has_nothing_to_do() {
    let (node, _routers, pod) = node_with(1);
    for (keys, interface) in [
        (json!({"mode": "disable"}), "net1"),
        (json!({"mode": "disabled"}), "net1"),
        (json!({"tunePodRoutes": false}), "net1"),
    ] {
        let chain = Chain::new(1, keys.clone());
        let result = chain.add(&node, &pod, interface);
        assert_eq!(rules(&pod, "-4"), [""; 0], "{keys}");
        assert_eq!(way(&pod, "8.8.8.8", ""), "net1", "{keys}");
        chain.check(&node, &pod, &result, interface);
        chain.delete(&node, &pod, interface);
    }
    // On the interface of the cluster's own network, which another plugin has made and routed.
    let chain = Chain::new(1, json!({"mode": "overlay"}));
    let result = json!({"cniVersion": "1.0.0", "interfaces": [{"name": "eth0", "sandbox": pod.path()}],
                        "ips": [{"address": "10.244.0.5/32", "interface": 0}]});
    fabric::add(&node, &pod, &chain.behind(&result), "eth0");
    assert_eq!(rules(&pod, "-4"), [""; 0]);
}

#[test]
fn what_it_cannot_do_is_said() {
    let (node, _routers, pod) = node_with(1);
    let chain = Chain::new(1, json!({}));
    Call::add(&node, &pod, &chain.coordinator)
        .interface("net1")
        .run()
        .expect_error(
            7,
            "the pod has no net1 yet: put the plugin that makes it first",
        );
    for (keys, expected) in [
        (json!({"mode": "overlai"}), "did you mean \"overlay\"?"),
        (
            json!({"tunePodRoutes": "yes"}),
            "must be true or false, not \"yes\"",
        ),
        (json!({"podMACPrefix": "01:1b"}), "of one interface"),
        (json!({"podRPFilter": 3}), "0, 1, 2, or negative"),
        (
            json!({"policyRoutes": [{"dst": "10.6.0.0/16", "gw": "fd00::1"}]}),
            "each of one family",
        ),
        (json!({"txQueueLen": -1}), "a number of packets"),
        (
            json!({"gatewayCheck": "fail"}),
            "beside the plugin that gives the interface",
        ),
        (
            json!({"conflictCheck": true}),
            "beside the plugin that gives the interface",
        ),
    ] {
        let chain = Chain::new(1, keys);
        Call::add(&node, &pod, &chain.coordinator)
            .interface("net1")
            .run()
            .expect_error(7, expected);
    }
}

#[test]
fn both_plugins_of_a_chain_are_shown_and_the_route_that_moved_is_not_missed() {
    let (node, _routers, pod) = node_with(1);
    Chain::new(1, json!({})).add(&node, &pod, "net1");
    let text = crate::show::shown(pod.container());
    for words in [
        "network rail1: attached",
        "network rail1 (plugin coordinator): attached",
        "route default (ipv4) via 172.16.11.254 table 100",
    ] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
    assert!(!text.contains('!'), "nothing is amiss: {text}");
    pod.ip("route delete default table 100");
    let text = crate::show::shown(pod.container());
    assert!(
        text.contains("! record says route default (ipv4) via 172.16.11.254 table 100, the pod has no such route"),
        "{text}"
    );
}

/// The CNI project's `tuning` as the last plugin, as Spiderpool's controller writes it where a network has an MTU: what it
/// changes of the interface is its own, and is not missed.
#[test]
fn another_plugin_may_follow_it_in_the_chain() {
    // Before the node, which has no way to the sources that it may be built from.
    let program = plumb_tests::peers::plugins().join("tuning");
    let (node, _routers, pod) = node_with(1);
    let clean = Oracle::new(&node);
    let chain = Chain::new(1, json!({}));
    let tuning = json!({"cniVersion": "1.0.0", "name": "rail1", "type": "tuning", "mtu": 1400});
    let behind = |result: &Value| with(tuning.clone(), json!({"prevResult": result}));
    let tune = |verb: &str, result: &Value| {
        let call = Call::new(&node, verb, &behind(result)).pod(&pod);
        call.interface("net1").program(&program).run()
    };
    let result = chain.add(&node, &pod, "net1");
    let result = tune("ADD", &result).expect_result();
    let net1 = pod.link("net1").expect("it is there");
    assert_eq!(net1["mtu"], 1400);
    assert_eq!(way(&pod, "8.8.8.8", ""), "eth0");
    assert_eq!(way(&pod, "8.8.8.8", "172.16.11.10"), "net1");
    chain.check(&node, &pod, &result, "net1");
    tune("CHECK", &result).expect_silence();
    tune("DEL", &result).expect_silence();
    chain.delete(&node, &pod, "net1");
    clean.assert_unchanged();
}
