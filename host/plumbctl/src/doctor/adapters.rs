//! Adapters and how many virtual functions they have.

use plumb::kernel::physical_function::PhysicalFunction;

use super::finding::Finding;
use super::node::Node;

/// Functions that are configured beside those that there are.
pub fn look(node: &Node) -> Vec<Finding> {
    match node.sysfs.physical_functions() {
        Ok(adapters) => adapters.iter().map(of).collect(),
        Err(error) => vec![Finding::unseen("PCI functions", error)],
    }
}

fn of(adapter: &PhysicalFunction) -> Finding {
    let object = match adapter.links.first() {
        Some(link) => format!("adapter {} ({link})", adapter.address),
        None => format!("adapter {}", adapter.address),
    };
    let there = u32::try_from(adapter.functions.len()).unwrap_or(u32::MAX);
    let (configured, most) = (adapter.configured, adapter.most);
    match configured {
        0 if most == 0 => Finding::warn(
            object,
            "its firmware allows no virtual functions",
            "for networks of type sriov or ib-sriov `mstconfig -d ADDRESS set SRIOV_EN=1 NUM_OF_VFS=8`, and start the node again",
        ),
        _ if configured == there => Finding::ok(
            object,
            format!("{there} virtual functions of at most {most}"),
        ),
        _ => Finding::wrong(
            object,
            format!("{configured} virtual functions are configured, and there are {there}"),
            format!(
                "write 0 and then the number to /sys/bus/pci/devices/{}/sriov_numvfs while no pod has one, and look into dmesg \
                 (iommu, pci=realloc)",
                adapter.address
            ),
        ),
    }
}
