//! What a user sees when a network cannot be had, and what is left then.

use cni_harness::{Call, Oracle};
use plumb_tests::configuration::with;
use plumb_tests::state::{STATE_FOLDER, leases};
use serde_json::json;

use super::cluster::{Cluster, cluster_network, rail};

/// Of four networks the third has no address left.
#[test]
fn a_full_pool_is_told_and_the_networks_before_it_are_undone() {
    let cluster = Cluster::new();
    let full = json!({"ipam": {"type": "pool", "pools": [
        {"name": "small", "subnet": "10.102.0.0/24", "ips": ["10.102.0.10"]},
    ]}});
    for number in 0..4 {
        cluster.network(&format!("rail{number}"), &rail(number));
    }
    cluster.network("rail2", &with(rail(2), full));
    let lucky = cluster.pod(&json!("rail2"));
    cluster.add(&lucky);
    let pod = cluster.pod(&json!("rail0,rail1,rail2,rail3"));
    let oracle = Oracle::new(&cluster.node);
    let before = leases(STATE_FOLDER);

    let message = cluster.refused(&pod);
    for part in ["rail2", "pool small has no free address", "default/pod1"] {
        assert!(message.contains(part), "{part:?} is not in {message:?}");
    }
    cluster.assert_only_multus_remembers(&oracle);
    assert_eq!(leases(STATE_FOLDER), before);
    assert_eq!(cluster.kubernetes.network_status(pod.name()), None);
    cluster.delete(&pod);
    oracle.assert_unchanged();

    // With an address free, the same pod starts.
    cluster.delete(&lucky);
    cluster.add(&pod);
    assert_eq!(pod.addresses("net3"), ["10.102.0.10/24"]);
}

/// As CRI-O and kubelet ask before they schedule pods.
#[test]
fn status_is_that_of_the_cluster_network() {
    let mut cluster = Cluster::new();
    cluster.multus.configure("cniVersion", json!("1.1.0"));
    let status = |cluster: &Cluster| {
        cluster
            .multus
            .call_without_pod(&cluster.node, "STATUS")
            .run()
    };
    status(&cluster).expect_silence();
    // The cluster's network has its master taken away.
    cni_harness::ip::batch(None, "link set nic0 name other\n");
    let outcome = status(&cluster);
    assert!(!outcome.succeeded(), "{outcome}");
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned();
    assert!(said.contains("nic0"), "{outcome}");
}

/// CRI-O calls GC when it starts; Multus passes on which attachments its cache has.
#[test]
fn gc_by_multus_removes_what_its_cache_does_not_know() {
    let mut cluster = Cluster::new();
    cluster.multus.configure("cniVersion", json!("1.1.0"));
    cluster.network("rail0", &rail(0));
    let alive = cluster.pod(&json!("rail0"));
    let gone = cluster.pod(&json!("rail0"));
    cluster.add(&alive);
    let oracle = Oracle::new(&cluster.node);
    let configuration = with(
        cluster_network()["plugins"][0].clone(),
        json!({"name": "cluster"}),
    );
    // A runtime that was killed before it wrote its cache.
    Call::add(&cluster.node, &gone, &configuration)
        .run()
        .expect_result();
    gone.remove();
    cluster
        .multus
        .call_without_pod(&cluster.node, "GC")
        .run()
        .expect_silence();
    oracle.assert_unchanged();
}
