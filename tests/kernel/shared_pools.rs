//! Pools that the nodes of a cluster share: a node gives out what it holds, and asks its agent for more.

use std::fs;
use std::io::Write;
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cni_harness::{Call, Node, Outcome, result};
use plumb_protocol::{Answer, Refusal, SOCKET};
use plumb_tests::agent::{self, Agent, Cluster};
use plumb_tests::binaries;
use plumb_tests::configuration::{pool, with};
use plumb_tests::policy::write_pools;
use plumb_tests::state::{STATE_FOLDER, held};
use serde_json::{Value, json};

/// A file of the folder as the agent writes it.
pub fn manifest(name: &str, annotations: &Value, specification: &Value) -> String {
    json!({
        "apiVersion": "spiderpool.spidernet.io/v2beta1", "kind": "SpiderIPPool",
        "metadata": {"name": name, "annotations": annotations},
        "spec": specification,
    })
    .to_string()
}

/// `blue`: 10.5.0.10 to 10.5.0.20, or whatever is said, of all nodes.
fn share(ips: &str) {
    let text = manifest(
        "blue",
        &json!({"plumb.network/shared": "true"}),
        &json!({"subnet": "10.5.0.0/16", "ips": [ips], "gateway": "10.5.0.1"}),
    );
    write_pools("blue.json", &text);
}

/// A network with addresses of these pools of the folder.
fn network(pools: &[&str]) -> Value {
    let ipam = json!({"type": "spiderpool", "default_ipv4_ippool": pools, "sticky": false});
    with(pool(), json!({"ipam": ipam}))
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

#[track_caller]
fn address(outcome: &Outcome) -> IpAddr {
    result::address(&outcome.expect_result())
}

fn add(node: &Node, configuration: &Value) -> Outcome {
    Call::add(node, &node.pod(), configuration).run()
}

fn plumbctl(arguments: &[&str]) -> String {
    let output = Command::new(binaries::plumbctl())
        .args(arguments)
        .output()
        .expect("run plumbctl");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{text}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text
}

#[test]
fn a_node_asks_for_what_it_does_not_hold_and_for_nothing_else() {
    let node = plumb_tests::node();
    share("10.5.0.10-10.5.0.20");
    let cluster = Cluster::default();
    let agent = Agent::of(&cluster, "a");
    let blue = with(network(&["blue"]), json!({"logLevel": "info"}));
    let pod = node.pod();
    let outcome = Call::add(&node, &pod, &blue).run();
    let first = address(&outcome);
    let takes = agent.takes();
    assert_eq!(takes.len(), 1);
    let take = &takes[0];
    assert_eq!(
        (
            take.space.as_str(),
            take.network.as_str(),
            take.interface.as_str()
        ),
        ("", "rail0", "eth0")
    );
    assert!(!take.keep && !take.requested);
    let range = ("10.5.0.10", "10.5.0.20");
    let range = (ip(range.0), ip(range.1));
    assert_eq!(take.claims.len(), 1);
    assert_eq!(
        (take.claims[0][0].pool.as_str(), &take.claims[0][0].ranges),
        ("blue", &vec![range])
    );
    assert!(
        outcome
            .stderr
            .contains("ask the agent for addresses of pool blue"),
        "{outcome}"
    );
    assert_eq!(agent::held().into_iter().collect::<Vec<_>>(), [first]);
    let text = plumbctl(&["leases"]);
    let line = format!("{first}-{first}  held by this node of what the cluster shares");
    assert!(text.contains(&line), "{text}");
    let text = plumbctl(&["pools"]);
    assert!(
        text.contains("shared by the cluster: this node holds 1 addresses, 1 taken, 0 free"),
        "{text}"
    );
    let text = plumbctl(&["pools", "--json"]);
    let pools: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(
        (&pools[0]["shared"], &pools[0]["held"], &pools[0]["free"]),
        (&json!(true), &json!(1), &json!(0))
    );

    // A DEL asks nobody, and the next pod gets what the node has.
    drop(agent);
    node.delete(&pod, &blue);
    assert!(held(STATE_FOLDER).is_empty());
    assert_eq!(address(&add(&node, &blue)), first);
}

#[test]
fn without_an_agent_what_is_held_is_given_out_and_the_rest_is_said() {
    let node = plumb_tests::node();
    share("10.5.0.10-10.5.0.20");
    let blue = network(&["blue"]);
    let pod = node.pod();
    let error = Call::add(&node, &pod, &blue)
        .run()
        .expect_error(11, "pool blue is shared by the nodes of a cluster");
    for part in [
        "this node holds no free address of pool blue",
        SOCKET,
        "plumb-agent",
    ] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    let error = Call::status(&node, &blue).run().expect_error(50, "blue");
    assert!(error.message.contains(SOCKET), "{}", error.message);
    // plan asks nobody.
    let file = node.scratch().join("blue.json");
    fs::write(&file, blue.to_string()).expect("write");
    let plan = || plumbctl(&["plan", &file.to_string_lossy()]);
    let text = plan();
    assert!(
        text.contains("the agent of the node would be asked"),
        "{text}"
    );

    let nine = ip("10.5.0.19");
    agent::hold("", &[(nine, nine)], &[]);
    Call::status(&node, &blue).run().expect_silence();
    let text = plan();
    assert!(text.contains("10.5.0.19/16"), "{text}");
    let began = Instant::now();
    assert_eq!(address(&Call::add(&node, &pod, &blue).run()), nine);
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "somebody was waited for"
    );
    assert!(!agent::give_back((nine, nine)), "it is leased");
    Call::status(&node, &blue).run().expect_error(50, "blue");
    // An agent that listens is enough for STATUS.
    let agent = Agent::of(&Cluster::default(), "a");
    Call::status(&node, &blue).run().expect_silence();
    assert!(agent.takes().is_empty());
    drop(agent);
    node.delete(&pod, &blue);
    assert!(agent::give_back((nine, nine)));
    assert!(agent::held().is_empty());
}

