//! An address that somebody on the wire has is given to no pod, where the network wants to know.

use cni_harness::{Call, Node, Oracle, Pod};
use plumb_tests::Faults;
use plumb_tests::configuration::{host_local, with};
use plumb_tests::state::{STATE_FOLDER, held, leases};
use serde_json::{Value, json};

use crate::fabric::{Router, add, check, delete, network, node_with};

/// More steps than an attachment has.
const STEPS: usize = 80;

fn rail() -> Value {
    with(network(1, json!({})), json!({"conflictCheck": true}))
}

/// For many ADDs: each question takes its time.
fn rail_of_one_family() -> Value {
    let pools =
        json!([{"name": "v4", "subnet": "172.16.11.0/24", "ips": ["172.16.11.10-172.16.11.50"]}]);
    with(rail(), json!({"ipam": {"type": "pool", "pools": pools}}))
}

/// Gives the router addresses that are in the pool.
fn occupy(router: &Router, addresses: &[&str]) {
    for address in addresses {
        let prefix = if address.contains(':') { "64" } else { "24" };
        router.ip(&format!("address add {address}/{prefix} dev up1 nodad"));
    }
}

fn mac(router: &Router) -> String {
    let link = router.json("link show dev up1");
    link[0]["address"]
        .as_str()
        .expect("it has an address")
        .to_owned()
}

fn addresses(result: &Value) -> Vec<&str> {
    let ips = result["ips"].as_array().expect("a list");
    ips.iter().filter_map(|ip| ip["address"].as_str()).collect()
}

/// What is set aside: address and who has it.
fn aside() -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    leases(STATE_FOLDER)
        .iter()
        .filter(|lease| lease["inUseBy"].is_string())
        .map(|lease| (text(&lease["address"]), text(&lease["inUseBy"])))
        .collect()
}

fn attach(node: &Node, pod: &Pod, network: &Value) -> cni_harness::Outcome {
    Call::add(node, pod, network).interface("net1").run()
}

#[test]
fn the_next_address_is_taken_for_one_that_somebody_has() {
    let (node, routers, pod) = node_with(1);
    let router = &routers[0];
    occupy(router, &["172.16.11.10", "172.16.11.11", "fd00:11::10"]);
    let outcome = attach(&node, &pod, &rail());
    let result = outcome.expect_result();
    assert_eq!(addresses(&result), ["172.16.11.12/24", "fd00:11::11/64"]);
    let mac = mac(router);
    assert!(
        outcome
            .stderr
            .contains(&format!("172.16.11.10 is in use by {mac}, on rail1")),
        "{}",
        outcome.stderr
    );
    let expected: Vec<_> = ["172.16.11.10", "172.16.11.11", "fd00:11::10"]
        .map(|address| (address.to_owned(), mac.clone()))
        .into();
    assert_eq!(aside(), expected);
    // All that was planned for an address is there for the other one.
    check(&node, &pod, &rail(), &result, "net1");
    router.answers(&pod, "172.16.11.12", "172.16.21.7");
    router.answers(&pod, "fd00:11::11", "fd00:21::7");
    delete(&node, &pod, &rail(), "net1");
    assert_eq!(held(STATE_FOLDER), [] as [Value; 0]);
    assert_eq!(aside(), expected, "they stay so when the pod has gone");
}

/// And nobody is told of the address before it is found to be free, but everybody is when it is given.
#[test]
fn an_address_that_nobody_has_is_given_and_announced() {
    let (node, routers, pod) = node_with(1);
    let router = &routers[0];
    // What the router knows of whoever had the addresses before.
    for address in ["172.16.11.10", "fd00:11::10"] {
        router.ip(&format!(
            "neigh replace {address} lladdr 02:00:5e:00:00:63 dev up1 nud stale"
        ));
    }
    // Nor does the pod ask the router for anything, who would learn of it by that.
    let silent = json!({"logLevel": "info", "gatewayCheck": "off"});
    let outcome = attach(&node, &pod, &with(rail(), silent));
    assert_eq!(
        addresses(&outcome.expect_result()),
        ["172.16.11.10/24", "fd00:11::10/64"]
    );
    for address in ["172.16.11.10", "fd00:11::10"] {
        let asked = format!("ask whether somebody has {address}, on rail1: ok");
        assert!(outcome.stderr.contains(&asked), "{}", outcome.stderr);
    }
    assert_eq!(aside(), []);
    let own = pod.link("net1").expect("it is there")["address"].clone();
    for address in ["172.16.11.10", "fd00:11::10"] {
        cni_harness::wait::until("the router has heard of it", || {
            let known = router.json(&format!("neigh show {address} dev up1"));
            known[0]["lladdr"] == own
        });
    }
}

