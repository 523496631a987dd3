//! Manifests of guides in which something is wrong, or that want hardware which is not there: each is answered by a sentence.

use plumb_cluster_tests::{Cluster, objects, pods, with_chart};
use serde_json::{Value, json};

use crate::manifests::{
    PATIENCE, apply, daemon_set, delete_pool, event, file, give_resource, says,
};

const HOST_BITS: &str = "172.16.11.0/16 has host bits set: write the network itself, as 172.16.0.0/16 instead of 172.16.11.0/16, or a \
                         longer prefix, as 172.16.11.0/24";

/// What a pod is told that has the resource, but not from a device plugin.
const NO_FUNCTION: &str = "\"deviceID\" is missing, the PCI address of the function that the pod is to get: Multus adds it when the \
                           network has the annotation k8s.v1.cni.cncf.io/resourceName";

/// The configuration that the controller rendered.
fn rendered(cluster: &Cluster, namespace: &str, name: &str) -> Value {
    let attachment = cluster.kubectl().get_in(namespace, "net-attach-def", name);
    let attachment = attachment.expect("the controller has rendered it");
    let text = attachment["spec"]["config"].as_str().expect("a text");
    serde_json::from_str(text).expect("JSON")
}

/// Applies a workload, waits until one of its pods is told something, and deletes it.
fn told(cluster: &Cluster, network: &str, resource: Option<&str>, words: &[&str]) {
    let name = "told";
    let kubectl = cluster.kubectl();
    kubectl.apply(&daemon_set(name, network, resource));
    let pod = plumb_cluster_tests::until("there is a pod", PATIENCE, || {
        let pods = kubectl.list("pods", &["--selector", &format!("app={name}")]);
        let first = pods
            .first()
            .and_then(|pod| pod["metadata"]["name"].as_str());
        first.map(str::to_owned).ok_or_else(|| "none".to_owned())
    });
    event(cluster, &pod, words);
    kubectl.delete("default", "daemonset", name);
    pods::gone(cluster, name, PATIENCE);
}

#[test]
fn a_subnet_with_host_bits_and_a_pool_that_there_is_not() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    kubectl
        .run(&["create", "namespace", "spiderpool"])
        .expect_success();
    let network = ["spiderpool", "smc", "gpu1-sriov"];
    for name in ["rails-infiniband", "rails-ethernet"] {
        file(&kubectl, "apply", name).expect_failure(&[HOST_BITS]);
        // The network is taken, and says what it lacks.
        let lacks = match name {
            "rails-infiniband" => "ippools.ipv4 has \"gpu1-net91\", and no IPv4 pool has this name",
            _ => "ippools.ipv4 has \"gpu1-net11\", and no IPv4 pool has this name",
        };
        says(&cluster, network, ("Ready", "UnknownPool"), lacks);
    }
    // With the subnet as it is told to be, one network is right, and of the other the mistake is plain.
    let mut pool = objects::pool(
        "gpu1-net11",
        "172.16.0.0/16",
        &["172.16.11.1-172.16.11.200"],
    );
    pool["spec"]["gateway"] = json!("172.16.11.254");
    kubectl.apply(&pool);
    let resource = "no node has the resource \"spidernet.io/gpu1sriov\"";
    says(&cluster, network, ("Ready", "UnknownResource"), resource);
    file(&kubectl, "apply", "rails-infiniband").expect_failure(&["subnet"]);
    says(
        &cluster,
        network,
        ("Ready", "UnknownPool"),
        "\"gpu1-net91\", and no IPv4 pool has this name: did you mean \"gpu1-net11\"?",
    );

    kubectl.delete("spiderpool", "smc", "gpu1-sriov");
    delete_pool(&cluster, "gpu1-net11");
    kubectl
        .run(&["delete", "namespace", "spiderpool"])
        .expect_success();
}

