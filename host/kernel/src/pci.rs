//! PCI functions and their drivers (Documentation/ABI/testing/sysfs-bus-pci).

use std::fs;
use std::path::Path;

use plumb_values::Guid;

use super::sysfs::{Sysfs, names, target_name, text};
use super::{Error, Result};

/// A PCI function as one view of sysfs shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PciFunction {
    /// Such as `mlx5_core` or `vfio-pci`.
    pub driver: Option<String>,
    /// For a virtual function: the physical one's address and the number below it.
    pub virtual_function: Option<(String, u32)>,
    /// Its netdevs in the view's namespace, with their IPoIB children.
    pub links: Vec<String>,
    /// Its RDMA devices in the view's namespace.
    pub rdma_devices: Vec<String>,
    /// For a virtual function: the netdevs of the physical one.
    pub parent_links: Vec<String>,
}

/// The PCI function at a checked address; none when there is none.
pub fn function(sysfs: &Sysfs, address: &str) -> Option<PciFunction> {
    let device = sysfs.pci_function(address);
    if !device.exists() {
        return None;
    }
    Some(PciFunction {
        driver: target_name(&device.join("driver")),
        virtual_function: virtual_function(&device, address),
        links: names(&device.join("net")),
        rdma_devices: names(&device.join("infiniband")),
        parent_links: names(&device.join("physfn/net"))
            .into_iter()
            .filter(|link| !sysfs.is_representor(link))
            .collect(),
    })
}

/// The parent's address and the number `N` of the `virtfnN` that leads back here.
fn virtual_function(device: &Path, address: &str) -> Option<(String, u32)> {
    let parent_folder = device.join("physfn");
    let parent = target_name(&parent_folder)?;
    let index = names(&parent_folder).into_iter().find_map(|name| {
        let index = name.strip_prefix("virtfn")?.parse().ok()?;
        (target_name(&parent_folder.join(&name))? == address).then_some(index)
    })?;
    Some((parent, index))
}

/// The node GUID of an RDMA device of the function.
pub fn node_guid(sysfs: &Sysfs, address: &str, rdma_device: &str) -> Option<Guid> {
    let device = sysfs.pci_function(address).join("infiniband");
    Guid::parse_groups(&text(&device.join(rdma_device).join("node_guid"))?)
}

/// What an error says of an address at which there is no function.
pub fn absent(address: &str) -> String {
    format!(
        "no PCI function at {address} on this node: `lspci -D` lists those it has, and a device \
         plugin that knows others must be started again"
    )
}

/// Takes the function from its driver.
pub fn unbind(sysfs: &Sysfs, address: &str, driver: &str) -> Result<()> {
    write(&sysfs.pci_driver(driver).join("unbind"), address, || {
        format!("unbind PCI function {address} from driver {driver}")
    })
}

/// Gives the function to a driver, which probes it before this returns.
pub fn bind(sysfs: &Sysfs, address: &str, driver: &str) -> Result<()> {
    write(&sysfs.pci_driver(driver).join("bind"), address, || {
        format!("bind PCI function {address} to driver {driver}")
    })
}

fn write(attribute: &Path, value: &str, what: impl Fn() -> String) -> Result<()> {
    fs::write(attribute, value).map_err(|source| Error::Io {
        what: what(),
        source,
    })
}
