//! PCI functions and their drivers (Documentation/ABI/testing/sysfs-bus-pci), and parts of a function that have drivers
//! of their own: devices of the auxiliary bus, such as a scalable function of mlx5
//! (Documentation/networking/device_drivers/ethernet/mellanox/mlx5/switchdev.rst).

use std::fs;
use std::path::Path;

use plumb_values::{AuxiliaryName, Device, Guid};

use super::sysfs::{PCI, Sysfs, names, target_name, text, there};
use super::{Error, Result};

/// A PCI function, or a part of one, as one view of sysfs shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PciFunction {
    /// Such as `mlx5_core` or `vfio-pci`; of an auxiliary device such as `mlx5_core.sf`.
    pub driver: Option<String>,
    /// For a virtual function: the physical one's address and the number below it.
    pub virtual_function: Option<(String, u32)>,
    /// For an auxiliary device: the address of the PCI function that it is a part of.
    pub part_of: Option<String>,
    /// Its netdevs in the view's namespace, with their IPoIB children.
    pub links: Vec<String>,
    /// Its RDMA devices in the view's namespace.
    pub rdma_devices: Vec<String>,
    /// For a virtual function: the netdevs of the physical one; for an auxiliary device those of the function that it
    /// is a part of.
    pub parent_links: Vec<String>,
}

/// The device of a checked [`DeviceId`](plumb_values::DeviceId); none when there is none.
///
/// # Errors
///
/// [`Error::Io`] when this process may not look, or has no descriptor or memory left to do so.
pub fn function(sysfs: &Sysfs, id: &str) -> Result<Option<PciFunction>> {
    let device = sysfs.function(id);
    if there(&device, fs::metadata(&device))?.is_none() {
        return Ok(None);
    }
    let (parent, part_of) = match AuxiliaryName::is_one(id) {
        // The folder is a link, so this leads to the device that it is registered below.
        true => (device.join(".."), parent_function(&device)?),
        false => (device.join("physfn"), None),
    };
    let mut parent_links = Vec::new();
    for link in names(&parent.join("net"))? {
        if !sysfs.is_representor(&link)? {
            parent_links.push(link);
        }
    }
    Ok(Some(PciFunction {
        driver: target_name(&device.join("driver"))?,
        virtual_function: virtual_function(&device, id)?,
        part_of,
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
    let mut functions = names(&sysfs.function(""))?;
    let mut error = None;
    functions.retain(
        |address| match text(&sysfs.function(address).join("class")) {
            Ok(class) => class.is_some_and(|class| class.starts_with("0x02")),
            Err(this) => {
                error.get_or_insert(this);
                false
            }
        },
    );
    error.map_or(Ok(functions), Err)
}

/// The address of the PCI function that an auxiliary device is a part of.
fn parent_function(device: &Path) -> Result<Option<String>> {
    let parent = device.join("..");
    if target_name(&parent.join("subsystem"))?.as_deref() != Some(PCI) {
        return Ok(None);
    }
    let folder = there(&parent, fs::canonicalize(&parent))?;
    let name = folder.as_deref().and_then(Path::file_name);
    Ok(name.map(|name| name.to_string_lossy().into_owned()))
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
    let device = sysfs.function(address).join("infiniband");
    let text = text(&device.join(rdma_device).join("node_guid"))?;
    Ok(text.and_then(|text| Guid::parse_groups(&text)))
}

/// What an error says of a device that is not there.
pub fn absent(id: &str) -> String {
    if AuxiliaryName::is_one(id) {
        return format!(
            "no auxiliary device {id} on this node: /sys/bus/auxiliary/devices has those of it, and a device plugin that \
             knows others must be started again"
        );
    }
    format!(
        "no PCI function at {id} on this node: `lspci -D` lists those it has, and a device \
         plugin that knows others must be started again"
    )
}

/// Takes the function from its driver.
pub fn unbind(sysfs: &Sysfs, id: &str, driver: &str) -> Result<()> {
    write(&sysfs.driver(id, driver).join("unbind"), id, || {
        format!("unbind {} from driver {driver}", Device(id))
    })
}

/// Gives the function to a driver, which probes it before this returns.
pub fn bind(sysfs: &Sysfs, id: &str, driver: &str) -> Result<()> {
    write(&sysfs.driver(id, driver).join("bind"), id, || {
        format!("bind {} to driver {driver}", Device(id))
    })
}

fn write(attribute: &Path, value: &str, what: impl Fn() -> String) -> Result<()> {
    fs::write(attribute, value).map_err(|source| Error::Io {
        what: what(),
        source,
    })
}

#[cfg(test)]
mod tests;
