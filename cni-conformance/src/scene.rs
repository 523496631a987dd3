//! The stage of one case: a node of its own, pods, and the calls of a runtime.

use std::process::Command;
use std::sync::Arc;

use cni_harness::plugin::Kept;
use cni_harness::{Call, Delegate, Node, Oracle, Outcome, Plugin, Pod};
use serde_json::{Value, json};

use crate::{Kind, Stop, Subject, Verdict, Version, expect};

/// Name of the suite's own IPAM plugin.
pub const IPAM: &str = "conformance-ipam";

/// What a case works with.
pub struct Scene<'run> {
    /// The plugin under test.
    pub subject: &'run Subject,
    /// The version that the case runs with.
    pub version: Version,
    /// The node, whose namespaces the calling thread is in.
    pub node: Node,
}

impl<'run> Scene<'run> {
    /// Makes the node and runs the subject's script on it.
    pub fn new(subject: &'run Subject, version: Version) -> Self {
        let node = Node::new(plugin(subject));
        if let Some(script) = &subject.node_script {
            shell(script, &[]);
        }
        Self {
            subject,
            version,
            node,
        }
    }

    /// A pod; for a chained plugin with the interface `eth0` of the plugin before it.
    pub fn pod(&self) -> Pod {
        let pod = self.node.pod();
        if self.subject.kind == Kind::Chained {
            let number = number(&pod);
            cni_harness::ip::batch(
                None,
                &format!(
                    "link add eth0 netns {} type veth peer name chain{number}\n\
                     link set chain{number} addrgenmode none up\n",
                    pod.name()
                ),
            );
            pod.ip("link set eth0 addrgenmode none up");
            pod.ip(&format!("address add {} dev eth0", earlier_address(&pod)));
        }
        if let Some(script) = &self.subject.pod_script {
            shell(
                script,
                &[("POD", &number(&pod).to_string()), ("NETNS", pod.name())],
            );
        }
        pod
    }

    /// The configuration for a pod, as a runtime puts it together.
    pub fn configuration(&self, pod: &Pod) -> Value {
        self.configuration_in(pod, self.version)
    }

    /// The same in another version.
    pub fn configuration_in(&self, pod: &Pod, version: Version) -> Value {
        let mut configuration = substitute(&self.subject.configuration, &number(pod).to_string());
        configuration["cniVersion"] = version.as_str().into();
        if self.subject.kind == Kind::Chained && version.has_interfaces() {
            configuration["prevResult"] = previous(pod, version);
        }
        configuration
    }

    /// The configuration with the suite's IPAM plugin in place of its own.
    pub fn delegating(&self, pod: &Pod) -> Value {
        let mut configuration = self.configuration(pod);
        configuration["ipam"] = json!({"type": IPAM, "kept": {"as": "it is"}});
        configuration
    }

    /// The suite's IPAM plugin: ADD answers with `10.9.0.5/24` in the scene's version.
    pub fn delegate(&self) -> Delegate {
        let delegate = Delegate::new(&self.node, IPAM);
        delegate.answers("ADD", &format!("echo '{}'", self.address("10.9.0.5/24")));
        delegate
    }

    /// An IPAM plugin's result with one address and a route.
    pub fn address(&self, address: &str) -> Value {
        let mut ip = json!({"address": address, "gateway": "10.9.0.1"});
        if self.version < Version::V1_0_0 {
            ip["version"] = "4".into();
        }
        json!({
            "cniVersion": self.version.as_str(),
            "ips": [ip],
            "routes": [{"dst": "10.99.0.0/16"}],
            "dns": {},
        })
    }

    /// A call with libcni's environment: all six variables are set, to nothing where a verb
    /// has no use for them.
    pub fn call(&self, verb: &str, configuration: &Value) -> Call {
        Call::new(&self.node, verb, configuration)
    }

    /// As [`Self::call`], for `eth0` of a pod.
    pub fn pod_call(&self, verb: &str, pod: &Pod) -> Call {
        self.call(verb, &self.configuration(pod)).pod(pod)
    }

    /// As [`Self::pod_call`], with another configuration.
    pub fn call_with(&self, verb: &str, pod: &Pod, configuration: &Value) -> Call {
        self.call(verb, configuration).pod(pod)
    }

    /// CHECK of `eth0` with the result of its ADD.
    pub fn check_call(&self, pod: &Pod, result: &Value) -> Call {
        let mut configuration = self.configuration(pod);
        configuration["prevResult"] = result.clone();
        self.call("CHECK", &configuration).pod(pod)
    }