#[test]
fn functions_of_adapters_that_no_node_has() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    for (name, network, resource, pool) in [
        (
            "roce-functions",
            "sriov-rdma",
            "spidernet.io/mellanoxrdma",
            "v4-81",
        ),
        (
            "infiniband-functions",
            "ib-sriov",
            "spidernet.io/mellanoxibsriov",
            "v4-91",
        ),
    ] {
        apply(&kubectl, name);
        let object = ["kube-system", "smc", network];
        let lacks =
            format!("no node has the resource \"{resource}\": a device plugin gives it to nodes");
        says(&cluster, object, ("Ready", "UnknownResource"), &lacks);
        // From here a device plugin would go on: it names the function, and plumb moves it.
        give_resource(&cluster, resource, 12);
        says(
            &cluster,
            object,
            ("Ready", "Usable"),
            "pods can use the network",
        );
        told(
            &cluster,
            &format!("kube-system/{network}"),
            Some(resource),
            &[NO_FUNCTION],
        );
        if network == "sriov-rdma" {
            // By the field's former name, enableRdma.
            let plugins = rendered(&cluster, "kube-system", network)["plugins"].clone();
            assert_eq!(plugins[1], json!({"type": "rdma"}), "{plugins}");
        } else {
            // The partition as a number: YAML keeps no base, so it is said which one that is.
            apply(&kubectl, "infiniband-partition");
            let which = "pkey 1000 is the number 1000, which is partition 0x03e8: write \"0x03e8\" to say so";
            says(&cluster, object, ("Notes", "ReadOtherwise"), which);
            assert_eq!(
                rendered(&cluster, "kube-system", network)["plugins"][0]["pkey"],
                "0x03e8"
            );
        }
        kubectl.delete("kube-system", "smc", network);
        delete_pool(&cluster, pool);
    }
}

#[test]
fn infiniband_that_is_none() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    apply(&kubectl, "infiniband-ipoib");
    let words =
        "parent ibs5f0 is a link for Ethernet, ipoib needs InfiniBand: name another in \"master\"";
    told(&cluster, "kube-system/ipoib", None, &[words]);
    kubectl.delete("kube-system", "smc", "ipoib");
    delete_pool(&cluster, "v4-91");
}

/// What guides have beside plumb's own objects, and who answers it: kubectl, and Multus by an event of the pod.
#[test]
fn a_field_that_a_secret_has_not_and_a_quote_around_the_list_of_networks() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    let secret = kubectl.try_apply(&json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "ib-kubernetes-ufm-secret", "namespace": "kube-system"},
        "stringData": {"UFM_USERNAME": "admin", "UFM_PASSWORD": "123456"},
        "string": {"UFM_CERTIFICATE": ""},
    }));
    secret.expect_failure(&["unknown field \"string\""]);
    let found = kubectl.get_in("kube-system", "secret", "ib-kubernetes-ufm-secret");
    assert_eq!(found, None);

    // YAML keeps the quotes of a text that begins on a line of its own.
    let networks = r#"'[{"name": "gpu1-sriov", "namespace": "spiderpool"}]'"#;
    kubectl.apply(&objects::pod("quoted", "node1", networks));
    event(&cluster, "quoted", &["invalid character '\\''"]);
    kubectl.delete("default", "pod", "quoted");
}

/// The configuration that the documentation of the plugin for InfiniBand functions has, whose function is another machine's.
#[test]
fn a_function_that_the_node_has_not() {
    let cluster = with_chart();
    let kubectl = cluster.kubectl();
    let network = objects::network(
        "mynet",
        &json!({
            "cniVersion": "0.3.1", "name": "mynet", "type": "ib-sriov", "deviceID": "0000:03:02.0", "link_state": "enable",
            "rdmaIsolation": true, "ibKubernetesEnabled": false,
            "ipam": {
                "type": "host-local", "subnet": "10.56.217.0/24",
                "rangeStart": "10.56.217.171", "rangeEnd": "10.56.217.181",
                "routes": [{"dst": "0.0.0.0/0"}], "gateway": "10.56.217.1",
            },
        }),
    );
    kubectl.apply(&network);
    told(
        &cluster,
        "default/mynet",
        None,
        &["no PCI function at 0000:03:02.0 on this node: `lspci -D` lists those it has"],
    );
    kubectl.delete("default", "net-attach-def", "mynet");
}
