//! Pods of two nodes on a macvlan of the nodes' adapters, from a guide's `kubectl apply` to nothing.

use plumb_cluster_tests::{objects, pods, with_chart};

use crate::manifests::{
    PATIENCE, SECONDS, SHARED, addresses, apply, counts, daemon_set, delete_shared, give_resource,
    reach, says,
};

#[test]
fn a_daemon_set_has_it_as_its_first_network() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    apply(&kubectl, "roce-shared");
    let network = ["kube-system", "smc", "macvlan-ens6f0np0"];
    says(
        &cluster,
        network,
        ("Ready", "Usable"),
        "pods can use the network",
    );
    give_resource(&cluster, "spidernet.io/hca_shared_devices", 500);
    kubectl.apply(&daemon_set(
        "rdma-macvlan",
        SHARED,
        Some("spidernet.io/hca_shared_devices"),
    ));
    let found = pods::running(&cluster, "rdma-macvlan", 2, PATIENCE);
    assert_ne!(found[0].node, found[1].node);

    let all = addresses(&found, "eth0", "172.81.0.", 100..=120);
    reach(&kubectl, &found, "eth0", &all);
    // Kubernetes knows the pod by it, and the pod's node reaches it: kubelet's probes do.
    for pod in &found {
        let object = kubectl
            .get_in("default", "pod", &pod.name)
            .expect("the pod");
        let address = object["status"]["podIP"].as_str().expect("an address");
        assert!(all.contains(address), "{address}");
        let node = cluster.node(&pod.node);
        node.run(&format!("ping -c 1 -W 2 {address}"))
            .expect_success();
    }
    counts(&cluster, "v4-81", 2, 21);

    kubectl.delete("default", "daemonset", "rdma-macvlan");
    pods::gone(&cluster, "rdma-macvlan", PATIENCE);
    delete_shared(&cluster);
    // That nothing else is left on the nodes and in the API is looked at when the cluster is given back.
}

#[test]
fn a_deployment_has_it_beside_its_first_network() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    apply(&kubectl, "roce-shared");
    kubectl.apply(&objects::deployment("trainer", 6, SHARED));
    let found = pods::running(&cluster, "trainer", 6, PATIENCE);
    for node in cluster.nodes() {
        let here = found.iter().filter(|pod| pod.node == node.name());
        assert_eq!(here.count(), 3, "pods are spread over the nodes");
    }
    let all = addresses(&found, "net1", "172.81.0.", 100..=120);
    reach(&kubectl, &found[..2], "net1", &all);
    counts(&cluster, "v4-81", 6, 21);

    // A pool that pods use stays as long as they do, and says why; then it goes.
    kubectl
        .run(&["delete", "sp", "v4-81", "--wait=false"])
        .expect_success();
    let why = "is deleted when no node holds an address of it: node node1 3, node node2 3";
    says(
        &cluster,
        ["default", "sp", "v4-81"],
        ("Ready", "Deleting"),
        why,
    );
    kubectl.delete("default", "deployment", "trainer");
    pods::gone(&cluster, "trainer", PATIENCE);
    plumb_cluster_tests::until("the pool is gone", SECONDS, || {
        match kubectl.get("sp", "v4-81") {
            None => Ok(()),
            Some(pool) => Err(pool["status"].to_string()),
        }
    });
    kubectl.delete("kube-system", "smc", "macvlan-ens6f0np0");
}
