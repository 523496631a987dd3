//! What the kubelet has given to pods.

use std::collections::BTreeMap;

use plumb::kernel::pci;
use plumb::kubelet::{self, Checkpoint};
use plumb_values::{Device, DeviceId};

use super::finding::Finding;
use super::node::Node;

/// Whether plumb can read what was given to whom, and whether it is there.
pub fn look(node: &Node) -> Vec<Finding> {
    let folder = &node.policy.folders.kubelet;
    let path = kubelet::path(folder);
    if !folder.exists() {
        return vec![Finding::ok(folder.display(), "there is no kubelet here")];
    }
    match kubelet::read(folder) {
        Ok(Some(checkpoint)) => of(node, &checkpoint),
        Ok(None) => vec![Finding::ok(
            path.display(),
            "there is no such file: no device plugin has registered here",
        )],
        Err(_) if !nix::unistd::geteuid().is_root() => {
            vec![Finding::unseen(path.display(), "it is root's")]
        }
        Err(reason) => vec![Finding::wrong(
            path.display(),
            format!("cannot be read ({reason}), so no pod gets a function"),
            format!(
                "name the kubelet's folder as {}, or start the kubelet again",
                node.key("folders.kubelet")
            ),
        )],
    }
}

/// A line for each resource, and one for each device that pods have and the machine has not.
fn of(node: &Node, checkpoint: &Checkpoint) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut given: BTreeMap<&str, usize> = BTreeMap::new();
    for allotment in &checkpoint.allotments {
        *given.entry(&allotment.resource).or_default() += allotment.devices.len();
        let resource = &allotment.resource;
        for device in &allotment.devices {
            // Other resources are called whatever their plugins like.
            let id = device.parse::<DeviceId>().map(|id| id.to_string());
            let is_there = id.map_or(true, |id| {
                !matches!(pci::function(&node.sysfs, &id), Ok(None))
            });
            if !is_there {
                findings.push(Finding::wrong(
                    Device(device).to_string(),
                    format!("{resource} gave it to the pod with UID {}, and there is no such function", allotment.pod),
                    "start the device plugin again, then the pod: virtual functions were made anew under it",
                ));
            }
        }
    }
    for (resource, devices) in &checkpoint.registered {
        let given = given.get(resource.as_str()).copied().unwrap_or(0);
        findings.push(match devices.len() {
            0 => Finding::warn(
                format!("resource {resource}"),
                "its device plugin has registered no device",
                "compare its selectors (vendors, deviceIDs, rootDevices) with `lspci -Dnn`; a device goes to the first \
                 resource that matches",
            ),
            number => Finding::ok(
                format!("resource {resource}"),
                format!("{given} of {number} devices given to pods"),
            ),
        });
    }
    findings
}
