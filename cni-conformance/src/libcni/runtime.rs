//! The runtimes, each with its calls in the order in which it makes them.

use serde_json::{Map, Value, json};

use super::input::Capability;
use super::result::Library;
use crate::Version;

/// A program that calls plugins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    /// cnitool 1.3, the reference library's own program.
    Cnitool,
    /// podman 4 with its CNI backend.
    Podman,
    /// `ctr run --cni` of containerd 1.6.
    Ctr,
    /// containerd 1.6 on behalf of kubelet.
    Containerd,
    /// CRI-O 1.32 or newer.
    Crio,
    /// Multus 4, which was called by containerd and calls the plugin itself.
    MultusThin,
    /// Multus 4 as a daemon in a pod of its own.
    MultusThick,
}

/// The namespace that a call names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// A mounted file, as in `/run/netns`.
    Mounted,
    /// The same by its older path, `/var/run/netns`.
    MountedInVar,
    /// `/proc/PID/ns/net`
    OfProcess,
    /// `CNI_NETNS` is empty.
    Empty,
    /// The literal word that libcni sends with VERSION.
    Dummy,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Step {
    /// `CNI_COMMAND`
    pub verb: &'static str,
    /// What `CNI_NETNS` is.
    pub namespace: Namespace,
    /// `CNI_ARGS`
    pub arguments: String,
    /// Whether the result of ADD is passed as `prevResult`.
    pub previous: bool,
    /// Whether the pod's namespace is gone by then.
    pub namespace_is_gone: bool,
    /// Keys at the top of the configuration.
    pub keys: Map<String, Value>,
}

impl Step {
    fn new(verb: &'static str, namespace: Namespace, arguments: &str) -> Self {
        Self {
            verb,
            namespace,
            arguments: arguments.to_owned(),
            previous: false,
            namespace_is_gone: false,
            keys: Map::new(),
        }
    }

    fn with_previous(mut self) -> Self {
        self.previous = true;
        self
    }

    fn after_the_namespace(mut self) -> Self {
        self.namespace_is_gone = true;
        self
    }

    fn with_key(mut self, key: &str, value: Value) -> Self {
        self.keys.insert(key.into(), value);
        self
    }
}

impl Runtime {
    /// The newest version that it speaks.
    pub fn newest(self) -> Version {
        match self {
            Self::Podman | Self::Ctr | Self::Containerd => Version::V1_0_0,
            _ => Version::V1_1_0,
        }
    }

    /// A container ID of its form.
    pub fn container(self) -> String {
        match self {
            Self::Cnitool => "cnitool-77383ca0c2a3a3d2d2cc".into(),
            Self::Ctr => "default-t1".into(),
            _ => "7f0a1c5e".repeat(8),
        }
    }