/// Those that do not concern the cluster go on, and nothing waits.
#[test]
fn pools_of_the_node_alone_ask_nobody() {
    let node = plumb_tests::node();
    share("10.5.0.10-10.5.0.20");
    let own = json!({"subnet": "10.6.0.0/16", "ips": ["10.6.0.10"]});
    write_pools("own.json", &manifest("own", &json!(null), &own));
    let agent = Agent::of(&Cluster::default(), "a");
    assert_eq!(
        address(&add(&node, &network(&["own"]))).to_string(),
        "10.6.0.10"
    );
    add(&node, &network(&["own"])).expect_error(101, "own");
    assert!(agent.takes().is_empty());
    // In the order of fallback: the shared pool is behind, and then in front.
    assert_eq!(
        address(&add(&node, &network(&["own", "blue"]))).to_string(),
        "10.5.0.10"
    );
    assert_eq!(agent.takes().len(), 1);
}

#[test]
fn an_agent_that_refuses_has_the_last_word_unless_another_pool_serves() {
    let node = plumb_tests::node();
    share("10.5.0.10-10.5.0.20");
    let own = json!({"subnet": "10.6.0.0/16", "ips": ["10.6.0.10"]});
    write_pools("own.json", &manifest("own", &json!(null), &own));
    for (code, expected) in [(101, 101), (102, 102), (11, 11), (4711, 11)] {
        let words = "21 of 21 in use: node a 12, node b 9";
        let _agent = Agent::answering(move |_| {
            Answer::Refused(Refusal {
                code,
                message: words.to_owned(),
            })
        });
        add(&node, &network(&["blue"])).expect_error(expected, words);
        assert!(held(STATE_FOLDER).is_empty(), "code {code}");
        if code == 101 {
            let outcome = add(&node, &network(&["blue", "own"]));
            assert_eq!(address(&outcome).to_string(), "10.6.0.10");
            let leases = held(STATE_FOLDER);
            let pod = leases[0]["containerID"].as_str().expect("an owner");
            let gone = Call::delete(&node, &node.pod(), &network(&["own"]));
            gone.variable("CNI_CONTAINERID", pod).run().expect_silence();
        }
    }
}

