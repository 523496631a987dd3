//! What a pod asks for itself.

use plumb_cluster_tests::{objects, pods, with_chart};
use serde_json::{Value, json};

use crate::manifests::{PATIENCE, SHARED, addresses, apply, delete_pool, delete_shared, event};

fn pod(name: &str, node: &str, annotation: &str, value: &str) -> Value {
    let mut pod = objects::pod(name, node, SHARED);
    pod["metadata"]["annotations"][annotation] = json!(value);
    pod
}

#[test]
fn an_annotation_chooses_the_pool_and_a_wrong_one_is_answered() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    apply(&kubectl, "roce-shared");
    kubectl.apply(&objects::pool(
        "other",
        "172.82.0.0/16",
        &["172.82.0.10-172.82.0.20"],
    ));
    let (one, many) = ("ipam.spidernet.io/ippool", "ipam.spidernet.io/ippools");
    kubectl.apply(&pod("of-one", "node1", one, r#"{"ipv4":["other"]}"#));
    kubectl.apply(&pod(
        "of-many",
        "node2",
        many,
        r#"[{"interface":"net1","ipv4":["other"]}]"#,
    ));
    kubectl.apply(&pod("of-nobody", "node2", one, r#"{"ipv4":["v4-18"]}"#));
    kubectl.apply(&pod("of-no-json", "node1", one, "{ipv4: [v4-81]}"));

    for name in ["of-one", "of-many"] {
        let found = pods::running(&cluster, name, 1, PATIENCE);
        addresses(&found, "net1", "172.82.0.", 10..=20);
    }
    let unknown = [
        "v4-18: no pool has this name; did you mean \"v4-81\"?",
        "named by annotation ipam.spidernet.io/ippool",
    ];
    event(&cluster, "of-nobody", &unknown);
    let broken = [
        "annotation ipam.spidernet.io/ippool is not JSON",
        "look for a quote too many or too few",
    ];
    event(&cluster, "of-no-json", &broken);

    for name in ["of-one", "of-many", "of-nobody", "of-no-json"] {
        kubectl.delete("default", "pod", name);
    }
    delete_pool(&cluster, "other");
    delete_shared(&cluster);
}
