//! The peer, called as a plugin for addresses, with a kubeconfig of its own account.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use plumb_cluster_tests::agents::PATIENCE;
use plumb_cluster_tests::{Cluster, until};
use serde_json::{Value, json};

use crate::audit::{Audit, conflicts, count};
use crate::claims::NODES;
use crate::report::Report;

const NAMESPACE: &str = "whereabouts";
const ACCOUNT: &str = "whereabouts";

/// What a call of the peer needs.
pub struct Peer {
    program: PathBuf,
    configuration: String,
}

impl Peer {
    /// Installs its definitions and rights.
    #[track_caller]
    pub fn install(cluster: &Cluster) -> Self {
        let folder = plumb_tests::peers::build("whereabouts");
        let kubectl = cluster.kubectl();
        let definitions = fs::read_dir(&folder).expect("read the peer's folder");
        for file in definitions.flatten().map(|entry| entry.path()) {
            if file
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                kubectl.apply_file(&file);
            }
        }
        for object in rights() {
            kubectl.apply(&object);
        }
        for kind in ["ippools", "overlappingrangeipreservations"] {
            until("the peer's definitions are served", PATIENCE, || {
                let kind = format!("{kind}.whereabouts.cni.cncf.io");
                let served = kubectl.run(&["get", &kind, "--all-namespaces"]).succeeded();
                served.then_some(()).ok_or(kind)
            });
        }
        Self::of(cluster)
    }

    /// The one that [`Self::install`] has installed.
    #[track_caller]
    pub fn of(cluster: &Cluster) -> Self {
        let kubeconfig = cluster.account(NAMESPACE, ACCOUNT, None);
        let text = fs::read_to_string(&kubeconfig).expect("read a kubeconfig");
        let mut value: Value = serde_json::from_str(&text).expect("a kubeconfig as JSON");
        // Its objects are in the namespace of the context.
        value["contexts"][0]["context"]["namespace"] = json!(NAMESPACE);
        fs::write(&kubeconfig, value.to_string()).expect("write a kubeconfig");
        let defaults = cluster.folder().join("whereabouts.conf");
        let kubernetes = json!({"kubeconfig": kubeconfig});
        fs::write(
            &defaults,
            json!({"kubernetes": kubernetes, "datastore": "kubernetes"}).to_string(),
        )
        .expect("write the peer's file");
        let configuration = json!({
            "cniVersion": "1.0.0", "name": "peer", "type": "macvlan", "master": "nic0",
            "ipam": {
                "type": "whereabouts", "range": "172.26.0.0/16", "log_level": "error",
                "configuration_path": defaults, "kubernetes": kubernetes,
            },
        });
        Self {
            program: plumb_tests::peers::build("whereabouts").join("whereabouts"),
            configuration: configuration.to_string(),
        }
    }

    /// A call on a node. The calling thread is in the cluster's network.
    #[track_caller]
    pub fn call(&self, verb: &str, node: usize, pod: usize) {
        let stdin = memory_file(&self.configuration);
        let output = Command::new(&self.program)
            .env_clear()
            .env("CNI_COMMAND", verb)
            .env("CNI_CONTAINERID", format!("{pod:064x}"))
            // Of which it makes no use, but it must be another one than its own.
            .env("CNI_NETNS", "/proc/1/ns/net")
            .env("CNI_IFNAME", "net1")
            .env("CNI_PATH", "/nonexistent")
            .env(
                "CNI_ARGS",
                format!("IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod-{pod}"),
            )
            .env("NODENAME", format!("claims-{node:02}"))
            .stdin(Stdio::from(stdin))
            .output()
            .expect("run the peer");
        succeeded(verb, &output);
    }
}

#[track_caller]
fn succeeded(verb: &str, output: &Output) {
    assert!(
        output.status.success(),
        "the peer's {verb} failed: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

fn memory_file(text: &str) -> fs::File {
    use std::io::{Seek, Write};
    let file = nix::sys::memfd::memfd_create(c"stdin", nix::sys::memfd::MFdFlags::MFD_CLOEXEC);
    let mut file = fs::File::from(file.expect("make a file in memory"));
    file.write_all(text.as_bytes())
        .expect("write a file in memory");
    file.rewind().expect("go to the begin of a file in memory");
    file
}

/// The peer's own rights, as its manifest has them.
fn rights() -> [Value; 4] {
    let metadata = json!({"name": ACCOUNT});
    let group = "rbac.authorization.k8s.io";
    [
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}),
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT, "namespace": NAMESPACE}}),
        json!({
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRole", "metadata": metadata,
            "rules": [
                {"apiGroups": ["whereabouts.cni.cncf.io"], "resources": ["*"], "verbs": ["*"]},
                {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
                {"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get", "list", "watch"]},
                {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["*"]},
            ],
        }),
        json!({
            "apiVersion": format!("{group}/v1"), "kind": "ClusterRoleBinding", "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": ACCOUNT},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
        }),
    ]
}

/// So many pods on all nodes at a time, then their ends.
pub fn measure(cluster: &Cluster, pods: usize, report: &mut Report) {
    let peer = Peer::install(cluster);
    let mut audit = Audit::of(cluster, NAMESPACE, ACCOUNT);
    report.figure("whereabouts: pods", pods as f64, "");
    for (verb, what) in [("ADD", "ADD"), ("DEL", "DEL")] {
        let begin = Instant::now();
        std::thread::scope(|scope| {
            for node in 0..NODES {
                let peer = &peer;
                scope.spawn(move || {
                    cluster.place().enter_network();
                    for pod in (node..pods).step_by(NODES) {
                        peer.call(verb, node, pod);
                    }
                });
            }
        });
        let time = begin.elapsed().as_secs_f64();
        let calls = audit.calls();
        eprintln!("whereabouts: {pods} {verb}s: {calls:?}");
        let of_all = pods as f64;
        report.figure(
            &format!("whereabouts: all {what}s on {NODES} nodes"),
            time,
            "s",
        );
        report.figure(
            &format!("whereabouts: API calls per {what}"),
            count(&calls) as f64 / of_all,
            "",
        );
        report.figure(
            &format!("whereabouts: conflicts per {what}"),
            conflicts(&calls) as f64 / of_all,
            "",
        );
    }
}
