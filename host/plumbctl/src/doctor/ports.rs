//! The ports of RDMA devices.

use plumb::kernel::rdma_port::{RdmaDevice, RdmaPort};

use super::finding::Finding;
use super::node::Node;

/// Whether each can send: link, state, and on InfiniBand what the subnet manager gives.
pub fn look(node: &Node) -> Vec<Finding> {
    let devices = match node.sysfs.rdma_devices() {
        Ok(devices) => devices,
        Err(error) => return vec![Finding::unseen("RDMA devices", error)],
    };
    let mut findings = Vec::new();
    for device in &devices {
        findings.extend(guid(device));
        findings.extend(device.ports.iter().map(|port| of(device, port)));
    }
    findings
}

fn guid(device: &RdmaDevice) -> Option<Finding> {
    device.node_guid.filter(plumb_values::Guid::is_zero)?;
    Some(Finding::warn(
        format!("RDMA device {}", device.name),
        "its node GUID is zero, as a fresh virtual function's is, so no connection manager finds it",
        "set one: `ip link set PF vf N node_guid …` and `port_guid …`, then bind it to its driver again; ib-sriov does so for \
         each pod",
    ))
}

fn of(device: &RdmaDevice, port: &RdmaPort) -> Finding {
    let object = format!("RDMA port {}/{}", device.name, port.number);
    let layer = match port.link_layer.as_str() {
        "" => "unknown link layer",
        layer => layer,
    };
    let link = port.link.as_deref().unwrap_or("no netdev");
    match port.state.as_str() {
        "ACTIVE" if port.is_infiniband() && port.lid == 0 => Finding::wrong(
            object,
            "active, and without a LID",
            "ask the fabric's administrator why its subnet manager gives none",
        ),
        "ACTIVE" if port.is_infiniband() && port.subnet_manager == 0 => Finding::wrong(
            object,
            format!(
                "active, LID {}, and it knows of no subnet manager",
                port.lid
            ),
            "start opensm or UFM on the fabric: no partition or path is found without",
        ),
        "ACTIVE" if port.is_infiniband() => Finding::ok(
            object,
            format!(
                "{layer}, active, LID {}, subnet manager at LID {}",
                port.lid, port.subnet_manager
            ),
        ),
        "ACTIVE" => Finding::ok(object, format!("{layer}, active, {link}")),
        "INIT" | "ARMED" => Finding::wrong(
            object,
            format!(
                "{layer}, {}: the link is up, and no subnet manager has configured the port",
                port.state
            ),
            "start opensm or UFM on the fabric, or have it reach this port",
        ),
        state => Finding::wrong(
            object,
            format!(
                "{layer}, {}, physically {}",
                or_unknown(state),
                or_unknown(&port.physical_state)
            ),
            match port.is_infiniband() {
                true => "look at the cable and the switch's port".to_owned(),
                false => format!("set {link} up, and look at the cable and the switch's port"),
            },
        ),
    }
}

fn or_unknown(word: &str) -> &str {
    match word {
        "" => "of unknown state",
        word => word,
    }
}
