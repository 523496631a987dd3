//! The flavour `scripted`, which records what its network lists, and what the kernel of the pod shows of it.

use std::fs;
use std::process::Command;

use cni_harness::Pod;
use plumb_hostile::Scene;
use plumb_tests::configuration::with;
use serde_json::{Value, json};

use crate::kept::kept;

const OPERATIONS: [&str; 12] = [
    "add-address",
    "add-neighbour",
    "add-route",
    "add-rule",
    "assign-addresses",
    "create-macvlan",
    "set-link-sysctl",
    "set-mac",
    "set-mtu",
    "set-neighbour-sysctl",
    "set-pod-sysctl",
    "set-up",
];

/// A node and a pod, and the flavour with all grants but that for interfaces of other plugins.
pub fn scene() -> Scene {
    let scene = Scene::new();
    scene.store.install("scripted", &kept("0.2", "scripted"));
    scene.store.grant("scripted", &OPERATIONS);
    scene
}

/// A network of these steps, whose interface is a macvlan that is up.
pub fn network(name: &str, steps: Value) -> Value {
    let mut all = vec![
        json!({"step": "macvlan", "master": "nic0"}),
        json!({"step": "up"}),
    ];
    all.extend(steps.as_array().cloned().unwrap_or_default());
    alone(name, all.into())
}

/// A network of nothing but these steps.
pub fn alone(name: &str, steps: Value) -> Value {
    json!({
        "cniVersion": "1.1.0", "name": name, "type": "plumb", "flavour": "scripted", "master": "nic0", "steps": steps,
    })
}

/// A network of these steps behind an earlier plugin in its chain.
pub fn behind(result: &Value, name: &str, steps: Value) -> Value {
    let own = json!({"chained": true, "prevResult": result});
    with(alone(name, steps), own)
}

/// What ip(8) prints in the pod, line by line.
#[track_caller]
pub fn shown(pod: &Pod, command: &str) -> Vec<String> {
    let output = pod.inside(|| {
        let arguments = command.split(' ');
        Command::new("ip").args(arguments).output()
    });
    let output = output.expect("run ip");
    assert!(output.status.success(), "ip {command}: {output:?}");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(words).collect()
}

/// The rules of a family, without those that each namespace has from its beginning.
#[track_caller]
pub fn rules(pod: &Pod, family: &str) -> Vec<String> {
    let mut rules = shown(pod, &format!("{family} rule show"));
    rules.retain(|rule| {
        let kernels = ["0:", "32766:", "32767:"];
        !kernels.iter().any(|priority| rule.starts_with(priority))
    });
    rules
}

/// A sysctl of the pod: `ipv4/conf/all/rp_filter`.
#[track_caller]
pub fn sysctl(pod: &Pod, name: &str) -> String {
    let path = format!("/proc/sys/net/{name}");
    let text = pod.inside(|| fs::read_to_string(&path));
    text.expect(name).trim().to_owned()
}

/// Sets a sysctl of the pod, as its programs may.
#[track_caller]
pub fn set_sysctl(pod: &Pod, name: &str, value: &str) {
    let path = format!("/proc/sys/net/{name}");
    pod.inside(|| fs::write(&path, value)).expect(name);
}