#[test]
fn an_agent_that_does_not_answer_is_waited_for_a_moment() {
    let node = plumb_tests::node();
    share("10.5.0.10-10.5.0.20");
    let nine = ip("10.5.0.19");
    let waiting: Arc<Mutex<Vec<UnixStream>>> = Arc::default();
    let hangs = Arc::clone(&waiting);
    let agent = Agent::treating(move |_, stream| hangs.lock().expect("a lock").push(stream));
    let blue = network(&["blue"]);
    // The first call makes the store.
    let begin = Instant::now();
    add(&node, &blue).expect_error(11, "it did not answer within 4 s");
    let took = begin.elapsed();
    assert!(
        took >= Duration::from_secs(4) && took < Duration::from_secs(7),
        "{took:?}"
    );
    assert_eq!(
        agent.asked.lock().expect("a lock").len(),
        1,
        "once is enough"
    );

    // Meanwhile others come and go.
    agent::hold("", &[(nine, nine)], &[]);
    let other = node.pod();
    assert_eq!(address(&Call::add(&node, &other, &blue).run()), nine);
    let pod = node.pod();
    let late = Call::add(&node, &pod, &blue).start();
    cni_harness::wait::until("it asks", || agent.asked.lock().expect("a lock").len() == 2);
    let begin = Instant::now();
    node.delete(&other, &blue);
    // Nor does one that has to make the store again, which nobody may have open.
    fs::write(format!("{STATE_FOLDER}/leases.db"), "no database").expect("damage the store");
    let own = pool();
    let third = node.pod();
    node.add(&third, &own);
    node.delete(&third, &own);
    let took = begin.elapsed();
    assert!(took < Duration::from_secs(3), "they waited {took:?}");
    late.finish().expect_error(11, "within 4 s");
    drop(agent);

    for (answer, part) in [
        ("hello\n", "it answered what is no answer"),
        ("", "it hung up"),
        ("{\"pod\": {}}\n", "another question"),
    ] {
        let agent = Agent::treating(move |_, mut stream| {
            let _ = stream.write_all(answer.as_bytes());
        });
        add(&node, &blue).expect_error(11, part);
        drop(agent);
    }
    assert!(held(STATE_FOLDER).is_empty());
}

/// It says that it has got something, and what the node holds says otherwise.
#[test]
fn the_word_of_an_agent_gives_no_address() {
    let node = plumb_tests::node();
    share("10.5.0.10-10.5.0.20");
    let one = ip("10.5.0.10");
    let agent = Agent::answering(move |_| Answer::Taken(vec![(one, one)]));
    add(&node, &network(&["blue"])).expect_error(11, "3 times");
    assert_eq!(agent.takes().len(), 3);
    drop(agent);
    // Of another pool than was asked for.
    let agent = Agent::answering(move |_| {
        let far = ip("10.5.0.200");
        agent::hold("", &[(far, far)], &[]);
        Answer::Taken(vec![(far, far)])
    });
    add(&node, &network(&["blue"])).expect_error(11, "3 times");
    drop(agent);
    // Somebody else was quicker twice.
    let round = AtomicUsize::new(0);
    let agent = Agent::answering(move |_| {
        if round.fetch_add(1, Ordering::Relaxed) == 2 {
            agent::hold("", &[(one, one)], &[]);
        }
        Answer::Taken(vec![(one, one)])
    });
    assert_eq!(address(&add(&node, &network(&["blue"]))), one);
    assert_eq!(agent.takes().len(), 3);
}

/// All nodes together give an address once, however many pods come at once.
#[test]
fn two_nodes_never_give_one_address_twice() {
    const PODS: usize = 8;
    let cluster = Cluster::default();
    let run = |name: &'static str| {
        let cluster = cluster.clone();
        std::thread::spawn(move || {
            let node = plumb_tests::node();
            share("10.5.0.10-10.5.0.29");
            let _agent = Agent::of(&cluster, name);
            let pods: Vec<_> = (0..PODS).map(|_| node.pod()).collect();
            let blue = network(&["blue"]);
            let running: Vec<_> = pods
                .iter()
                .map(|pod| Call::add(&node, pod, &blue).start())
                .collect();
            let got = running.into_iter().map(|call| address(&call.finish()));
            got.collect::<Vec<_>>()
        })
    };
    let nodes = [run("a"), run("b")];
    let mut got: Vec<_> = nodes
        .into_iter()
        .flat_map(|node| node.join().expect("a node"))
        .collect();
    got.sort_unstable();
    got.dedup();
    assert_eq!(got.len(), 2 * PODS);
    assert!(cluster.count() >= 2 * PODS);
}