    /// `CNI_IFNAME`
    pub fn interface(self) -> &'static str {
        match self {
            Self::MultusThin | Self::MultusThick => "net1",
            _ => "eth0",
        }
    }

    /// Values for the capabilities that a plugin may ask for, each as the runtime writes it.
    pub fn capabilities(self) -> &'static [Capability] {
        match self {
            Self::Podman => &[
                ("aliases", r#"{"rail0":["web"]}"#),
                (
                    "portMappings",
                    r#"[{"hostPort":8080,"containerPort":80,"protocol":"tcp","hostIP":""}]"#,
                ),
            ],
            // The structures of the CRI have no JSON names: Go writes theirs.
            Self::Containerd => &[
                (
                    "bandwidth",
                    r#"{"IngressRate":10000000,"IngressBurst":4294967295,"EgressRate":0,"EgressBurst":0}"#,
                ),
                (
                    "dns",
                    r#"{"Servers":["10.1.0.53"],"Searches":["svc.example"],"Options":["ndots:5"]}"#,
                ),
                (
                    "io.kubernetes.cri.pod-annotations",
                    r#"{"kubernetes.io/ingress-bandwidth":"10M"}"#,
                ),
                (
                    "portMappings",
                    r#"[{"HostPort":8081,"ContainerPort":80,"Protocol":"tcp","HostIP":""}]"#,
                ),
            ],
            Self::Crio => &[
                ("cgroupPath", r#""/kubepods/besteffort/pod1/crio-7f0a""#),
                (
                    "io.kubernetes.cri.pod-annotations",
                    r#"{"example/annotation":"<a & b>"}"#,
                ),
                (
                    "portMappings",
                    r#"[{"hostPort":8081,"containerPort":80,"protocol":"tcp","hostIP":""}]"#,
                ),
            ],
            _ => &[],
        }
    }

    /// Which release of the reference library it was built with.
    pub fn library(self) -> Library {
        match self {
            Self::Podman | Self::Ctr | Self::Containerd => Library::Ordered,
            Self::Cnitool | Self::Crio | Self::MultusThin | Self::MultusThick => Library::Sorted,
        }
    }

    /// Variables that it leaves in the plugin's environment beside those of CNI.
    pub fn surroundings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Podman => &[
                ("HOME", "/root"),
                ("TERM", "xterm"),
                ("TMPDIR", "/var/tmp"),
                ("XDG_RUNTIME_DIR", ""),
            ],
            Self::Ctr => &[("HOME", "/root"), ("TERM", "xterm")],
            Self::Containerd => &[
                ("LD_LIBRARY_PATH", "/opt/containerd/lib:"),
                (
                    "PATH",
                    "/opt/containerd/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                ),
            ],
            Self::Crio | Self::MultusThin => &[("LANG", "C.UTF-8"), ("INVOCATION_ID", "5c1e6e6a")],
            Self::MultusThick => &[
                ("HOSTNAME", "kube-multus-ds-x7k2p"),
                ("KUBERNETES_SERVICE_HOST", "10.96.0.1"),
                ("KUBERNETES_SERVICE_PORT", "443"),
                ("MULTUS_NODE_NAME", "node1"),
            ],
            Self::Cnitool => &[("NETCONFPATH", "/etc/cni/net.d"), ("CAP_ARGS", "")],
        }
    }

    /// `CNI_PATH` for a plugin that lies in `folders`.
    pub fn path(self, folders: &str) -> String {
        match self {
            // Its own folder, and those of the runtime that called it.
            Self::MultusThin => format!("{folders}:{folders}"),
            _ => folders.to_owned(),
        }
    }

    /// The calls for one container, from its first day to its last.
    pub fn steps(self, container: &str) -> Vec<Step> {
        use Namespace::{Dummy, Empty, Mounted, MountedInVar, OfProcess};
        match self {
            Self::Cnitool => vec![
                Step::new("ADD", Mounted, ""),
                Step::new("CHECK", Mounted, "").with_previous(),
                Step::new("STATUS", Empty, ""),
                // cnitool knows of no list.
                Step::new("GC", Empty, ""),
                Step::new("CHECK", Mounted, "").with_previous(),
                Step::new("DEL", Mounted, "").with_previous(),
                Step::new("DEL", Mounted, ""),
            ],
            Self::Podman => {
                let arguments = "IgnoreUnknown=1;K8S_POD_NAME=quirky_lamport";
                vec![
                    Step::new("VERSION", Dummy, ""),
                    Step::new("ADD", Mounted, arguments),
                    Step::new("VERSION", Dummy, ""),
                    Step::new("DEL", Mounted, arguments).with_previous(),
                ]
            }
            Self::Ctr => vec![
                Step::new("ADD", OfProcess, ""),
                Step::new("DEL", Empty, "").with_previous(),
            ],
            Self::Containerd => {
                // It goes through a map: the order is another one in each call.
                let add = format!(
                    "K8S_POD_INFRA_CONTAINER_ID={container};K8S_POD_UID=u1;IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod1"
                );
                let delete = format!(
                    "IgnoreUnknown=1;K8S_POD_UID=u1;K8S_POD_NAME=pod1;K8S_POD_NAMESPACE=default;K8S_POD_INFRA_CONTAINER_ID={container}"
                );
                vec![
                    Step::new("ADD", MountedInVar, &add),
                    Step::new("DEL", MountedInVar, &delete).with_previous(),
                    Step::new("DEL", Empty, &add).after_the_namespace(),
                    Step::new("DEL", Empty, &delete).after_the_namespace(),
                ]
            }
            Self::Crio => {
                let arguments = format!(
                    "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod1;K8S_POD_INFRA_CONTAINER_ID={container};K8S_POD_UID=u1"
                );
                let valid = json!([{"containerID": container, "ifname": "eth0"}]);
                vec![
                    Step::new("STATUS", Empty, ""),
                    Step::new("ADD", Mounted, &arguments),
                    Step::new("CHECK", Mounted, &arguments).with_previous(),
                    Step::new("GC", Empty, "")
                        .with_key("cni.dev/valid-attachments", valid.clone())
                        .with_key("cni.dev/attachments", valid),
                    Step::new("CHECK", Mounted, &arguments).with_previous(),
                    Step::new("DEL", Mounted, &arguments).with_previous(),
                    Step::new("DEL", Empty, &arguments).after_the_namespace(),
                    // A node without pods: Go writes a list of none as null.
                    Step::new("GC", Empty, "")
                        .with_key("cni.dev/valid-attachments", Value::Null)
                        .with_key("cni.dev/attachments", Value::Null),
                ]
            }
            Self::MultusThin => {
                let own = format!(
                    "IgnoreUnknown=true;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod1;K8S_POD_INFRA_CONTAINER_ID={container};K8S_POD_UID=u1"
                );
                let callers = format!(
                    "K8S_POD_UID=u1;IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod1;K8S_POD_INFRA_CONTAINER_ID={container}"
                );
                let both = format!("{own};{callers}");
                vec![
                    Step::new("ADD", Mounted, &both),
                    Step::new("DEL", Mounted, &both).with_previous(),
                    Step::new("DEL", Empty, &both).after_the_namespace(),
                ]
            }
            Self::MultusThick => {
                let arguments = "IgnoreUnknown=true;K8S_POD_NAMESPACE=default;K8S_POD_NAME=pod1;K8S_POD_INFRA_CONTAINER_ID=;K8S_POD_UID=u1";
                vec![
                    Step::new("ADD", Mounted, arguments),
                    Step::new("DEL", Mounted, arguments).with_previous(),
                    Step::new("DEL", Empty, arguments).after_the_namespace(),
                ]
            }
        }
    }
}
