//! The container runtime interface, as the kubelet speaks it to containerd.

mod client;
pub mod messages;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use cni_harness::wait;

pub use client::Refusal;

use crate::{Containerd, Finished, inside};
use client::call;
use messages::{
    LinuxPodSandboxConfig, Nothing, PodSandboxConfig, PodSandboxId, PodSandboxMetadata,
    PodSandboxStatusResponse, RunPodSandboxRequest, StatusResponse,
};

/// containerd's namespace for CRI.
const NAMESPACE: &str = "k8s.io";

/// A client of a containerd's CRI. It may be shared by threads.
pub struct Cri {
    socket: PathBuf,
    group: String,
}

impl Cri {
    /// Waits until runtime and network are ready, as the kubelet does.
    #[track_caller]
    pub fn new(containerd: &Containerd) -> Self {
        let cri = Self {
            socket: containerd.socket(),
            group: containerd.host().control_group(),
        };
        wait::until("containerd and its network are ready", || {
            let answer: Result<StatusResponse, _> = cri.call("Status", &Nothing {});
            let conditions = answer.ok().and_then(|answer| answer.status);
            let conditions = conditions.map_or(Vec::new(), |status| status.conditions);
            conditions.len() >= 2 && conditions.iter().all(|condition| condition.status)
        });
        cri
    }

    /// A pod of this name, to be changed before it is run.
    pub fn pod(&self, name: &str) -> PodSandboxConfig {
        static COUNT: AtomicU32 = AtomicU32::new(1);
        PodSandboxConfig {
            metadata: Some(PodSandboxMetadata {
                name: name.to_owned(),
                uid: format!("uid-{}", COUNT.fetch_add(1, Ordering::Relaxed)),
                namespace: "default".to_owned(),
                attempt: 0,
            }),
            hostname: name.to_owned(),
            port_mappings: Vec::new(),
            annotations: HashMap::new(),
            linux: Some(LinuxPodSandboxConfig {
                cgroup_parent: self.group.clone(),
            }),
        }
    }

    /// `RunPodSandbox`; the sandbox's ID.
    ///
    /// # Errors
    ///
    /// What containerd answers: the message that the kubelet shows as an event of the pod.
    pub fn run(&self, pod: &PodSandboxConfig) -> Result<String, Refusal> {
        let request = RunPodSandboxRequest {
            config: Some(pod.clone()),
        };
        let answer: PodSandboxId = self.call("RunPodSandbox", &request)?;
        Ok(answer.pod_sandbox_id)
    }

    /// `StopPodSandbox`.
    ///
    /// # Errors
    ///
    /// As with [`Self::run`].
    pub fn stop(&self, sandbox: &str) -> Result<(), Refusal> {
        let _: Nothing = self.call("StopPodSandbox", &id(sandbox))?;
        Ok(())
    }

    /// `RemovePodSandbox`.
    ///
    /// # Errors
    ///
    /// As with [`Self::run`].
    pub fn remove(&self, sandbox: &str) -> Result<(), Refusal> {
        let _: Nothing = self.call("RemovePodSandbox", &id(sandbox))?;
        Ok(())
    }

    /// The addresses that containerd reports of a sandbox, without prefix.
    ///
    /// # Panics
    ///
    /// When containerd does not know the sandbox.
    #[track_caller]
    pub fn addresses(&self, sandbox: &str) -> Vec<String> {
        let answer: Result<PodSandboxStatusResponse, _> =
            self.call("PodSandboxStatus", &id(sandbox));
        let answer = answer.unwrap_or_else(|refusal| panic!("PodSandboxStatus: {refusal}"));
        let network = answer
            .status
            .and_then(|status| status.network)
            .unwrap_or_default();
        let more = network.additional_ips.into_iter().map(|more| more.ip);
        std::iter::once(network.ip).chain(more).collect()
    }

    fn call<Answer: prost::Message + Default>(
        &self,
        method: &str,
        request: &impl prost::Message,
    ) -> Result<Answer, Refusal> {
        call(&self.socket, method, request)
    }
}

/// Runs a command in a sandbox, whose own process is one of the image.
#[track_caller]
pub fn call_inside(containerd: &Containerd, sandbox: &str, command: &[&str]) -> Finished {
    containerd.execute(NAMESPACE, sandbox, command)
}

/// Pings an address from a sandbox until it answers.
#[track_caller]
pub fn ping(containerd: &Containerd, sandbox: &str, address: &str) {
    wait::until(&format!("{address} answers to {sandbox}"), || {
        call_inside(containerd, sandbox, &inside::ping(address)).succeeded()
    });
}

fn id(sandbox: &str) -> PodSandboxId {
    PodSandboxId {
        pod_sandbox_id: sandbox.to_owned(),
    }
}
