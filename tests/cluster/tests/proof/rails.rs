//! A pod with a rail for each of eight GPUs, on two nodes.

use plumb_cluster_tests::{pods, with_chart};

use crate::manifests::{PATIENCE, addresses, apply, delete_pool};

/// How many rails a pod has; rail 1 is `net1`.
const RAILS: u8 = 8;

#[test]
fn each_of_eight_rails_of_a_pod_reaches_its_peer_on_the_other_node() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    apply(&kubectl, "rails-macvlan");
    let found = pods::running(&cluster, "trainer", 2, PATIENCE);
    assert_ne!(found[0].node, found[1].node);
    for rail in 1..=RAILS {
        let interface = format!("net{rail}");
        let prefix = format!("172.16.1{rail}.");
        addresses(&found, &interface, &prefix, 10..=200);
        for (pod, peer) in [(&found[0], &found[1]), (&found[1], &found[0])] {
            let (own, theirs) = (
                &pod.addresses(&interface)[0],
                &peer.addresses(&interface)[0],
            );
            let execute = |command: &[&str]| {
                let done = kubectl.execute("default", &pod.name, command);
                done.expect_success()
            };
            // The rails have no way to each other: what leaves by another one never arrives.
            execute(&["ping", "-I", own, "-c", "1", "-W", "2", theirs]);
            // And what is behind its gateway goes by it as well, for who has its address.
            let way = execute(&["ip", "route", "get", "192.0.2.1", "from", own]);
            let by = format!("via {prefix}254 dev {interface}");
            assert!(way.contains(&by), "{way}");
        }
    }
    // The pod's other packets stay on the cluster's network.
    for pod in &found {
        let way = ["ip", "route", "get", "192.0.2.1"];
        let way = kubectl.execute("default", &pod.name, &way).expect_success();
        assert!(way.contains("dev eth0"), "{way}");
    }

    kubectl.delete("default", "daemonset", "trainer");
    pods::gone(&cluster, "trainer", PATIENCE);
    for rail in 1..=RAILS {
        let name = format!("rail{rail}");
        kubectl.delete("kube-system", "smc", &name);
        delete_pool(&cluster, &name);
    }
    // That nothing else is left on the nodes and in the API is looked at when the cluster is given back.
}
