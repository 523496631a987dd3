//! The objects that tests start from; a test changes what it is about.

use serde_json::{Value, json};

/// A network of Multus in the namespace `default`; pods name it.
pub fn network(name: &str, configuration: &Value) -> Value {
    json!({
        "apiVersion": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"config": configuration.to_string()},
    })
}

/// Pods of the same kind in the namespace `default`, as many on each node, on these networks of
/// Multus. They have the label `app` with the name, and end at once when they are to.
pub fn deployment(name: &str, replicas: usize, networks: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {
                    "labels": {"app": name},
                    "annotations": {"k8s.v1.cni.cncf.io/networks": networks},
                },
                "spec": pod_spec(name),
            },
        },
    })
}

/// A pod of the namespace `default` on a node of the test's choice.
pub fn pod(name: &str, node: &str, networks: &str) -> Value {
    let mut spec = pod_spec(name);
    spec["nodeName"] = json!(node);
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": {"app": name},
            "annotations": {"k8s.v1.cni.cncf.io/networks": networks},
        },
        "spec": spec,
    })
}

/// A pool, a `SpiderIPPool` of these ranges.
pub fn pool(name: &str, subnet: &str, ranges: &[&str]) -> Value {
    json!({
        "apiVersion": "spiderpool.spidernet.io/v2beta1",
        "kind": "SpiderIPPool",
        "metadata": {"name": name},
        "spec": {"subnet": subnet, "ips": ranges},
    })
}

fn pod_spec(app: &str) -> Value {
    json!({
        "terminationGracePeriodSeconds": 0,
        "topologySpreadConstraints": [{
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": app}},
        }],
        "containers": [{
            "name": "main",
            "image": "localhost/busybox:1",
            "imagePullPolicy": "Never",
            "command": ["sleep", "86400"],
        }],
    })
}
