//! A pod whose first interface is on the fabric: the node reaches it, and it the node and the cluster, by a second one.

use cni_harness::{Call, Node, Oracle, Pod, ip, wait};
use plumb_tests::{Faults, policy};
use serde_json::{Value, json};

use crate::coordinator::Chain;
use crate::fabric::{self, Router, socket, table, talk, way};
use crate::show::{plumbctl, shown};

/// More steps than an attachment has.
const STEPS: usize = 60;

/// The node's addresses, on an interface that is none of a pod's.
const NODE: [&str; 2] = ["192.168.50.1", "fd00:50::1"];
/// Those of the pod.
const POD: [&str; 2] = ["172.16.11.10", "fd00:11::10"];
/// What answers on the node as a service of the cluster would.
const SERVICE: [&str; 2] = ["10.233.0.1", "fd00:233::1"];

/// A node with an address of its own, on a veth as where the node is a container, a rail, and a service; and somebody outside of the cluster who is routed by it.
fn node() -> (Node, Router, Pod) {
    let node = plumb_tests::node();
    let router = Router::new(&node, 1);
    let outside = node.pod();
    let name = outside.name();
    ip::batch(
        None,
        &format!(
            "link add mgmt0 type veth peer name mgmt1\n\
             link set mgmt0 addrgenmode none\n\
             link set mgmt1 addrgenmode none\n\
             link set mgmt0 up\n\
             link set mgmt1 up\n\
             address add 192.168.50.1/24 dev mgmt0\n\
             address add fd00:50::1/64 dev mgmt0 nodad\n\
             route add default via 192.168.50.254 dev mgmt0\n\
             link add out0 type veth peer name eth0 netns {name}\n\
             link set out0 up\n\
             address add 203.0.113.1/24 dev out0\n\
             address add fd00:113::1/64 dev out0 nodad\n\
             address add 10.233.0.1/32 dev out0\n\
             address add fd00:233::1/128 dev out0 nodad\n"
        ),
    );
    ip::batch(
        Some(name),
        "link set eth0 up\n\
         address add 203.0.113.7/24 dev eth0\n\
         address add fd00:113::7/64 dev eth0 nodad\n\
         route add default via 203.0.113.1\n\
         route add default via fd00:113::1\n",
    );
    for path in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] {
        std::fs::write(format!("/proc/sys/net/{path}"), "1").expect("let the node forward");
    }
    // The kernel adds them when nobody waits for it, and what comes later would count as left behind.
    wait::until("the node's IPv6 addresses have their local routes", || {
        let routes = ip::json(None, "-6 route show table local");
        let has = |address: &&str| routes.iter().any(|route| route["dst"] == **address);
        ["fd00:50::1", "fd00:113::1", "fd00:233::1"].iter().all(has)
    });
    (node, router, outside)
}

fn chain() -> Chain {
    Chain::new(
        1,
        json!({"mode": "auto", "serviceCIDR": ["10.233.0.0/18", "fd00:233::/108"], "overlayPodCIDR": ["10.244.0.0/16"],
               "hijackCIDR": ["169.254.0.0/16"]}),
    )
}

/// The rules of the host or a pod that every namespace has not.
fn rules(place: Option<&str>, family: &str) -> Vec<String> {
    let text = |rule: &Value| {
        let mark = match rule["fwmark"].as_str() {
            Some(mark) => format!(" fwmark {mark}"),
            None => String::new(),
        };
        format!(
            "{}: from {}{mark} lookup {}",
            rule["priority"],
            rule["src"].as_str().unwrap_or("-"),
            rule["table"].as_str().unwrap_or("-")
        )
    };
    ip::json(place, &format!("{family} rule show"))
        .iter()
        .map(text)
        .filter(|rule| {
            !["local", "main", "default"]
                .iter()
                .any(|usual| rule.ends_with(usual))
        })
        .collect()
}

/// The host's end of a pod's pair.
fn host_end(pod: &Pod) -> String {
    let container = pod.container();
    format!("veth{}", &container[container.len() - 11..])
}

/// The routes that lead the node to pods.
fn host_routes() -> Vec<String> {
    let mut routes = Vec::new();
    for family in ["-4", "-6"] {
        for route in ip::json(None, &format!("{family} route show table all")) {
            if route["table"] == "500" {
                let text = |key: &str| route[key].as_str().unwrap_or("-").to_owned();
                routes.push(format!("{} {}", text("dst"), text("dev")));
            }
        }
    }
    routes
}

