//! What the agent and the controller need of a cluster as pods: an image, an account, a way to
//! the API server, and the node's folders. And Helm, which installs them.

use std::path::Path;
use std::time::Duration;

use plumb_cluster_tests::{kubectl, pods, two_nodes};
use plumb_tests::binaries;
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(120);

#[test]
fn a_daemon_set_of_an_image_of_ours_reaches_the_node_and_the_api_server() {
    let cluster = two_nodes();
    let kubectl = cluster.kubectl();
    let plumb = binaries::plumb();
    cluster.image("plumb-in-an-image", &[&plumb]);
    let command = "plumb --version > /host/opt/cni/version && exec sleep 86400";
    let folders = [
        ("cni", "/host/opt/cni", Path::new("/opt/cni")),
        ("kubectl", "/kubernetes", kubectl::programs()),
    ];
    let mounts = folders.map(|(name, inside, _)| json!({"name": name, "mountPath": inside}));
    let volumes =
        folders.map(|(name, _, outside)| json!({"name": name, "hostPath": {"path": outside}}));
    kubectl.apply(&json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "installer", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "installer"}},
            "template": {
                "metadata": {"labels": {"app": "installer"}},
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{
                        "name": "installer",
                        "image": "localhost/plumb-in-an-image:1",
                        "imagePullPolicy": "Never",
                        "command": ["sh", "-c", command],
                        "securityContext": {"privileged": true},
                        "volumeMounts": mounts,
                    }],
                    "volumes": volumes,
                },
            },
        },
    }));
    let pods = pods::running(&cluster, "installer", 2, PATIENCE);
    for pod in &pods {
        let whoami = ["/kubernetes/kubectl", "auth", "whoami"];
        let said = kubectl
            .execute("default", &pod.name, &whoami)
            .expect_success();
        assert!(
            said.contains("system:serviceaccount:default:default"),
            "{said}"
        );
        assert!(said.contains(&pod.node), "{said}");
    }
    for node in cluster.nodes() {
        let version = node.read("/opt/cni/version").unwrap_or_default();
        assert!(
            version.starts_with("plumb "),
            "{}: {version:?}",
            node.name()
        );
        node.remove("/opt/cni/version");
    }
    kubectl.delete("default", "daemonset", "installer");
    pods::gone(&cluster, "installer", PATIENCE);
}

#[test]
fn helm_installs_and_uninstalls_a_chart() {
    let cluster = two_nodes();
    let chart = cluster.folder().join("chart");
    std::fs::create_dir_all(chart.join("templates")).expect("make a chart");
    let about = "{apiVersion: v2, name: one, version: 1.0.0}";
    let template = "{apiVersion: v1, kind: ConfigMap, metadata: {name: {{ .Release.Name }}}, \
                    data: {nodes: {{ .Values.nodes | quote }}}}";
    std::fs::write(chart.join("Chart.yaml"), about).expect("write a chart");
    std::fs::write(chart.join("templates/map.yaml"), template).expect("write a template");
    let path = chart.to_str().expect("a path in UTF-8");
    cluster
        .helm(&["install", "release", path, "--set", "nodes=2", "--wait"])
        .expect_success();
    let map = cluster.kubectl().get_in("default", "configmap", "release");
    assert_eq!(map.expect("the chart's object")["data"]["nodes"], "2");
    cluster
        .helm(&["uninstall", "release", "--wait"])
        .expect_success();
    assert_eq!(
        cluster.kubectl().get_in("default", "configmap", "release"),
        None
    );
}
