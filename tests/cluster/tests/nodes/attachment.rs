//! Pods of two nodes on one of plumb's networks, from NetworkAttachmentDefinition to nothing.

use std::time::Duration;

use plumb_cluster_tests::{install, objects, pods, two_nodes};
use plumb_runtimes::inside;
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn pods_of_two_nodes_reach_each_other_over_macvlan_and_leave_nothing() {
    let cluster = two_nodes();
    let kubectl = cluster.kubectl();
    let ranges = [["172.81.0.100-172.81.0.109"], ["172.81.0.110-172.81.0.120"]];
    for (node, ranges) in cluster.nodes().iter().zip(&ranges) {
        install::pool(node, &objects::pool("v4-81", "172.81.0.0/16", ranges));
    }
    let network = objects::network(
        "macvlan-ens6f0np0",
        &json!({
            "cniVersion": "1.0.0", "name": "macvlan-ens6f0np0",
            "type": "macvlan", "master": "ens6f0np0", "mode": "bridge", "mtu": 9000,
            "ipam": {"type": "spiderpool", "default_ipv4_ippool": ["v4-81"]},
        }),
    );
    let deployment = objects::deployment("web", 4, "macvlan-ens6f0np0");
    kubectl.apply(&network);
    kubectl.apply(&deployment);
    let pods = pods::running(&cluster, "web", 4, PATIENCE);

    let mut addresses = Vec::new();
    for pod in &pods {
        let show = ["ip", "-o", "address", "show"];
        let shown = kubectl
            .execute("default", &pod.name, &show)
            .expect_success();
        let seen = inside::addresses(&shown, "net1");
        let reported = pod.addresses("net1");
        assert_eq!(seen, [format!("{}/16", reported[0])], "{pod:?}");
        addresses.push(reported[0].clone());
    }
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 4, "{addresses:?}");
    for node in cluster.nodes() {
        let here: Vec<_> = pods.iter().filter(|pod| pod.node == node.name()).collect();
        assert_eq!(here.len(), 2, "pods are spread over the nodes");
        assert_eq!(install::leases(node).len(), 2, "{}", node.name());
    }

    for pod in &pods {
        for address in &addresses {
            // By the second network, whose packets are larger than the first's.
            let ping = [
                "ping", "-I", "net1", "-s", "8000", "-c", "1", "-W", "2", address,
            ];
            kubectl
                .execute("default", &pod.name, &ping)
                .expect_success();
        }
    }

    kubectl.delete("default", "deployment", "web");
    pods::gone(&cluster, "web", PATIENCE);
    kubectl.delete("default", "net-attach-def", "macvlan-ens6f0np0");
    for node in cluster.nodes() {
        node.remove("/etc/plumb/pools/v4-81.json");
    }
    // That nothing is left on the nodes and in the API is looked at when the cluster is given back.
}

#[test]
fn the_reason_of_a_pod_that_cannot_come_up_is_among_its_events() {
    let cluster = two_nodes();
    let kubectl = cluster.kubectl();
    let network = objects::network(
        "nowhere",
        &json!({
            "cniVersion": "1.0.0", "name": "nowhere", "type": "macvlan", "master": "ens9f9np9",
        }),
    );
    kubectl.apply(&network);
    kubectl.apply(&objects::pod("stranded", "node2", "nowhere"));
    plumb_cluster_tests::until("the event says why", PATIENCE, || {
        let events = pods::events(&cluster);
        match events.contains("ens9f9np9") && events.contains("stranded") {
            true => Ok(()),
            false => Err(events),
        }
    });
    kubectl.delete("default", "pod", "stranded");
    kubectl.delete("default", "net-attach-def", "nowhere");
}