/// All that are to reach each other do, and keep their addresses.
#[track_caller]
fn assert_reaches(pod: &Pod, outside: &Pod) {
    for family in 0..2 {
        let of_pod = || pod.inside(|| socket(POD[family]));
        // The kubelet's probes, and what the pod asks of its node.
        talk(&socket(NODE[family]), &of_pod());
        talk(&of_pod(), &socket(NODE[family]));
        talk(&of_pod(), &socket(SERVICE[family]));
        let client = ["203.0.113.7", "fd00:113::7"][family];
        talk(&outside.inside(|| socket(client)), &of_pod());
    }
}

#[test]
fn the_node_and_the_pod_reach_each_other_and_the_fabric_is_the_pods() {
    let (node, router, outside) = node();
    let pod = node.pod();
    // As on distributions whose default it is for all interfaces.
    let all = "/proc/sys/net/ipv4/conf/all/rp_filter";
    pod.inside(|| std::fs::write(all, "1").expect("set it"));
    let clean = Oracle::new(&node);
    let chain = chain();
    let result = chain.add(&node, &pod, "eth0");
    assert_eq!(
        result["interfaces"].as_array().map(Vec::len),
        Some(1),
        "the way to the node is none that the cluster shows: {result}"
    );
    assert_reaches(&pod, &outside);
    let filter = |interface: &str| {
        let path = format!("/proc/sys/net/ipv4/conf/{interface}/rp_filter");
        pod.inside(|| {
            std::fs::read_to_string(path)
                .expect("read it")
                .trim()
                .to_owned()
        })
    };
    assert_eq!([filter("all"), filter("veth0")], ["0", "0"]);
    router.answers(&pod, POD[0], "172.16.21.7");
    router.answers(&pod, POD[1], "fd00:21::7");
    // Without a source, too.
    assert_eq!(way(&pod, "172.16.21.7", ""), "eth0");
    assert_eq!(way(&pod, "10.233.0.10", ""), "veth0");

    let expected = [
        "1000: from all fwmark 0x1 lookup 97",
        "32763: from all lookup 98",
    ];
    assert_eq!(rules(Some(pod.name()), "-4"), expected);
    assert_eq!(rules(Some(pod.name()), "-6"), expected);
    let mut own = table(&pod, "-4", "98");
    own.sort();
    assert_eq!(
        own,
        [
            "10.233.0.0/18 via 192.168.50.1 dev veth0 src 172.16.11.10",
            "10.244.0.0/16 via 192.168.50.1 dev veth0 src 172.16.11.10",
            "169.254.0.0/16 via 192.168.50.1 dev veth0 src 172.16.11.10",
            "192.168.50.1 dev veth0 src 172.16.11.10",
        ]
    );
    assert_eq!(rules(None, "-4"), ["1000: from all lookup 500"]);
    assert_eq!(rules(None, "-6"), ["1000: from all lookup 500"]);
    let host = host_end(&pod);
    let expected = POD.map(|address| format!("{address} {host}"));
    assert_eq!(host_routes(), expected);

    chain.check(&node, &pod, &result, "eth0");
    chain.delete(&node, &pod, "eth0");
    clean.assert_unchanged();
    assert_eq!(filter("all"), "1");
    assert_eq!(rules(None, "-4"), [""; 0]);
    assert_eq!(rules(None, "-6"), [""; 0]);
    chain.delete(&node, &pod, "eth0");
}

/// As Spiderpool's controller writes networks, which names no network of the cluster: its agent did.
#[test]
fn the_nodes_policy_says_what_the_networks_of_the_cluster_are() {
    let (node, _router, outside) = node();
    let pod = node.pod();
    policy::write("cluster-networks = [\"10.233.0.0/18\", \"fd00:233::/108\"]\n");
    let chain = Chain::new(1, json!({}));
    chain.add(&node, &pod, "eth0");
    assert_reaches(&pod, &outside);
    assert_eq!(way(&pod, "10.233.0.10", ""), "veth0");
    chain.delete(&node, &pod, "eth0");
}

