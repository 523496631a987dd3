//! Which NUMA node the adapters are next to.

use super::finding::Finding;
use super::node::Node;

/// Adapters that do not say it on a machine of several nodes: pods are then not placed next to their rails.
pub fn look(node: &Node) -> Vec<Finding> {
    let nodes = node.sysfs.numa_nodes();
    let devices = match node.sysfs.rdma_devices() {
        Ok(devices) => devices,
        Err(error) => return vec![Finding::unseen("RDMA devices", error)],
    };
    if nodes < 2 {
        return Vec::new();
    }
    let places = devices.iter().filter_map(|device| {
        let address = device.pci_address.as_deref()?;
        Some((device, address, node.sysfs.numa_node(address)))
    });
    places
        .map(|(device, address, place)| {
            let object = format!("RDMA device {} at {address}", device.name);
            match place {
                Some(place) => Finding::ok(object, format!("NUMA node {place} of {nodes}")),
                None => Finding::warn(
                    object,
                    format!(
                        "the firmware does not say which of the {nodes} NUMA nodes it is next to"
                    ),
                    "update the machine's firmware: the topology manager cannot align pods with it",
                ),
            }
        })
        .collect()
}