/// As with a StatefulSet: the same address on whatever node, and the cluster knows which.
#[test]
fn a_pod_that_comes_back_elsewhere_gets_its_address() {
    let arguments = "IgnoreUnknown=1;K8S_POD_NAMESPACE=team;K8S_POD_NAME=web-0;K8S_POD_UID=1";
    let cluster = Cluster::default();
    let attach = |name: &'static str| {
        let cluster = cluster.clone();
        let thread = std::thread::spawn(move || {
            let node = plumb_tests::node();
            share("10.5.0.10-10.5.0.29");
            let agent = Agent::of(&cluster, name);
            let mut blue = network(&["blue"]);
            blue["ipam"]["sticky"] = json!(true);
            // Somebody without a name comes first, so that a free address is held.
            let first = node.pod();
            node.add(&first, &blue);
            node.delete(&first, &blue);
            let mut got = Vec::new();
            for _ in 0..2 {
                let pod = node.pod();
                let call = Call::add(&node, &pod, &blue).arguments(arguments);
                got.push(address(&call.run()));
                let call = Call::delete(&node, &pod, &blue).arguments(arguments);
                call.run().expect_silence();
            }
            assert_eq!(got[0], got[1], "on one node");
            let takes = agent.takes();
            let kept: Vec<_> = takes.iter().filter(|take| take.keep).collect();
            assert_eq!(kept.len(), 1, "it is asked for once: {takes:?}");
            let pod = kept[0].pod.as_ref().expect("a pod");
            assert_eq!(
                (pod.namespace.as_str(), pod.name.as_str()),
                ("team", "web-0")
            );
            // What is taken from the node, it asks for again.
            assert!(agent::give_back((got[0], got[0])));
            let pod = node.pod();
            let call = Call::add(&node, &pod, &blue).arguments(arguments);
            assert_eq!(address(&call.run()), got[0]);
            got[0]
        });
        thread.join().expect("a node")
    };
    assert_eq!(attach("a"), attach("b"));
}

#[test]
fn a_damaged_store_holds_nothing_and_is_filled_again() {
    let node = plumb_tests::node();
    share("10.5.0.10-10.5.0.20");
    let cluster = Cluster::default();
    let agent = Agent::of(&cluster, "a");
    let blue = network(&["blue"]);
    let pod = node.pod();
    let first = address(&Call::add(&node, &pod, &blue).run());
    fs::write(format!("{STATE_FOLDER}/leases.db"), [0xa5; 8192]).expect("damage the store");
    let second = address(&add(&node, &blue));
    assert_ne!(first, second, "what a pod has is its own all the same");
    assert_eq!(agent.takes().len(), 2);
    assert_eq!(agent::held().into_iter().collect::<Vec<_>>(), [second]);
    let leases = held(STATE_FOLDER);
    assert_eq!(leases.len(), 2, "{leases:?}");
    node.delete(&pod, &blue);
    // It is not this node's to give out any more, before the agent says so.
    drop(agent);
    add(&node, &blue).expect_error(11, "pool blue");
}

#[test]
fn an_address_that_is_asked_for_is_taken_by_its_name() {
    let node = plumb_tests::node();
    share("10.5.0.10-10.5.0.20");
    let agent = Agent::of(&Cluster::default(), "a");
    let wanted = with(
        network(&["blue"]),
        json!({"runtimeConfig": {"ips": ["10.5.0.17"]}, "capabilities": {"ips": true}}),
    );
    assert_eq!(address(&add(&node, &wanted)).to_string(), "10.5.0.17");
    let take = &agent.takes()[0];
    assert!(take.requested);
    let wanted_address = ip("10.5.0.17");
    assert_eq!(take.claims[0][0].ranges, [(wanted_address, wanted_address)]);
    add(&node, &wanted).expect_error(102, "10.5.0.17");
    assert_eq!(agent.takes().len(), 1, "this node knows who has it");
}

/// A pool that the agent knows this node may not use.
#[test]
fn a_pool_of_other_nodes_says_why() {
    let node = plumb_tests::node();
    let specification = json!({"subnet": "10.5.0.0/16", "ips": ["10.5.0.10"], "default": true});
    let annotations = json!({
        "plumb.network/shared": "true", "plumb.network/unusable": "its nodeAffinity is for zone=east",
    });
    let text = manifest("blue", &annotations, &specification);
    write_pools("blue.json", &text);
    let reason = "blue: its nodeAffinity is for zone=east";
    add(&node, &network(&["blue"])).expect_error(50, reason);
    let text = plumbctl(&["pools"]);
    assert!(
        text.contains("NOT USABLE: its nodeAffinity is for zone=east"),
        "{text}"
    );
}