/// A rail has rules by its address and by that of the first interface: neither takes what belongs to `veth0`.
#[test]
fn a_rail_that_comes_later_changes_nothing_of_it() {
    let (node, _router, outside) = node();
    let second = Router::new(&node, 2);
    let pod = node.pod();
    let chains = [chain(), Chain::new(2, json!({}))];
    let results = [
        chains[0].add(&node, &pod, "eth0"),
        chains[1].add(&node, &pod, "net1"),
    ];
    second.answers(&pod, "172.16.12.10", "172.16.22.7");
    assert_reaches(&pod, &outside);
    // The node asks an address of the rail by whatever way it has, here by none: but the way to the node is veth0's.
    assert_eq!(way(&pod, NODE[0], POD[0]), "veth0");
    for (chain, (result, interface)) in chains.iter().zip(results.iter().zip(["eth0", "net1"])) {
        chain.check(&node, &pod, result, interface);
    }
    chains[1].delete(&node, &pod, "net1");
    assert_reaches(&pod, &outside);
    chains[0].delete(&node, &pod, "eth0");
}

#[test]
fn the_rule_of_the_node_goes_with_the_last_pod() {
    let (node, _router, _outside) = node();
    let pods = [node.pod(), node.pod()];
    let chain = chain();
    for pod in &pods {
        chain.add(&node, pod, "eth0");
    }
    chain.delete(&node, &pods[0], "eth0");
    assert_eq!(rules(None, "-4"), ["1000: from all lookup 500"]);
    assert_eq!(host_routes().len(), 2);
    // The namespace is gone before DEL comes, and with it the pair.
    pods[1].unmount();
    chain.delete(&node, &pods[1], "eth0");
    assert_eq!(rules(None, "-4"), [""; 0]);
    assert_eq!(rules(None, "-6"), [""; 0]);
}

/// Root in the pod keeps its end; the host's is the node's.
#[test]
fn a_pod_that_hides_its_end_loses_it_all_the_same() {
    let (node, _router, _outside) = node();
    let (pod, beside) = (node.pod(), node.pod());
    let clean = Oracle::new(&node);
    let chain = chain();
    chain.add(&node, &pod, "eth0");
    pod.ip(&format!("link set veth0 netns {}", beside.name()));
    chain.delete(&node, &pod, "eth0");
    assert!(beside.link("veth0").is_none());
    clean.assert_unchanged();
    assert_eq!(rules(None, "-4"), [""; 0]);
}

#[test]
fn check_finds_what_is_lost() {
    let (node, _router, _outside) = node();
    let pod = node.pod();
    let chain = chain();
    let result = chain.add(&node, &pod, "eth0");
    let host = host_end(&pod);
    let differs = |expected: &str| {
        Call::check(&node, &pod, &chain.behind(&result), &result)
            .run()
            .expect_error(110, expected);
    };
    let own_end = pod.link("veth0").expect("it is there");
    let mac = own_end["address"].as_str().expect("it has one").to_owned();
    for (place, lose, expected, mend) in [
        (
            Some(pod.name()),
            "rule delete priority 32763".to_owned(),
            "the pod has lost its rule lookup 98 priority 32763",
            "rule add priority 32763 lookup 98".to_owned(),
        ),
        (
            None,
            format!("route delete 172.16.11.10 dev {host} table 500"),
            "the node has lost its route 172.16.11.10/32",
            format!("route add 172.16.11.10 dev {host} table 500 src 192.168.50.1"),
        ),
        (
            None,
            format!("neigh delete 172.16.11.10 dev {host}"),
            "has lost its neighbour 172.16.11.10, the pod",
            format!("neigh add 172.16.11.10 lladdr {mac} dev {host} nud permanent"),
        ),
        (
            None,
            "rule delete priority 1000".to_owned(),
            "the node has lost its rule lookup 500 priority 1000",
            "rule add priority 1000 lookup 500".to_owned(),
        ),
        (
            None,
            format!("link set {host} down"),
            "the host's end of the pod's veth0, is down",
            format!("link set {host} up"),
        ),
    ] {
        ip::batch(place, &lose);
        differs(expected);
        ip::batch(place, &mend);
    }
    chain.delete(&node, &pod, "eth0");
}

