//! What goes on while the API server is stopped, or a node's agent is dead, and what is there when both are back.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use plumb_cluster_tests::{
    Cluster, Node, chart, cluster, install, objects, pods, until, with_chart,
};

use crate::direct::Sandbox;
use crate::manifests::{PATIENCE, SHARED, addresses, apply, counts, delete_shared};

/// A node holds this many addresses for pods to come, which those that ended had.
fn warm(node: &Node, count: usize) -> Vec<String> {
    let names = (0..count).map(|number| format!("warm{number}"));
    let sandboxes: Vec<_> = names.map(|name| Sandbox::new(node, &name)).collect();
    let mut addresses: Vec<_> = sandboxes.iter().map(Sandbox::add).collect();
    sandboxes.into_iter().for_each(Sandbox::end);
    addresses.sort();
    addresses
}

/// ADD and DEL of what is held succeed at once; one address more is not there, and the message says `why`.
fn held_is_served(node: &Node, held: &[String], why: &str) {
    let names = (0..held.len()).map(|number| format!("held{number}"));
    let sandboxes: Vec<_> = names.map(|name| Sandbox::new(node, &name)).collect();
    let begin = Instant::now();
    let mut addresses: Vec<_> = sandboxes.iter().map(Sandbox::add).collect();
    assert!(
        begin.elapsed() < Duration::from_secs(5),
        "{:?}",
        begin.elapsed()
    );
    addresses.sort();
    assert_eq!(addresses, held);
    let more = Sandbox::new(node, "more");
    let (code, message) = more.refused();
    assert_eq!(code, 11, "{message}");
    assert!(
        message.contains("pool v4-81 is shared by the nodes of a cluster") && message.contains(why),
        "{message}"
    );
    more.end();
    sandboxes.into_iter().for_each(Sandbox::end);
}

/// The agents of a node: processes in its network namespace, because that is theirs.
fn kill_agent(node: &Node) {
    let line = "for process in $(pidof plumb-agent); do \
                [ $(readlink /proc/$process/ns/net) = $(readlink /proc/self/ns/net) ] && kill -KILL $process; done; true";
    node.shell(line).expect_success();
}

fn api_answers(cluster: &Cluster) {
    until("the API server answers", PATIENCE, || {
        let ready = cluster.kubectl().run(&["get", "--raw", "/readyz"]);
        if ready.succeeded() {
            Ok(())
        } else {
            Err(ready.to_string())
        }
    });
}

#[test]
fn held_addresses_are_given_out_without_api_server_and_agent_and_nothing_is_lost() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    let node = cluster.node("node1");
    apply(&kubectl, "roce-shared");
    kubectl.apply(&objects::deployment("steady", 4, SHARED));
    let before = pods::running(&cluster, "steady", 4, PATIENCE);
    let all = addresses(&before, "net1", "172.81.0.", 100..=120);
    let held = warm(node, 3);
    let leases = install::leases(node);

    cluster.place().signal("apiserver", Signal::SIGKILL);
    held_is_served(node, &held, "the API server cannot be reached");
    // A kubelet that is stopped starts no agent again.
    node.signal("kubelet", Signal::SIGSTOP);
    kill_agent(node);
    held_is_served(node, &held, "agent");

    cluster.place().start_again("apiserver");
    api_answers(&cluster);
    held_is_served(node, &held, "agent");
    node.signal("kubelet", Signal::SIGCONT);
    chart::ready(&cluster, "agent", 2);
    chart::ready(&cluster, "controller", 2);
    until("nodes are ready", PATIENCE, || {
        let nodes = kubectl.list("nodes", &[]);
        match nodes.iter().all(cluster::is_ready) {
            true => Ok(()),
            false => Err(format!("{nodes:?}")),
        }
    });

    // Who had an address has it, by lease and by claim, and what was held is held.
    assert_eq!(install::leases(node), leases);
    let after = pods::running(&cluster, "steady", 4, PATIENCE);
    assert_eq!(addresses(&after, "net1", "172.81.0.", 100..=120), all);
    for pod in &after {
        let name = format!("default-{}", pod.addresses("net1")[0]);
        let block = kubectl.get("ipblock", &name).expect("the claim");
        assert_eq!(block["spec"]["node"], pod.node.as_str());
    }
    // And what could not be had is to be had again.
    let more = warm(node, 4);
    assert!(
        held.iter().all(|address| more.contains(address)),
        "{held:?} {more:?}"
    );
    counts(&cluster, "v4-81", 8, 21);

    kubectl.delete("default", "deployment", "steady");
    pods::gone(&cluster, "steady", PATIENCE);
    delete_shared(&cluster);
}
