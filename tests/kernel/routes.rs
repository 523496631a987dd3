//! Routes of a pod that has interfaces and routes already: of those that lead to the same
//! network, the CNI project's plugins leave the newest in front, and users rely on it.

use cni_harness::{Call, Delegate, Node, Oracle, Pod, ip};
use plumb_tests::Faults;
use plumb_tests::configuration::{dual_stack, host_local, pool, with};
use serde_json::{Value, json};

/// What a cluster's own network gives to a pod before others come; without link-local
/// addresses, which the kernel adds at a moment of its own.
const CLUSTER: &str = "link add eth0 type veth peer name peer0\n\
                       link set eth0 addrgenmode none\n\
                       link set peer0 addrgenmode none\n\
                       link set eth0 up\n\
                       link set peer0 up\n\
                       address add 10.244.0.5/24 dev eth0\n\
                       address add fd00:244::5/64 dev eth0 nodad\n\
                       route add default via 10.244.0.1\n\
                       route add default via 10.244.0.1 metric 100\n\
                       route add default via fd00:244::1\n\
                       route add fd00:99::/48 dev eth0\n";

/// More steps than an attachment has.
const STEPS: usize = 60;

fn in_cluster(node: &Node) -> Pod {
    let pod = node.pod();
    ip::batch(Some(pod.name()), CLUSTER);
    pod
}

/// A second network, with the addresses of another IPAM plugin.
fn delegated_to(name: &str, ipam: Value) -> Value {
    with(
        pool(),
        json!({"name": name, "master": "nic1", "ipam": ipam}),
    )
}

/// The interface and the next hop by which a packet leaves the pod.
#[track_caller]
fn way(pod: &Pod, to: &str) -> (String, String) {
    let found = &ip::json(Some(pod.name()), &format!("route get {to}"))[0];
    let text = |key: &str| found[key].as_str().unwrap_or("-").to_owned();
    (text("dev"), text("gateway"))
}

/// The interfaces by which the routes to a network leave, the first one first; those that
/// IPv6 has as one route one after the other.
fn order(pod: &Pod, family: &str, destination: &str) -> Vec<String> {
    let of = |value: &Value| value["dev"].as_str().unwrap_or("-").to_owned();
    pod.routes(family)
        .iter()
        .filter(|route| route["dst"] == destination)
        .flat_map(|route| match route["nexthops"].as_array() {
            Some(hops) => hops.iter().map(of).collect(),
            None => vec![of(route)],
        })
        .collect()
}

#[track_caller]
fn add(node: &Node, pod: &Pod, configuration: &Value, interface: &str) -> Value {
    Call::add(node, pod, configuration)
        .interface(interface)
        .run()
        .expect_result()
}

#[track_caller]
fn check(node: &Node, pod: &Pod, configuration: &Value, result: &Value, interface: &str) {
    Call::check(node, pod, configuration, result)
        .interface(interface)
        .run()
        .expect_silence();
}

#[track_caller]
fn delete(node: &Node, pod: &Pod, configuration: &Value, interface: &str) {
    Call::delete(node, pod, configuration)
        .interface(interface)
        .run()
        .expect_silence();
}

/// Multus' `default-route`, and a rail with a gateway.
#[test]
fn the_default_route_of_the_interface_that_comes_last_is_taken() {
    let node = plumb_tests::node();
    let pod = in_cluster(&node);
    let clean = Oracle::new(&node);
    let local = delegated_to(
        "macvlan-conf",
        json!({
            "type": "host-local", "subnet": "192.168.8.0/22", "gateway": "192.168.8.1",
            "rangeStart": "192.168.8.248", "rangeEnd": "192.168.8.254",
            "routes": [{"dst": "0.0.0.0/0"}, {"dst": "172.20.0.0/16"}],
        }),
    );
    let local = with(local, json!({"cniVersion": "0.3.1"}));
    assert_eq!(way(&pod, "8.8.8.8"), ("eth0".into(), "10.244.0.1".into()));

    add(&node, &pod, &local, "net1");
    assert_eq!(way(&pod, "8.8.8.8"), ("net1".into(), "192.168.8.1".into()));
    let result = add(&node, &pod, &pool(), "net2");
    assert_eq!(way(&pod, "8.8.8.8"), ("net2".into(), "10.1.0.1".into()));
    assert_eq!(
        order(&pod, "-4", "default"),
        ["net2", "net1", "eth0", "eth0"]
    );

    check(&node, &pod, &pool(), &result, "net2");
    delete(&node, &pod, &pool(), "net2");
    assert_eq!(way(&pod, "8.8.8.8"), ("net1".into(), "192.168.8.1".into()));
    delete(&node, &pod, &local, "net1");
    assert_eq!(order(&pod, "-4", "default"), ["eth0", "eth0"]);
    clean.assert_unchanged();
}

