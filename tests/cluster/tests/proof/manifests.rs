//! What users apply, and what they look at then.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use plumb_cluster_tests::pods::Pod;
use plumb_cluster_tests::{Cluster, Kubectl, install, until};
use plumb_runtimes::Finished;
use serde_json::{Value, json};

/// For what takes kubelets a moment, on a machine that has other things to do.
pub const PATIENCE: Duration = Duration::from_secs(100);

/// What plumb does by itself within seconds.
pub const SECONDS: Duration = Duration::from_secs(30);

/// The macvlan of a guide's, and its pool.
pub const SHARED: &str = "kube-system/macvlan-ens6f0np0";

/// A file of `tests/manifests`.
pub fn path(name: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../manifests");
    std::fs::canonicalize(format!("{folder}/{name}.yaml")).expect("a manifest")
}

/// `kubectl VERB --filename` of such a file.
pub fn file(kubectl: &Kubectl<'_>, verb: &str, name: &str) -> Finished {
    let path = path(name);
    kubectl.run(&[verb, "--filename", path.to_str().expect("a path in UTF-8")])
}

/// Applies a file in which nothing is wrong.
pub fn apply(kubectl: &Kubectl<'_>, name: &str) {
    file(kubectl, "apply", name).expect_success();
}

/// The workload that guides have for a network that becomes the pods' first one. It ends at once when it is to, and the image
/// is one that the nodes have.
pub fn daemon_set(name: &str, network: &str, resource: Option<&str>) -> Value {
    let limits = resource.map(|resource| json!({resource: 1}));
    json!({
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {
                    "name": name,
                    "labels": {"app": name},
                    "annotations": {"v1.multus-cni.io/default-network": network},
                },
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [{
                        "image": "localhost/busybox:1",
                        "imagePullPolicy": "IfNotPresent",
                        "name": "mofed-test",
                        "securityContext": {"capabilities": {"add": ["IPC_LOCK"]}},
                        "resources": {"limits": limits.unwrap_or_else(|| json!({}))},
                        "command": ["sh", "-c", "ls -l /dev/infiniband /sys/class/net\nsleep 1000000\n"],
                    }],
                },
            },
        },
    })
}

/// Has the nodes say that they have so much of a resource, as a device plugin does.
pub fn give_resource(cluster: &Cluster, resource: &str, count: usize) {
    let patch = json!({"status": {"capacity": {resource: count.to_string()}}}).to_string();
    for node in cluster.nodes() {
        let patch = [
            "patch",
            "node",
            node.name(),
            "--subresource=status",
            "--type=merge",
            "-p",
            &patch,
        ];
        cluster.kubectl().run(&patch).expect_success();
    }
}

/// Waits until a condition of an object has this reason and says this.
pub fn says(cluster: &Cluster, object: [&str; 3], condition: (&str, &str), words: &str) {
    let [namespace, kind, name] = object;
    let (kind_of, reason) = condition;
    until(&format!("{kind} {name} says {words:?}"), SECONDS, || {
        let object = cluster.kubectl().get_in(namespace, kind, name);
        let status = object
            .map(|object| object["status"].clone())
            .unwrap_or_default();
        let conditions = status["conditions"].as_array();
        let found = conditions.into_iter().flatten().any(|one| {
            let message = one["message"].as_str().unwrap_or_default();
            one["type"] == kind_of && one["reason"] == reason && message.contains(words)
        });
        if found {
            Ok(())
        } else {
            Err(status.to_string())
        }
    });
}

/// Waits until an event of an object of the namespace `default` says all of this.
pub fn event(cluster: &Cluster, object: &str, words: &[&str]) {
    until(
        &format!("an event of {object} says {words:?}"),
        PATIENCE,
        || {
            let selector = format!("involvedObject.name={object}");
            let events = cluster
                .kubectl()
                .list("events", &["--field-selector", &selector]);
            let messages: Vec<_> = events
                .iter()
                .filter_map(|event| event["message"].as_str())
                .collect();
            let is_meant = |message: &&str| words.iter().all(|word| message.contains(word));
            if messages.iter().any(is_meant) {
                return Ok(());
            }
            Err(messages.join("\n"))
        },
    );
}

