//! The messages of `runtime.v1` that the tests send and read, with the fields they use. Numbers
//! and types are those of the interface's definition (`k8s.io/cri-api`, `pkg/apis/runtime/v1`).

use std::collections::HashMap;

/// `RunPodSandboxRequest`
#[derive(Clone, PartialEq, prost::Message)]
pub struct RunPodSandboxRequest {
    /// What to run.
    #[prost(message, optional, tag = "1")]
    pub config: Option<PodSandboxConfig>,
}

/// `RunPodSandboxResponse`, and the requests of `StopPodSandbox`, `RemovePodSandbox` and
/// `PodSandboxStatus`, which are alike.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodSandboxId {
    /// 64 hexadecimal digits.
    #[prost(string, tag = "1")]
    pub pod_sandbox_id: String,
}

/// `PodSandboxConfig`
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodSandboxConfig {
    /// Name and namespace.
    #[prost(message, optional, tag = "1")]
    pub metadata: Option<PodSandboxMetadata>,
    /// Name of the host in the pod.
    #[prost(string, tag = "2")]
    pub hostname: String,
    /// Ports of the node that lead into the pod.
    #[prost(message, repeated, tag = "5")]
    pub port_mappings: Vec<PortMapping>,
    /// Annotations of the pod.
    #[prost(map = "string, string", tag = "7")]
    pub annotations: HashMap<String, String>,
    /// What only Linux has.
    #[prost(message, optional, tag = "8")]
    pub linux: Option<LinuxPodSandboxConfig>,
}

/// `PodSandboxMetadata`
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodSandboxMetadata {
    /// Name of the pod.
    #[prost(string, tag = "1")]
    pub name: String,
    /// UID of the pod.
    #[prost(string, tag = "2")]
    pub uid: String,
    /// Kubernetes namespace of the pod.
    #[prost(string, tag = "3")]
    pub namespace: String,
    /// How many sandboxes the pod had before.
    #[prost(uint32, tag = "4")]
    pub attempt: u32,
}

/// `PortMapping`, of TCP.
#[derive(Clone, PartialEq, prost::Message)]
pub struct PortMapping {
    /// Port in the pod.
    #[prost(int32, tag = "2")]
    pub container_port: i32,
    /// Port of the node.
    #[prost(int32, tag = "3")]
    pub host_port: i32,
}

/// `LinuxPodSandboxConfig`
#[derive(Clone, PartialEq, prost::Message)]
pub struct LinuxPodSandboxConfig {
    /// Control group that the pod's groups are made in.
    #[prost(string, tag = "1")]
    pub cgroup_parent: String,
}

/// `PodSandboxStatusResponse`
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodSandboxStatusResponse {
    /// Status of the sandbox.
    #[prost(message, optional, tag = "1")]
    pub status: Option<PodSandboxStatus>,
}

/// `PodSandboxStatus`
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodSandboxStatus {
    /// Its addresses.
    #[prost(message, optional, tag = "5")]
    pub network: Option<PodSandboxNetworkStatus>,
}

/// `PodSandboxNetworkStatus`
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodSandboxNetworkStatus {
    /// First address, without prefix.
    #[prost(string, tag = "1")]
    pub ip: String,
    /// Further addresses.
    #[prost(message, repeated, tag = "2")]
    pub additional_ips: Vec<PodIp>,
}

/// `PodIP`
#[derive(Clone, PartialEq, prost::Message)]
pub struct PodIp {
    /// The address, without prefix.
    #[prost(string, tag = "1")]
    pub ip: String,
}

/// `StatusResponse`
#[derive(Clone, PartialEq, prost::Message)]
pub struct StatusResponse {
    /// Status of the runtime.
    #[prost(message, optional, tag = "1")]
    pub status: Option<RuntimeStatus>,
}

/// `RuntimeStatus`
#[derive(Clone, PartialEq, prost::Message)]
pub struct RuntimeStatus {
    /// `RuntimeReady` and `NetworkReady`.
    #[prost(message, repeated, tag = "1")]
    pub conditions: Vec<RuntimeCondition>,
}

/// `RuntimeCondition`
#[derive(Clone, PartialEq, prost::Message)]
pub struct RuntimeCondition {
    /// Whether it holds.
    #[prost(bool, tag = "2")]
    pub status: bool,
}

/// A message without fields, or none that matters: `StatusRequest`, `StopPodSandboxResponse`,
/// `RemovePodSandboxResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Nothing {}
