//! The RDMA subsystem, and how its devices relate to namespaces.

use plumb::kernel::rdma::{NamespaceMode, namespace_mode};

use super::finding::Finding;
use super::node::Node;

/// How the mode becomes exclusive, and shared: now, and at the next boot.
const TO_EXCLUSIVE: &str = "`rdma system set netns exclusive` while no pod has a device, and \
                            `options ib_core netns_mode=0` in /etc/modprobe.d/ib_core.conf for the next boot";
const TO_SHARED: &str = "`rdma system set netns shared` while no pod has a device, and \
                         `options ib_core netns_mode=1` in /etc/modprobe.d/ib_core.conf for the next boot";

/// The mode is right for one kind of networks and wrong for the other, so both ways are told.
pub fn look(node: &Node) -> Vec<Finding> {
    let object = "RDMA subsystem";
    let devices = match node.sysfs.rdma_devices() {
        Ok(devices) => devices.len(),
        Err(error) => return vec![Finding::unseen(object, error)],
    };
    vec![match namespace_mode() {
        Err(error) => Finding::unseen(object, error),
        Ok(NamespaceMode::None) if devices == 0 => Finding::warn(
            object,
            "the kernel has none, or its modules are not loaded: pods get interfaces without RDMA",
            "load the adapter's module, such as mlx5_ib, where the node has RDMA adapters",
        ),
        Ok(NamespaceMode::None) => Finding::warn(
            object,
            "it does not say how its devices relate to namespaces",
            "run this in the node's own network namespace",
        ),
        Ok(_) if devices == 0 => Finding::warn(
            object,
            "it is loaded, and this namespace has no RDMA device",
            "load the adapter's module, such as mlx5_ib; in exclusive mode pods may have all of them (`plumbctl functions`)",
        ),
        Ok(NamespaceMode::Shared) => Finding::ok(
            object,
            format!(
                "shared, with {devices} devices: right for macvlan, ipvlan and ipoib, and networks with rdmaIsolation fail; \
                 for those {TO_EXCLUSIVE}"
            ),
        ),
        Ok(NamespaceMode::Exclusive) => Finding::ok(
            object,
            format!(
                "exclusive, with {devices} devices: right for sriov and ib-sriov with rdmaIsolation, and pods that share a \
                 device do not see it; for those {TO_SHARED}"
            ),
        ),
    }]
}