/// The kernel has one IPv6 route for all next hops, and CHECK finds each of them in it.
#[test]
fn ipv6_routes_with_next_hops_become_one_and_each_is_checked() {
    let node = plumb_tests::node();
    let pod = in_cluster(&node);
    let rails = ["net1", "net2"].map(|interface| {
        let subnet = match interface {
            "net1" => json!({"name": "a", "subnet": "fd00:1::/64", "gateway": "fd00:1::1"}),
            _ => json!({"name": "b", "subnet": "fd00:2::/64", "gateway": "fd00:2::1"}),
        };
        let rail = with(
            dual_stack(),
            json!({"name": interface, "ipam": {"type": "pool", "pools": [subnet]}}),
        );
        (interface, add(&node, &pod, &rail, interface), rail)
    });
    let mut hops = order(&pod, "-6", "default");
    hops.sort();
    assert_eq!(hops, ["eth0", "net1", "net2"]);
    for (interface, result, rail) in &rails {
        check(&node, &pod, rail, result, interface);
    }

    let (interface, result, rail) = &rails[1];
    pod.ip("route delete default via fd00:2::1 dev net2");
    Call::check(&node, &pod, rail, result)
        .interface(interface)
        .run()
        .expect_error(110, "fd00:2::1");
    check(&node, &pod, &rails[0].2, &rails[0].1, "net1");
    for (interface, _, rail) in &rails {
        delete(&node, &pod, rail, interface);
    }
    assert_eq!(order(&pod, "-6", "default"), ["eth0"]);
}

/// Each metric is a queue of its own, and so is each table.
#[test]
fn each_metric_has_its_own_order() {
    let node = plumb_tests::node();
    let pod = in_cluster(&node);
    let delegate = Delegate::new(&node, "metrics");
    delegate.answers(
        "ADD",
        r#"echo '{"cniVersion":"1.1.0","ips":[{"address":"10.9.0.5/24"},{"address":"fd00:9::5/64"}],"routes":[
            {"dst":"0.0.0.0/0","gw":"10.9.0.1","priority":100},{"dst":"0.0.0.0/0","gw":"10.9.0.1","table":7},
            {"dst":"0.0.0.0/0","gw":"10.9.0.2","table":7},{"dst":"fd00:99::/48","priority":1024}]}'"#,
    );
    let routed = delegated_to("routed", json!({"type": "metrics"}));
    let result = Call::add(&node, &pod, &routed)
        .interface("net1")
        .path(&delegate.path())
        .run()
        .expect_result();
    assert_eq!(way(&pod, "8.8.8.8"), ("eth0".into(), "10.244.0.1".into()));
    assert_eq!(order(&pod, "-4", "default"), ["eth0", "net1", "eth0"]);
    let second: Vec<Value> = ip::json(Some(pod.name()), "route show table 7")
        .iter()
        .map(|route| route["gateway"].clone())
        .collect();
    assert_eq!(second, ["10.9.0.2", "10.9.0.1"]);
    // In IPv6, the kernel adds it behind the others.
    assert_eq!(order(&pod, "-6", "fd00:99::/48"), ["eth0", "net1"]);
    Call::check(&node, &pod, &routed, &result)
        .interface("net1")
        .path(&delegate.path())
        .run()
        .expect_silence();
}

/// Neither what a killed ADD has done of it nor the walk back from a failure touches the
/// routes of others, and a repeated ADD has each of its own once, in front.
#[test]
fn an_add_that_ends_at_any_step_leaves_the_routes_of_others_as_they_were() {
    let node = plumb_tests::node();
    let network = with(
        delegated_to("rail1", host_local()),
        json!({"cniVersion": "1.0.0"}),
    );
    for (kind, moment) in [("kill", ":done"), ("fail", "")] {
        let steps = (1..STEPS).find(|number| {
            let pod = in_cluster(&node);
            let before = [pod.routes("-4"), pod.routes("-6")];
            let outcome = Call::add(&node, &pod, &network)
                .interface("net1")
                .fault(&format!("{kind}:{number}{moment}"))
                .run();
            if !outcome.succeeded() && kind == "kill" {
                assert!(outcome.was_killed(), "{outcome}");
                add(&node, &pod, &network, "net1");
                assert_eq!(
                    order(&pod, "-4", "default"),
                    ["net1", "eth0", "eth0"],
                    "after a kill at step {number}"
                );
            }
            if outcome.succeeded() || kind == "kill" {
                delete(&node, &pod, &network, "net1");
            }
            let after = [pod.routes("-4"), pod.routes("-6")];
            assert_eq!(after, before, "{kind} at step {number}");
            delete(&node, &pod, &network, "net1");
            outcome.succeeded()
        });
        assert!(
            steps.is_some_and(|last| last > 5),
            "too few steps: {steps:?}"
        );
    }
}