#[test]
fn it_is_only_asked_where_the_network_says_so() {
    let (node, routers, pod) = node_with(1);
    occupy(&routers[0], &["172.16.11.10"]);
    for network in [
        network(1, json!({})),
        with(network(1, json!({})), json!({"conflictCheck": false})),
    ] {
        let result = attach(&node, &pod, &network).expect_result();
        assert_eq!(addresses(&result)[0], "172.16.11.10/24");
        delete(&node, &pod, &network, "net1");
        // The next pod would get the next address.
        std::fs::remove_dir_all(STATE_FOLDER).expect("remove the leases");
    }
    attach(&node, &pod, &with(rail(), json!({"conflictCheck": "yes"})))
        .expect_error(7, "\"conflictCheck\" must be true or false, not \"yes\"");
}

#[test]
fn three_others_are_tried_and_all_are_named() {
    let (node, routers, pod) = node_with(1);
    let router = &routers[0];
    let taken: Vec<String> = (10..14).map(|last| format!("172.16.11.{last}")).collect();
    let taken: Vec<&str> = taken.iter().map(String::as_str).collect();
    occupy(router, &taken);
    let mac = mac(router);
    let clean = Oracle::new(&node);
    let error = attach(&node, &pod, &rail()).expect_error(102, "on rail1");
    for address in &taken {
        let named = format!("{address} by {mac}");
        assert!(error.message.contains(&named), "{}", error.message);
    }
    clean.assert_unchanged();
    assert_eq!(held(STATE_FOLDER), [] as [Value; 0]);
    assert_eq!(aside().len(), 3);
    // The kubelet tries again, and comes further.
    let result = attach(&node, &pod, &rail()).expect_result();
    assert_eq!(addresses(&result)[0], "172.16.11.14/24");
}

#[test]
fn a_pool_that_has_no_other_says_who_has_what() {
    let (node, routers, pod) = node_with(1);
    let router = &routers[0];
    occupy(router, &["172.16.11.10"]);
    let pools = json!([{"name": "small", "subnet": "172.16.11.0/24", "ips": ["172.16.11.10"]}]);
    let network = with(rail(), json!({"ipam": {"type": "pool", "pools": pools}}));
    let error = attach(&node, &pod, &network).expect_error(101, "172.16.11.10 by ");
    assert!(error.message.contains(&mac(router)), "{}", error.message);
    assert_eq!(held(STATE_FOLDER), [] as [Value; 0]);
    // One who looks later need not ask.
    let error = attach(&node, &pod, &network).expect_error(101, "172.16.11.10");
    let words = format!("{}, which answered for it on the wire", mac(router));
    assert!(error.message.contains(&words), "{}", error.message);
}

/// There is no other address for one that was asked for, or that another plugin gave.
#[test]
fn what_was_asked_for_is_refused() {
    let (node, routers, pod) = node_with(1);
    let router = &routers[0];
    occupy(router, &["172.16.11.20", "10.1.0.2"]);
    let mac = mac(router);
    let asked = with(
        rail(),
        json!({"runtimeConfig": {"ips": ["172.16.11.20/24"]}}),
    );
    let clean = Oracle::new(&node);
    let error = attach(&node, &pod, &asked).expect_error(102, "172.16.11.20 by ");
    assert!(error.message.contains(&mac), "{}", error.message);
    clean.assert_unchanged();
    let range = json!([[{"subnet": "10.1.0.0/24", "rangeStart": "10.1.0.2"}]]);
    let delegated = with(
        rail(),
        // Debian's host-local is from before 1.1.0.
        json!({"cniVersion": "1.0.0", "ipam": with(host_local(), json!({"ranges": range}))}),
    );
    let error = attach(&node, &pod, &delegated).expect_error(102, "10.1.0.2 by ");
    assert!(error.message.contains(&mac), "{}", error.message);
    assert!(pod.link("net1").is_none());
}