#[test]
fn a_kill_at_any_step_leaves_nothing() {
    let (node, _router, outside) = node();
    let pod = node.pod();
    let chain = chain();
    let clean = Oracle::new(&node);
    let first = fabric::add(&node, &pod, &chain.first, "eth0");
    let behind = chain.behind(&first);
    for (kind, moment) in [("kill", ":intent"), ("kill", ":done"), ("fail", "")] {
        let steps = (1..STEPS).find(|number| {
            let outcome = Call::add(&node, &pod, &behind)
                .fault(&format!("{kind}:{number}{moment}"))
                .run();
            if kind == "kill" && !outcome.succeeded() {
                assert!(outcome.was_killed(), "{outcome}");
                fabric::add(&node, &pod, &behind, "eth0");
                assert_reaches(&pod, &outside);
            }
            fabric::delete(&node, &pod, &chain.coordinator, "eth0");
            assert!(pod.link("veth0").is_none(), "{kind} {moment} at {number}");
            let left = [
                rules(None, "-4"),
                rules(Some(pod.name()), "-4"),
                host_routes(),
            ]
            .concat();
            assert_eq!(left, [""; 0], "{kind} {moment} at step {number}");
            outcome.succeeded()
        });
        assert!(
            steps.is_some_and(|last| last > 15),
            "too few steps: {steps:?}"
        );
    }
    fabric::delete(&node, &pod, &chain.first, "eth0");
    clean.assert_unchanged();
}

#[test]
fn what_is_wrong_is_said() {
    let (node, _router, _outside) = node();
    let pod = node.pod();
    for (keys, expected) in [
        (json!({"vethMTU": 12}), "\"vethMTU\""),
        (json!({"vethLinkAddress": "fe80::1"}), "\"vethLinkAddress\""),
        (json!({"hostRuleTable": 254}), "\"hostRuleTable\""),
        (json!({"serviceCIDR": ["everything"]}), "\"serviceCIDR\""),
        (
            json!({"overlayPodCIDR": ["0.0.0.0/0"]}),
            "\"overlayPodCIDR\"",
        ),
    ] {
        let chain = Chain::new(1, keys);
        Call::add(&node, &pod, &chain.coordinator)
            .run()
            .expect_error(7, expected);
    }
    // A pod that has no address of a family of the node's.
    let chain = Chain::new(1, json!({}));
    pod.ip("link add eth0 type bridge");
    Call::add(&node, &pod, &chain.coordinator)
        .run()
        .expect_error(7, "the pod has the addresses none, the node 192.168.50.1");
}

/// The node sends to the pod what is for its addresses: those must not be what the node itself needs, nor what its
/// administrator keeps from networks.
#[test]
fn no_network_takes_the_nodes_own_traffic() {
    let (node, _router, _outside) = node();
    policy::write("");
    let clean = Oracle::new(&node);
    for (address, whose) in [
        ("192.168.50.1", "that of the node"),
        ("192.168.50.254", "the router of the node's default route"),
    ] {
        let pod = node.pod();
        let pools = json!([{"name": "stolen", "subnet": "192.168.50.0/24", "ips": [address]}]);
        let mut chain = chain();
        chain.first["ipam"] = json!({"type": "pool", "pools": pools});
        let first = fabric::add(&node, &pod, &chain.first, "eth0");
        Call::add(&node, &pod, &chain.behind(&first))
            .run()
            .expect_error(108, whose);
        fabric::delete(&node, &pod, &chain.first, "eth0");
        pod.remove();
    }
    let pod = node.pod();
    let chain = chain();
    let first = fabric::add(&node, &pod, &chain.first, "eth0");
    policy::write("[networks]\naddress-space = [\"172.16.0.0/20\", \"fd00:12::/64\"]\n");
    Call::add(&node, &pod, &chain.behind(&first))
        .run()
        .expect_error(
            108,
            "a route of the node to the address fd00:11::10 of a pod",
        );
    policy::write("");
    fabric::delete(&node, &pod, &chain.first, "eth0");
    pod.remove();
    clean.assert_unchanged();
}

/// By its container, which is all that is known of a pod without a name.
#[test]
fn it_is_shown_and_nothing_of_it_is_missed() {
    let (node, _router, _outside) = node();
    let pod = node.pod();
    chain().add(&node, &pod, "eth0");
    let text = shown(pod.container());
    for line in [
        "├─ network rail1: attached",
        "address 172.16.11.10/24",
        "rule 32763: lookup 98",
        "rule 1000: fwmark 0x1 lookup 97",
        "route 10.233.0.0/18 via 192.168.50.1",
    ] {
        assert!(text.contains(line), "{line:?} in {text}");
    }
    assert!(!text.contains('!') && !text.contains("NOT"), "{text}");
    let ways = plumbctl(&["path", pod.container(), "10.233.0.10"]).expect("a way");
    assert!(
        ways.lines()
            .all(|way| way.contains("veth0, by 192.168.50.1, table 98 (rule 32763: from all)")),
        "{ways}"
    );
}
