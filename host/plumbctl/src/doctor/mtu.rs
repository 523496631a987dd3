//! The largest packets of RDMA ports.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::node::Node;

/// What RoCE of 4096 bytes needs: its headers lie in the packet, too (IBA specification, annexes A16 and A17).
const FOR_4096: u32 = 4200;

/// Whether the rails of the node take packets of one size, and of RDMA's largest.
pub fn look(node: &Node) -> Vec<Finding> {
    let devices = match node.sysfs.rdma_devices() {
        Ok(devices) => devices,
        Err(error) => return vec![Finding::unseen("RDMA devices", error)],
    };
    let mut by_mtu: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for port in devices.iter().flat_map(|device| &device.ports) {
        if !port.is_infiniband()
            && let Some(link) = &port.link
            && let Some(mtu) = node.sysfs.link_mtu(link)
        {
            by_mtu.entry(mtu).or_default().push(link.clone());
        }
    }
    let mut findings = Vec::new();
    if by_mtu.len() > 1 {
        let sizes: Vec<_> = by_mtu
            .iter()
            .map(|(mtu, links)| format!("{mtu} ({})", links.join(", ")))
            .collect();
        findings.push(Finding::warn(
            "MTU of RoCE ports",
            format!("they differ: {}", sizes.join(", ")),
            "give all rails of a fabric one MTU, on the switches as well",
        ));
    }
    for (mtu, links) in &by_mtu {
        if *mtu < FOR_4096 {
            findings.push(Finding::warn(
                links.join(", "),
                format!(
                    "MTU {mtu}, so RDMA sends at most {} bytes a packet",
                    largest(*mtu)
                ),
                format!("set {FOR_4096} or more, 9000 as a rule, where the switches take it"),
            ));
        }
    }
    if findings.is_empty() && !by_mtu.is_empty() {
        let sizes: Vec<_> = by_mtu.keys().map(u32::to_string).collect();
        findings.push(Finding::ok("MTU of RoCE ports", sizes.join(", ")));
    }
    findings
}

/// RDMA's payload in packets of this size: the headers are 58 bytes at most.
fn largest(mtu: u32) -> u32 {
    let sizes = [2048, 1024, 512, 256];
    let fitting = sizes.into_iter().find(|size| size + 58 <= mtu);
    fitting.unwrap_or(0)
}