#[test]
fn without_carrier_nobody_can_be_asked() {
    let (node, routers, pod) = node_with(1);
    routers[0].ip("link set up1 down");
    let clean = Oracle::new(&node);
    attach(&node, &pod, &rail()).expect_error(
        11,
        "net1 (on rail1) has no carrier yet, so nobody can be asked whether 172.16.11.10 is in use",
    );
    clean.assert_unchanged();
}

/// Two pods of one node ask at the same moment, and hear each other's questions and announcements.
#[test]
fn pods_beside_each_other_take_nothing_from_each_other() {
    let (node, _routers, first) = node_with(1);
    let mut pods = vec![first];
    pods.extend((0..3).map(|_| node.pod()));
    let network = with(rail(), json!({"rails": null}));
    let running: Vec<_> = pods
        .iter()
        .map(|pod| Call::add(&node, pod, &network).interface("net1").start())
        .collect();
    let mut given = Vec::new();
    for call in running {
        let result = call.finish().expect_result();
        given.extend(addresses(&result).iter().map(|one| (*one).to_owned()));
    }
    given.sort();
    given.dedup();
    assert_eq!(given.len(), 8);
    assert_eq!(aside(), []);
}

#[test]
fn a_kill_at_any_step_leaves_nothing_but_what_is_aside() {
    let (node, routers, pod) = node_with(1);
    occupy(&routers[0], &["172.16.11.10"]);
    let rail = rail_of_one_family();
    let clean = Oracle::new(&node);
    for kind in ["kill", "fail"] {
        let steps = (1..STEPS).find(|number| {
            let outcome = Call::add(&node, &pod, &rail)
                .interface("net1")
                .fault(&format!("{kind}:{number}"))
                .run();
            if kind == "kill" && !outcome.succeeded() {
                assert!(outcome.was_killed(), "{outcome}");
                add(&node, &pod, &rail, "net1");
            }
            delete(&node, &pod, &rail, "net1");
            clean.assert_unchanged();
            assert_eq!(
                held(STATE_FOLDER),
                [] as [Value; 0],
                "{kind} at step {number}"
            );
            outcome.succeeded()
        });
        assert!(
            steps.is_some_and(|last| last > 10),
            "too few steps: {steps:?}"
        );
    }
}

/// The next address is the pod's in the store by then, and the record has the one before.
#[test]
fn a_kill_after_an_address_was_set_aside_and_before_it_is_recorded_leaves_nothing_else() {
    let (node, routers, pod) = node_with(1);
    occupy(&routers[0], &["172.16.11.10"]);
    let rail = rail_of_one_family();
    let clean = Oracle::new(&node);
    let owner = |lease: &Value| lease["address"].as_str().map(str::to_owned);
    for recover in ["DEL", "ADD", "GC"] {
        let killed = (1..STEPS).any(|number| {
            let outcome = Call::add(&node, &pod, &rail)
                .interface("net1")
                .fault(&format!("kill:{number}:exchanged"))
                .run();
            if outcome.succeeded() {
                delete(&node, &pod, &rail, "net1");
                // Until it is forgotten the address is offered to nobody.
                std::fs::remove_dir_all(STATE_FOLDER).expect("remove the leases");
            }
            outcome.was_killed()
        });
        assert!(
            killed,
            "no step was the last one before another address was claimed"
        );
        let given: Vec<_> = held(STATE_FOLDER).iter().filter_map(owner).collect();
        assert_eq!(given, ["172.16.11.11"]);
        match recover {
            "GC" => Call::gc(&node, &rail, &[]).run().expect_silence(),
            "ADD" => {
                add(&node, &pod, &rail, "net1");
                delete(&node, &pod, &rail, "net1");
            }
            _ => delete(&node, &pod, &rail, "net1"),
        }
        clean.assert_unchanged();
        assert_eq!(held(STATE_FOLDER), [] as [Value; 0], "after {recover}");
        assert_eq!(aside().len(), 1);
        std::fs::remove_dir_all(STATE_FOLDER).expect("remove the leases");
    }
}
