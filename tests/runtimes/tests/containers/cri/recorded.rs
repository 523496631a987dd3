//! How containerd's CRI calls a plugin: plumb's other tests make the same calls by themselves.

use std::collections::BTreeSet;

use cni_harness::Oracle;
use plumb_runtimes::cri::messages::PortMapping;
use plumb_runtimes::{Containerd, Cri, Host, network, recorder};
use plumb_tests::configuration::with;
use serde_json::{Value, json};

#[test]
fn keys_of_go_and_pods_annotations_do_no_harm() {
    let capabilities = json!({
        "portMappings": true,
        "bandwidth": true,
        "io.kubernetes.cri.pod-annotations": true,
    });
    let changes = json!({"capabilities": capabilities});
    let host = Host::new(&with(network::pool(), changes));
    let recorder = recorder::install(&host);
    let containerd = Containerd::new(&host);
    let cri = Cri::new(&containerd);
    let clean = Oracle::new(host.node());
    let mut pod = cri.pod("a");
    pod.port_mappings.push(PortMapping {
        container_port: 80,
        host_port: 8081,
    });
    let annotation = (
        "kubernetes.io/ingress-bandwidth".to_owned(),
        "10M".to_owned(),
    );
    pod.annotations.extend([annotation]);
    let sandbox = cri.run(&pod).expect("RunPodSandbox");
    for _ in 0..2 {
        cri.stop(&sandbox).expect("StopPodSandbox");
    }
    for _ in 0..2 {
        cri.remove(&sandbox).expect("RemovePodSandbox");
    }
    clean.assert_unchanged();

    assert_eq!(recorder.verbs(), ["ADD", "DEL", "DEL", "DEL"]);
    for (number, call) in recorder.calls().iter().enumerate() {
        let variable = |name: &str| call.environment[name].as_str();
        assert_eq!(variable("CNI_CONTAINERID"), sandbox);
        assert_eq!(variable("CNI_PATH"), "/opt/cni/bin");
        // In another order each time.
        let arguments: BTreeSet<&str> = variable("CNI_ARGS").split(';').collect();
        let id = format!("K8S_POD_INFRA_CONTAINER_ID={sandbox}");
        let uid = format!(
            "K8S_POD_UID={}",
            pod.metadata.as_ref().map_or("", |pod| &pod.uid)
        );
        let expected = [
            "IgnoreUnknown=1",
            "K8S_POD_NAMESPACE=default",
            "K8S_POD_NAME=a",
            &id,
            &uid,
        ];
        assert_eq!(arguments, BTreeSet::from(expected));

        let stdin: Value = serde_json::from_slice(&call.stdin).expect("stdin is JSON");
        let runtime = &stdin["runtimeConfig"];
        assert_eq!(runtime["portMappings"][0]["HostPort"], 8081);
        assert_eq!(runtime["bandwidth"]["IngressRate"], 10_000_000);
        let annotations = &runtime["io.kubernetes.cri.pod-annotations"];
        assert_eq!(annotations["kubernetes.io/ingress-bandwidth"], "10M");
        // Once the sandbox is stopped, the namespace and the result are gone.
        let stopped = number > 1;
        assert_eq!(variable("CNI_NETNS").is_empty(), stopped);
        assert_eq!(stdin.get("prevResult").is_some(), number == 1);
    }
}
