//! A gateway is asked before a pod relies on it, by the kernel itself.

use cni_harness::{Call, Oracle, ip};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

use crate::fabric::{add, delete, network, node_with};

/// A rail whose gateway must answer, or whatever the word says.
fn rail(check: &str) -> Value {
    with(
        network(1, json!({})),
        json!({"gatewayCheck": check, "logLevel": "info"}),
    )
}

#[test]
fn gateways_that_answer_let_the_pod_start() {
    let (node, _routers, pod) = node_with(1);
    let outcome = Call::add(&node, &pod, &rail("fail"))
        .interface("net1")
        .run();
    outcome.expect_result();
    assert!(
        outcome.stderr.contains("ask the gateways, on rail1: ok"),
        "{}",
        outcome.stderr
    );
    // Both families: the kernel knows by now where they are.
    for gateway in ["172.16.11.254", "fd00:11::ff"] {
        let known = ip::json(Some(pod.name()), &format!("neigh show {gateway} dev net1"));
        assert!(known[0]["lladdr"].is_string(), "{gateway}: {known:?}");
    }
}

#[test]
fn a_gateway_that_does_not_answer_is_named_and_nothing_is_left() {
    let (node, routers, pod) = node_with(1);
    let router = &routers[0];
    for (family, gateway, prefix) in [("IPv4", "172.16.11.254", 24), ("IPv6", "fd00:11::ff", 64)] {
        router.ip(&format!("address delete {gateway}/{prefix} dev up1"));
        let clean = Oracle::new(&node);
        let error = Call::add(&node, &pod, &rail("fail"))
            .interface("net1")
            .run()
            .expect_error(
                113,
                &format!("the gateway {gateway} of net1 (on rail1) does not answer"),
            );
        assert!(
            error.message.contains("3 requests, 100 ms each"),
            "{family}: {}",
            error.message
        );
        assert!(pod.link("net1").is_none(), "{family}");
        clean.assert_unchanged();
        router.ip(&format!("address add {gateway}/{prefix} dev up1 nodad"));
        add(&node, &pod, &rail("fail"), "net1");
        delete(&node, &pod, &rail("off"), "net1");
    }
}

#[test]
fn a_pod_whose_gateway_is_only_warned_of_starts() {
    let (node, routers, pod) = node_with(1);
    let router = &routers[0];
    router.ip("address delete 172.16.11.254/24 dev up1");
    // What nobody has said is a warning for a rail, and nothing for others.
    let silent = with(
        network(1, json!({})),
        json!({"name": "other", "rails": null}),
    );
    for (network, interface, is_warned) in [
        (rail("warn"), "net1", true),
        (
            with(network(1, json!({})), json!({"name": "default"})),
            "net2",
            true,
        ),
        (with(rail("off"), json!({"name": "off"})), "net3", false),
        (silent, "net4", false),
    ] {
        let outcome = Call::add(&node, &pod, &network).interface(interface).run();
        outcome.expect_result();
        let times = outcome.stderr.matches("172.16.11.254 of").count();
        assert_eq!(
            times,
            usize::from(is_warned),
            "{interface}: {}",
            outcome.stderr
        );
    }
}

#[test]
fn a_port_without_carrier_is_another_matter() {
    let (node, routers, pod) = node_with(1);
    let router = &routers[0];
    router.ip("link set up1 down");
    // IPv6 takes its addresses away with the link.
    router.ip("address add fd00:11::ff/64 dev up1 nodad");
    Call::add(&node, &pod, &rail("fail"))
        .interface("net1")
        .run()
        .expect_error(
            11,
            "net1 (on rail1) has no carrier yet, so its gateway 172.16.11.254 cannot be asked",
        );
    // It comes while it is waited for.
    let running = Call::add(&node, &pod, &rail("fail"))
        .interface("net1")
        .start();
    cni_harness::wait::until("the interface is there", || pod.link("net1").is_some());
    router.ip("link set up1 up");
    running.finish().expect_result();
}

/// What was learnt before says nothing of now; what somebody entered for good is not asked.
#[test]
fn only_an_answer_counts() {
    let (node, routers, pod) = node_with(1);
    let router = &routers[0];
    add(&node, &pod, &rail("fail"), "net1");
    router.ip("address delete 172.16.11.254/24 dev up1");
    let second = with(rail("fail"), json!({"name": "second"}));
    Call::add(&node, &pod, &second)
        .interface("net2")
        .run()
        .expect_error(113, "of net2 (on rail1)");
}
