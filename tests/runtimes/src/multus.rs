//! Multus 4, the thin plugin, called as CRI-O calls it.

pub mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cni_harness::{Call, Node, Pod};
use plumb_tests::binaries;
use serde_json::{Value, json};

use crate::kubernetes::{Kubernetes, NAMESPACE};
use tools::Tools;

/// Where Multus and its libcni keep what they know of attachments.
pub const CACHE: &str = "/var/lib/cni/multus";

/// Where Multus wants the device information of attachments (NPWG, "Device Information").
pub const DEVICE_INFORMATION: &str = "/var/run/k8s.cni.cncf.io/devinfo/cni";

/// Multus with its configuration, and a folder of plugins in which plumb is installed.
pub struct Multus {
    program: PathBuf,
    configuration: Value,
    plugins: PathBuf,
}

impl Multus {
    /// Sets Multus up in `folder`, as its own installer configures it: the kubeconfig, the
    /// plugins, and the cluster's network, which every pod gets as its first interface.
    #[track_caller]
    pub fn new(
        tools: &Tools,
        folder: &Path,
        kubernetes: &Kubernetes,
        cluster_network: &Value,
    ) -> Self {
        let plugins = folder.join("bin");
        let kubeconfig = folder.join("multus.kubeconfig");
        fs::create_dir_all(&plugins).expect("make the folder of the plugins");
        fs::write(&kubeconfig, kubernetes.kubeconfig()).expect("write the kubeconfig");
        install_plumb(&plugins);
        Self {
            program: tools.multus(),
            configuration: json!({
                "cniVersion": "1.0.0",
                "name": "multus-cni-network",
                "type": "multus",
                "capabilities": {"portMappings": true},
                "kubeconfig": kubeconfig,
                "delegates": [cluster_network],
                "binDir": plugins,
                "cniDir": CACHE,
            }),
            plugins,
        }
    }

    /// The folder in which Multus looks for plugins first; `CNI_PATH` comes after it.
    pub fn plugins(&self) -> &Path {
        &self.plugins
    }

    /// Puts another program in the place of a plugin.
    #[track_caller]
    pub fn replace(&self, plugin: &str, program: &Path) {
        let link = self.plugins.join(plugin);
        let _ = fs::remove_file(&link);
        std::os::unix::fs::symlink(program, &link)
            .unwrap_or_else(|error| panic!("link {}: {error}", link.display()));
    }

    /// Sets a key of Multus' own configuration.
    pub fn configure(&mut self, key: &str, value: Value) {
        self.configuration[key] = value;
    }

    /// A call of Multus that is not for a pod: STATUS and GC.
    pub fn call_without_pod(&self, node: &Node, verb: &str) -> Call {
        Call::new(node, verb, &self.configuration).program(&self.program)
    }

    /// A call of Multus for the sandbox of a pod.
    pub fn call(&self, node: &Node, verb: &str, pod: &Pod) -> Call {
        let container = pod.container();
        let arguments = format!(
            "IgnoreUnknown=1;K8S_POD_NAMESPACE={NAMESPACE};K8S_POD_NAME={};\
             K8S_POD_INFRA_CONTAINER_ID={container};K8S_POD_UID={}",
            pod.name(),
            uid(pod)
        );
        self.call_without_pod(node, verb)
            .pod(pod)
            .arguments(&arguments)
    }
}

/// The UID of the Kubernetes pod that has this sandbox.
pub fn uid(pod: &Pod) -> String {
    let digits = &pod.container()[pod.container().len() - 12..];
    format!("5f0c1d2e-0000-4000-8000-{digits}")
}

/// Installs plumb into a folder of plugins, under all names that it answers to.
#[track_caller]
pub fn install_plumb(folder: &Path) {
    let output = Command::new(binaries::plumbctl())
        .arg("install")
        .arg("--binary")
        .arg(binaries::plumb())
        .arg("--bin-dir")
        .arg(folder)
        .output()
        .expect("run plumbctl");
    assert!(
        output.status.success(),
        "plumbctl install failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
