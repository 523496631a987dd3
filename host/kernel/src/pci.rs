//! PCI functions and their drivers (Documentation/ABI/testing/sysfs-bus-pci).

use std::fs;
use std::path::Path;

use plumb_values::Guid;

use super::sysfs::{Sysfs, names, target_name, text, there};
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
///
/// # Errors
///
/// [`Error::Io`] when this process may not look, or has no descriptor or memory left to do so.
pub fn function(sysfs: &Sysfs, address: &str) -> Result<Option<PciFunction>> {
    let device = sysfs.pci_function(address);
    if there(&device, fs::metadata(&device))?.is_none() {
        return Ok(None);
    }
    let mut parent_links = Vec::new();
    for link in names(&device.join("physfn/net"))? {
        if !sysfs.is_representor(&link)? {
            parent_links.push(link);
        }
    }
    Ok(Some(PciFunction {
        driver: target_name(&device.join("driver"))?,
        virtual_function: virtual_function(&device, address)?,
        links: names(&device.join("net"))?,
        rdma_devices: names(&device.join("infiniband"))?,
        parent_links,
    }))
}

/// The addresses of all functions that are network adapters, in order: those of the class (PCI code and ID assignment
/// specification, base class 02), under whatever driver.
///
/// # Errors
///
/// As [`function`].
pub fn network_functions(sysfs: &Sysfs) -> Result<Vec<String>> {
    let mut functions = names(&sysfs.pci_function(""))?;
    let mut error = None;
    functions.retain(|address| match text(&sysfs.pci_function(address).join("class")) {
        Ok(class) => class.is_some_and(|class| class.starts_with("0x02")),
        Err(this) => {
            error.get_or_insert(this);
            false
        }
    });
    error.map_or(Ok(functions), Err)
}

/// The parent's address and the number `N` of the `virtfnN` that leads back here.
fn virtual_function(device: &Path, address: &str) -> Result<Option<(String, u32)>> {
    let parent_folder = device.join("physfn");
    let Some(parent) = target_name(&parent_folder)? else {
        return Ok(None);
    };
    for name in names(&parent_folder)? {
        let index = name.strip_prefix("virtfn").map(str::parse);
        if let Some(Ok(index)) = index
            && target_name(&parent_folder.join(&name))?.as_deref() == Some(address)
        {
            return Ok(Some((parent, index)));
        }
    }
    Ok(None)
}

/// The node GUID of an RDMA device of the function.
pub fn node_guid(sysfs: &Sysfs, address: &str, rdma_device: &str) -> Result<Option<Guid>> {
    let device = sysfs.pci_function(address).join("infiniband");
    let text = text(&device.join(rdma_device).join("node_guid"))?;
    Ok(text.and_then(|text| Guid::parse_groups(&text)))
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
