//! A pool of 21 addresses, and more pods than that.

use std::time::{Duration, Instant};

use plumb_cluster_tests::{Cluster, objects, pods, with_chart};
use serde_json::{Value, json};

use crate::manifests::{PATIENCE, SHARED, addresses, apply, counts, delete_shared, event, reach};

/// Pods of one node.
fn of_node(name: &str, node: &str, replicas: usize) -> Value {
    let mut deployment = objects::deployment(name, replicas, SHARED);
    let pod = &mut deployment["spec"]["template"]["spec"];
    pod["nodeSelector"] = json!({"kubernetes.io/hostname": node});
    pod["topologySpreadConstraints"] = json!([]);
    deployment
}

fn scale(cluster: &Cluster, name: &str, replicas: usize) {
    let replicas = format!("--replicas={replicas}");
    cluster
        .kubectl()
        .run(&["scale", "deployment", name, &replicas])
        .expect_success();
}

#[test]
fn two_nodes_use_it_up_and_one_gets_what_the_other_has_no_use_for() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    apply(&kubectl, "roce-shared");
    kubectl.apply(&of_node("one", "node1", 11));
    kubectl.apply(&of_node("two", "node2", 10));
    let mut found = pods::running(&cluster, "one", 11, PATIENCE);
    found.extend(pods::running(&cluster, "two", 10, PATIENCE));
    let all = addresses(&found, "net1", "172.81.0.", 100..=120);
    assert_eq!(all.len(), 21);
    reach(&kubectl, &found[10..11], "net1", &all);
    counts(&cluster, "v4-81", 21, 21);

    // One more than there are addresses: who has them?
    kubectl.apply(&objects::pod("late", "node2", SHARED));
    let why = "no address of v4-81 is free: 21 of 21 in use: node node1 11, node node2 10";
    event(&cluster, "late", &[why]);

    // Kubelet tries again by itself, at the latest after a quarter of a minute.
    scale(&cluster, "one", 0);
    pods::gone(&cluster, "one", PATIENCE);
    let freed = Instant::now();
    let late = pods::running(&cluster, "late", 1, PATIENCE);
    addresses(&late, "net1", "172.81.0.", 100..=120);
    scale(&cluster, "two", 20);
    let two = pods::running(&cluster, "two", 20, PATIENCE);
    assert!(
        freed.elapsed() < Duration::from_secs(60),
        "{:?}",
        freed.elapsed()
    );
    let mut again = addresses(&two, "net1", "172.81.0.", 100..=120);
    again.extend(addresses(&late, "net1", "172.81.0.", 100..=120));
    assert_eq!(again, all);

    for name in ["one", "two"] {
        kubectl.delete("default", "deployment", name);
    }
    kubectl.delete("default", "pod", "late");
    pods::gone(&cluster, "two", PATIENCE);
    delete_shared(&cluster);
}
