//! DEL by Multus, in all the states in which it comes.

use std::fs;

use cni_harness::{Delegate, Oracle, Pod};
use plumb_runtimes::multus::CACHE;
use plumb_tests::configuration::with;
use plumb_tests::state::{STATE_FOLDER, leases};
use serde_json::{Value, json};

use super::cluster::{Cluster, cluster_network, rail};
use super::recorder::record;

/// A cluster and a pod with two rails.
fn cluster_and_pod() -> (Cluster, Pod) {
    let cluster = Cluster::new();
    cluster.network("rail0", &rail(0));
    cluster.network("rail1", &rail(1));
    let pod = cluster.pod(&json!("rail0,rail1"));
    (cluster, pod)
}

/// What Multus remembers of a pod is lost, as after a crash of the node.
#[track_caller]
fn lose_the_cache() {
    fs::remove_dir_all(CACHE).expect("remove Multus' cache");
}

/// kubelet asks for it as often as it likes.
#[test]
fn it_leaves_nothing_and_may_come_again() {
    let (cluster, pod) = cluster_and_pod();
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    for _ in 0..3 {
        cluster.delete(&pod);
        oracle.assert_unchanged();
    }
}

#[test]
fn it_works_without_the_namespace() {
    let (cluster, pod) = cluster_and_pod();
    let oracle = Oracle::new(&cluster.node);
    // Gone, and its mount point with it or not.
    cluster.add(&pod);
    pod.unmount();
    cluster.delete(&pod);
    oracle.assert_unchanged();
    pod.mount_again();
    cluster.add(&pod);
    pod.remove();
    cluster.delete(&pod);
    oracle.assert_unchanged();
}

/// containerd empties the variable once it has closed the namespace; the second call is
/// the one of RemovePodSandbox.
#[test]
fn it_works_with_an_empty_netns() {
    let (cluster, pod) = cluster_and_pod();
    let oracle = Oracle::new(&cluster.node);
    for gone in [false, true] {
        cluster.add(&pod);
        if gone {
            pod.remove();
        }
        for _ in 0..2 {
            cluster
                .call("DEL", &pod)
                .variable("CNI_NETNS", "")
                .run()
                .expect_silence();
            oracle.assert_unchanged();
        }
    }
}

/// A pod that was deleted by force, or whose name has a new pod.
#[test]
fn it_works_without_the_pod() {
    let (cluster, pod) = cluster_and_pod();
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    cluster.kubernetes.remove_pod(pod.name());
    cluster.delete(&pod);
    oracle.assert_unchanged();
}

/// Multus asks Kubernetes again what the pod had.
#[test]
fn it_works_without_multus_cache() {
    let (cluster, pod) = cluster_and_pod();
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    lose_the_cache();
    cluster.delete(&pod);
    oracle.assert_unchanged();
}

/// With neither, Multus reports success and calls nobody: the next pods that find the pool
/// full get the addresses, and all else that was left goes then, too.
#[test]
fn what_nobody_deleted_goes_when_the_next_pods_come() {
    let cluster = Cluster::new();
    let small = json!({"ipam": {"type": "pool", "pools": [
        {"name": "small", "subnet": "10.100.0.0/24", "ips": ["10.100.0.10-10.100.0.11"]},
    ]}});
    cluster.network("rail0", &with(rail(0), small));
    let lost = [(); 2].map(|()| cluster.pod(&json!("rail0")));
    let next = [(); 2].map(|()| cluster.pod(&json!("rail0")));
    let oracle = Oracle::new(&cluster.node);
    for pod in &lost {
        cluster.add(pod);
    }
    lose_the_cache();
    for pod in &lost {
        cluster.kubernetes.remove_pod(pod.name());
        pod.remove();
        cluster.delete(pod);
    }
    assert_eq!(leases(STATE_FOLDER).len(), 4, "of rail0 and of the cluster");

    let mut addresses = Vec::new();
    for pod in &next {
        cluster.add(pod);
        addresses.extend(pod.addresses("net1"));
    }
    addresses.sort();
    assert_eq!(addresses, ["10.100.0.10/24", "10.100.0.11/24"]);
    for pod in &next {
        cluster.delete(pod);
    }
    oracle.assert_unchanged();
}

/// Multus goes on with the other networks when one fails, from the last to the first.
#[test]
fn another_plugin_that_fails_does_not_keep_plumb_s_networks() {
    let (cluster, _) = cluster_and_pod();
    let recorder = record(&cluster, "macvlan");
    let other = Delegate::new(&cluster.node, "other");
    other.answers("ADD", r#"echo '{"cniVersion":"1.0.0"}'"#);
    other.answers(
        "DEL",
        r#"echo '{"cniVersion":"1.0.0","code":11,"msg":"the switch does not answer"}'; exit 1"#,
    );
    cluster.replace("other", &other);
    cluster.network("other", &json!({"cniVersion": "1.0.0", "type": "other"}));
    let pod = cluster.pod(&json!("rail0,other,rail1"));
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    let outcome = cluster.call("DEL", &pod).run();
    assert!(!outcome.succeeded(), "{outcome}");
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
    assert!(said.contains("the switch does not answer"), "{outcome}");
    // Only the result of the network that failed is kept.
    let left = oracle.settled_difference();
    let kept = format!("{CACHE}/results/other-{}-net2", pod.container());
    assert!(left.contains(&kept), "{left}");
    assert_eq!(left.lines().count(), 1, "{left}");
    let deleted: Vec<String> = recorder
        .calls()
        .into_iter()
        .filter(|call| call.environment["CNI_COMMAND"] == "DEL")
        .map(|call| call.environment["CNI_IFNAME"].clone())
        .collect();
    assert_eq!(deleted, ["net3", "net1", "eth0"]);

    other.answers("DEL", "");
    cluster.delete(&pod);
    oracle.assert_unchanged();
}

/// Of a cluster network in a file, Multus 4.3.0 keeps the keys for DEL that its own types
/// have: plumb gets neither the parent nor the pools.
#[test]
fn it_works_with_what_multus_has_left_of_the_configuration() {
    let mut cluster = Cluster::new();
    let recorder = record(&cluster, "macvlan");
    let file = cluster.node.scratch().join("10-cluster.conflist");
    fs::write(&file, cluster_network().to_string()).expect("write the network");
    cluster.multus.configure("clusterNetwork", json!(file));
    let pod = cluster.pod(&json!(""));
    let oracle = Oracle::new(&cluster.node);
    cluster.add(&pod);
    assert_eq!(pod.addresses("eth0"), ["10.0.0.2/16"]);
    cluster.delete(&pod);
    oracle.assert_unchanged();
    let calls = recorder.calls();
    let [add, delete] = calls.as_slice() else {
        panic!("expected an ADD and a DEL, got {calls:#?}");
    };
    let parent = |bytes: &[u8]| -> Value {
        let configuration: Value = serde_json::from_slice(bytes).expect("Multus writes JSON");
        configuration["master"].clone()
    };
    assert_eq!(parent(&add.stdin), "nic0");
    assert_eq!(parent(&delete.stdin), Value::Null);
}