/// The addresses of an interface of the pods, which all have one of the range, and each its own.
pub fn addresses(
    pods: &[Pod],
    interface: &str,
    prefix: &str,
    last: std::ops::RangeInclusive<u8>,
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for pod in pods {
        let addresses = pod.addresses(interface);
        let [address] = addresses.as_slice() else {
            panic!("one address: {pod:?}");
        };
        let number = address
            .strip_prefix(prefix)
            .and_then(|last| last.parse().ok());
        assert!(
            number.is_some_and(|number: u8| last.contains(&number)),
            "{address} is not of the pool"
        );
        assert!(
            found.insert(address.clone()),
            "{address} was given out twice: {pods:?}"
        );
    }
    found
}

/// Every pod reaches these addresses by the interface, in packets that are larger than those of the pods' first network.
pub fn reach(kubectl: &Kubectl<'_>, pods: &[Pod], interface: &str, addresses: &BTreeSet<String>) {
    for pod in pods {
        for address in addresses {
            let ping = [
                "ping", "-I", interface, "-s", "8000", "-c", "1", "-W", "2", address,
            ];
            kubectl
                .execute("default", &pod.name, &ping)
                .expect_success();
        }
    }
}

/// How many addresses more than its pods have a cluster may hold: of two ADDs at the same moment on a node one may take what the
/// agent had got for the other, which gets a further one then. It is given back when it has been idle for some minutes.
const BESIDE: usize = 2;

/// Waits until `kubectl get sp` shows that so many addresses are held, of so many.
pub fn counts(cluster: &Cluster, pool: &str, held: usize, total: usize) {
    until(&format!("{pool} has {held} of {total}"), SECONDS, || {
        let shown = cluster
            .kubectl()
            .run(&["get", "sp", pool, "--no-headers"])
            .expect_success();
        let words: Vec<_> = shown.split_whitespace().collect();
        let number = |place: usize| words.get(place).and_then(|word| word.parse::<usize>().ok());
        let is_held = |number: usize| (held..=held + BESIDE).contains(&number);
        match number(3).is_some_and(is_held) && number(4) == Some(total) {
            true => Ok(()),
            // Which of them no pod has, and since when, is what somebody wants to know then.
            false => Err(format!("{shown}{}", holders(cluster, pool))),
        }
    });
}

/// A pool's blocks, and the leases of the nodes.
fn holders(cluster: &Cluster, pool: &str) -> String {
    let selector = format!("ipam.plumb.network/pool={pool}");
    let output = ["get", "ipblocks", "--selector", &selector, "-o", "wide"];
    let blocks = cluster.kubectl().run(&output).expect_success();
    let leases = cluster
        .nodes()
        .iter()
        .map(|node| format!("{}: {}\n", node.name(), Value::from(install::leases(node))));
    format!("{blocks}{}", leases.collect::<String>())
}

/// Deletes a pool as its user does, who waits for it: nothing of it may be left then, neither in the API nor on the nodes.
pub fn delete_pool(cluster: &Cluster, pool: &str) {
    let kubectl = cluster.kubectl();
    let timeout = format!("--timeout={}s", SECONDS.as_secs());
    kubectl
        .run(&["delete", "sp", pool, &timeout])
        .expect_success();
    let selector = format!("ipam.plumb.network/pool={pool}");
    let blocks = kubectl.list("ipblocks", &["--selector", &selector]);
    assert!(blocks.is_empty(), "{blocks:?}");
    for node in cluster.nodes() {
        let leases = install::leases(node);
        assert!(leases.is_empty(), "{}: {leases:?}", node.name());
        until(
            &format!("{pool} is gone from {}", node.name()),
            SECONDS,
            || match node.path(format!("/run/plumb/pools/{pool}.json")).exists() {
                true => Err("its file is there".to_owned()),
                false => Ok(()),
            },
        );
    }
}

/// Deletes the network of [`SHARED`] and its pool.
pub fn delete_shared(cluster: &Cluster) {
    cluster
        .kubectl()
        .delete("kube-system", "smc", "macvlan-ens6f0np0");
    delete_pool(cluster, "v4-81");
}
