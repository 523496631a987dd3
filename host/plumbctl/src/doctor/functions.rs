//! The drivers of virtual functions.

use std::collections::BTreeMap;

use plumb::kernel::physical_function::PhysicalFunction;

use super::finding::Finding;
use super::node::Node;

/// The drivers that give a function to a program, which then has neither netdev nor RDMA device.
const PASSED_ON: [&str; 2] = ["vfio-pci", "uio_pci_generic"];

/// A line for each adapter and each driver of its functions.
pub fn look(node: &Node) -> Vec<Finding> {
    let adapters = match node.sysfs.physical_functions() {
        Ok(adapters) => adapters,
        Err(error) => return vec![Finding::unseen("virtual functions", error)],
    };
    adapters.iter().flat_map(of).collect()
}

fn of(adapter: &PhysicalFunction) -> Vec<Finding> {
    let mut by_driver: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for function in &adapter.functions {
        let list = by_driver.entry(function.driver.as_deref()).or_default();
        list.push(&function.address);
    }
    let object = |list: &[&str]| match list {
        [one] => format!("virtual function {one} of {}", adapter.address),
        [first, .., last] => format!(
            "{} virtual functions of {} ({first} to {last})",
            list.len(),
            adapter.address
        ),
        [] => String::new(),
    };
    by_driver
        .iter()
        .map(|(driver, list)| match driver {
            Some(driver) if PASSED_ON.contains(driver) => Finding::warn(
                object(list),
                format!("bound to {driver}: no network of sriov with RDMA, and none of ib-sriov, can use it"),
                "give it back to the adapter's driver where pods without a virtual machine are to have it",
            ),
            Some(driver) => Finding::ok(object(list), format!("driver {driver}")),
            None => Finding::warn(
                object(list),
                match adapter.probes {
                    true => "without a driver".to_owned(),
                    false => "without a driver: sriov_drivers_autoprobe of the adapter is 0".to_owned(),
                },
                "bind it to the adapter's driver: a pod cannot have it before",
            ),
        })
        .collect()
}
