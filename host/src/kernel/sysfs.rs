//! Devices as sysfs shows them (sysfs(5)), below a root that is passed in.

use std::fs;
use std::path::Path;

/// The names of a folder's entries in order; none when there is no such folder.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// The last part of the path that a link points to.
fn target_name(link: &Path) -> Option<String> {
    let target = fs::read_link(link).ok()?;
    Some(target.file_name()?.to_string_lossy().into_owned())
}

/// The PCI address of the function below a netdev, such as `0000:3b:00.2`.
pub fn link_pci_address(sysfs: &Path, link: &str) -> Option<String> {
    let device = sysfs.join("class/net").join(link).join("device");
    (target_name(&device.join("subsystem"))? == "pci").then(|| target_name(&device))?
}

/// The RDMA devices of the function below a netdev, such as `mlx5_0`.
pub fn link_rdma_devices(sysfs: &Path, link: &str) -> Vec<String> {
    names(&sysfs.join("class/net").join(link).join("device/infiniband"))
}

/// A PCI function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PciFunction {
    /// Such as `mlx5_core` or `vfio-pci`.
    pub driver: Option<String>,
    /// For a virtual function: the physical one's address and the number below it.
    pub virtual_function: Option<(String, u32)>,
    /// Its netdevs in this namespace.
    pub links: Vec<String>,
    /// Its RDMA devices in this namespace.
    pub rdma_devices: Vec<String>,
    /// The netdevs of its physical function.
    pub parent_links: Vec<String>,
    /// Partition keys of the first port of its first RDMA device.
    pub partition_keys: Vec<u16>,
}

/// The PCI function at an address; none when there is none. The address must have been
/// checked: it becomes a part of a path.
pub fn pci_function(sysfs: &Path, address: &str) -> Option<PciFunction> {
    let device = sysfs.join("bus/pci/devices").join(address);
    if !device.exists() {
        return None;
    }
    let rdma_devices = names(&device.join("infiniband"));
    let partition_keys = rdma_devices
        .first()
        .map(|name| partition_keys(&device.join("infiniband").join(name)))
        .unwrap_or_default();
    Some(PciFunction {
        driver: target_name(&device.join("driver")),
        virtual_function: virtual_function(&device, address),
        links: names(&device.join("net")),
        rdma_devices,
        parent_links: names(&device.join("physfn/net")),
        partition_keys,
    })
}

/// The parent's address and the number `N` of the `virtfnN` that leads back here.
fn virtual_function(device: &Path, address: &str) -> Option<(String, u32)> {
    let parent = target_name(&device.join("physfn"))?;
    let parent_folder = device.join("physfn");
    let index = names(&parent_folder).into_iter().find_map(|name| {
        let index = name.strip_prefix("virtfn")?.parse().ok()?;
        (target_name(&parent_folder.join(&name))? == address).then_some(index)
    })?;
    Some((parent, index))
}

fn partition_keys(rdma_device: &Path) -> Vec<u16> {
    let folder = rdma_device.join("ports/1/pkeys");
    let mut keys: Vec<(u32, u16)> = names(&folder)
        .into_iter()
        .filter_map(|name| {
            let text = fs::read_to_string(folder.join(&name)).ok()?;
            let key = u16::from_str_radix(text.trim().trim_start_matches("0x"), 16).ok()?;
            Some((name.parse().ok()?, key))
        })
        .collect();
    keys.sort();
    keys.into_iter().map(|(_, key)| key).collect()
}