    /// GC of the network with these attachments as the valid ones.
    pub fn gc_call(&self, pod: &Pod, valid: Value) -> Call {
        let mut configuration = self.configuration(pod);
        if let Some(object) = configuration.as_object_mut() {
            object.remove("prevResult");
        }
        configuration["cni.dev/valid-attachments"] = valid;
        self.call("GC", &configuration)
    }

    /// ADD of `eth0`, which must succeed.
    pub fn add(&self, pod: &Pod) -> Result<Value, Stop> {
        expect::result(&self.pod_call("ADD", pod).run())
    }

    /// DEL of `eth0`, which must succeed.
    pub fn delete(&self, pod: &Pod) -> Verdict {
        expect::silence(&self.pod_call("DEL", pod).run())
    }

    /// CHECK of `eth0`, which must succeed.
    pub fn check(&self, pod: &Pod, result: &Value) -> Verdict {
        expect::silence(&self.check_call(pod, result).run())
    }

    /// Looks at everything on the node.
    pub fn oracle(&self) -> Oracle<'_> {
        Oracle::new(&self.node)
    }

    /// Looks at everything after an orderly ADD and DEL of these pods. What such a life leaves
    /// behind is the business of one case (601) and no other's.
    pub fn rehearsed(&self, pods: &[Pod]) -> Oracle<'_> {
        for pod in pods {
            for verb in ["ADD", "DEL"] {
                self.pod_call(verb, pod).run();
            }
        }
        self.oracle()
    }

    /// The entry of a pod in the list of valid attachments.
    pub fn attachment(pod: &Pod, interface: &str) -> Value {
        json!({"containerID": pod.container(), "ifname": interface})
    }
}

/// Fails with what has changed since the oracle looked first.
pub fn unchanged(oracle: &Oracle<'_>) -> Verdict {
    let difference = oracle.settled_difference();
    crate::case::ensure(difference.is_empty(), || {
        format!("the node is not as it was before:\n{difference}")
    })
}

/// As [`unchanged`], after a call that is shown beside the difference.
pub fn unchanged_after(oracle: &Oracle<'_>, outcome: &Outcome) -> Verdict {
    unchanged(oracle).map_err(|stop| match stop {
        Stop::Failed(text) => Stop::Failed(format!("{text}after\n{outcome}")),
        other => other,
    })
}

/// Result of the plugins before a chained one.
fn previous(pod: &Pod, version: Version) -> Value {
    let link = pod.link("eth0").unwrap_or_default();
    let mut ip = json!({"address": earlier_address(pod), "interface": 0});
    if version < Version::V1_0_0 {
        ip["version"] = "4".into();
    }
    json!({
        "cniVersion": version.as_str(),
        "interfaces": [{"name": "eth0", "mac": link["address"], "sandbox": pod.path()}],
        "ips": [ip],
        "routes": [],
        "dns": {},
    })
}

/// The address that the plugin before a chained one gave.
fn earlier_address(pod: &Pod) -> String {
    format!("10.99.0.{}/24", 10 + number(pod) % 200)
}

/// The pod's number, by which its name differs from the others'.
fn number(pod: &Pod) -> u32 {
    let digits = pod.name().trim_start_matches("pod");
    digits.parse().expect("pods are numbered")
}

fn substitute(value: &Value, pod: &str) -> Value {
    match value {
        Value::String(text) => text.replace("${POD}", pod).into(),
        Value::Array(list) => list.iter().map(|item| substitute(item, pod)).collect(),
        Value::Object(object) => object
            .iter()
            .map(|(key, item)| (key.clone(), substitute(item, pod)))
            .collect(),
        other => other.clone(),
    }
}

/// What the harness has to know of the subject.
fn plugin(subject: &Subject) -> Plugin {
    let mut plugin = Plugin::new(&subject.plugin, &subject.cni_path);
    plugin.stays.clone_from(&subject.stays);
    plugin.kept = subject.state_script.clone().map(|script| -> Kept {
        Arc::new(move || shell(&script, &[]).lines().map(str::to_owned).collect())
    });
    plugin
}

/// Runs a script of the subject's; what it printed.
fn shell(script: &str, variables: &[(&str, &str)]) -> String {
    let output = Command::new("/bin/sh")
        .args(["-ec", script])
        .envs(variables.iter().copied())
        .output()
        .unwrap_or_else(|error| panic!("run /bin/sh: {error}"));
    assert!(
        output.status.success(),
        "a script of the plugin's failed, which prepares the node or lists the state: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}
