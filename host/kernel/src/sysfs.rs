//! Devices as sysfs shows them (sysfs(5)).
//!
//! Which netdevs and RDMA devices a folder has depends on the network namespace in which
//! sysfs was mounted: the host's mount does not show what a pod has. [`Sysfs::mounted`]
//! is a mount of its own for another namespace, seen by nobody else.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use plumb_values::AuxiliaryName;
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsmount, fsopen};

use super::{Error, Result};

/// The kernel's name of the bus of PCI functions.
pub(super) const PCI: &str = "pci";
/// The same of the devices that drivers make of parts of a function (Documentation/driver-api/auxiliary_bus.rst).
const AUXILIARY: &str = "auxiliary";

/// One view of the devices.
pub struct Sysfs {
    root: PathBuf,
    /// Keeps a mount alive that is not in the file tree.
    _mount: Option<OwnedFd>,
}

impl Sysfs {
    /// The mount of the node.
    pub fn host() -> Self {
        Self::at(PathBuf::from("/sys"))
    }

    /// The tree below a folder.
    pub fn at(root: PathBuf) -> Self {
        Self { root, _mount: None }
    }

    /// A mount of sysfs for the current network namespace that is in no file tree
    /// (fsmount(2), Linux 5.2) and goes away with this value.
    pub fn mounted() -> Result<Self> {
        let mount = || -> rustix::io::Result<OwnedFd> {
            let context = fsopen("sysfs", FsOpenFlags::FSOPEN_CLOEXEC)?;
            fsconfig_create(&context)?;
            fsmount(
                &context,
                FsMountFlags::FSMOUNT_CLOEXEC,
                MountAttrFlags::MOUNT_ATTR_RDONLY,
            )
        };
        let mount = mount().map_err(|source| Error::Io {
            what: "mount sysfs of the pod's network namespace".into(),
            source: source.into(),
        })?;
        Ok(Self {
            root: PathBuf::from(format!("/proc/self/fd/{}", mount.as_raw_fd())),
            _mount: Some(mount),
        })
    }

    /// Where the tree is.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of a PCI function or an auxiliary device; its [`DeviceId`] becomes a part of the path and must
    /// have been checked.
    pub fn function(&self, id: &str) -> PathBuf {
        self.bus(id).join("devices").join(id)
    }

    /// The folder of a driver of such a device.
    pub fn driver(&self, id: &str, name: &str) -> PathBuf {
        self.bus(id).join("drivers").join(name)
    }

    fn bus(&self, id: &str) -> PathBuf {
        let bus = match AuxiliaryName::is_one(id) {
            true => AUXILIARY,
            false => PCI,
        };
        self.root.join("bus").join(bus)
    }

    /// The PCI address of the function below a netdev, such as `0000:3b:00.2`.
    pub fn link_pci_address(&self, link: &str) -> Result<Option<String>> {
        self.link_device(link, &[PCI])
    }

    /// The [`DeviceId`] of what is below a netdev: a PCI function, or a part of one such as `mlx5_core.sf.4`.
    pub fn link_function(&self, link: &str) -> Result<Option<String>> {
        self.link_device(link, &[PCI, AUXILIARY])
    }

    fn link_device(&self, link: &str, buses: &[&str]) -> Result<Option<String>> {
        let device = self.link(link).join("device");
        match target_name(&device.join("subsystem"))? {
            Some(subsystem) if buses.contains(&&*subsystem) => target_name(&device),
            _ => Ok(None),
        }
    }

    /// The RDMA devices of the function below a netdev, such as `mlx5_0`.
    pub fn link_rdma_devices(&self, link: &str) -> Result<Vec<String>> {
        names(&self.link(link).join("device/infiniband"))
    }

    /// Partition keys of the InfiniBand port below a netdev, in the order of its table.
    /// Free places of the table, which are 0, are left out.
    pub fn link_partition_keys(&self, link: &str) -> Result<Vec<u16>> {
        let Some(device) = self.link_rdma_devices(link)?.into_iter().next() else {
            return Ok(Vec::new());
        };
        // Netdevs count the ports of a function from 0, RDMA devices from 1.
        let port = number(&self.link(link).join("dev_port"))?.unwrap_or(0) + 1;
        let folder = self
            .link(link)
            .join(format!("device/infiniband/{device}/ports/{port}/pkeys"));
        let mut keys: Vec<(u32, u16)> = Vec::new();
        for name in names(&folder)? {
            let Some(text) = text(&folder.join(&name))? else {
                continue;
            };
            let key = u16::from_str_radix(text.trim_start_matches("0x"), 16);
            if let (Ok(place), Ok(key)) = (name.parse(), key)
                && key != 0
            {
                keys.push((place, key));
            }
        }
        keys.sort_unstable();
        Ok(keys.into_iter().map(|(_, key)| key).collect())
    }

    /// The NUMA node that a PCI function is next to, or the one that an auxiliary device is a part of; none where the
    /// machine has none, or does not say, which the kernel shows as -1. Nothing depends on it but a preference.
    pub fn numa_node(&self, id: &str) -> Option<u32> {
        let function = match AuxiliaryName::is_one(id) {
            true => self.function(id).join(".."),
            false => self.function(id),
        };
        number(&function.join("numa_node")).ok()?
    }

    /// Mbit/s of a netdev's link; none while it has no carrier (-1, or EINVAL while it is
    /// down) and for one that has no speed. Nothing depends on it but a preference.
    pub fn link_speed(&self, link: &str) -> Option<u32> {
        number(&self.link(link).join("speed")).ok()?
    }

    /// Bytes of a netdev's largest packet.
    pub fn link_mtu(&self, link: &str) -> Option<u32> {
        number(&self.link(link).join("mtu")).ok()?
    }

    /// Whether a netdev stands for a virtual function on the switch of its adapter
    /// (switchdev mode; Documentation/networking/switchdev.rst): `pf0vf3`, `c1pf0vf3`.
    pub fn is_representor(&self, link: &str) -> Result<bool> {
        let name = text(&self.link(link).join("phys_port_name"))?;
        Ok(name.is_some_and(|name| name.contains("vf") || name.contains("sf")))
    }

    fn link(&self, name: &str) -> PathBuf {
        self.root.join("class/net").join(name)
    }
}

/// The names of a folder's entries in order; none when there is no such folder.
pub(super) fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = || {
        let entries = fs::read_dir(folder)?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect::<io::Result<Vec<_>>>()
    };
    let mut names = there(folder, entries())?.unwrap_or_default();
    names.sort();
    Ok(names)
}

/// The last part of the path that a link points to; none when there is no such link.
pub(super) fn target_name(link: &Path) -> Result<Option<String>> {
    let target = there(link, fs::read_link(link))?;
    let name = target.as_deref().and_then(Path::file_name);
    Ok(name.map(|name| name.to_string_lossy().into_owned()))
}

/// The text of an attribute, without the line's end; none when it is not there, or its driver does not answer.
pub(super) fn text(attribute: &Path) -> Result<Option<String>> {
    let text = there(attribute, fs::read_to_string(attribute))?;
    Ok(text.map(|text| text.trim().to_owned()))
}

pub(super) fn number(attribute: &Path) -> Result<Option<u32>> {
    Ok(text(attribute)?.and_then(|text| text.parse().ok()))
}

/// What was read, if it is there. Drivers refuse an attribute with whatever errno they like, and all of them mean that
/// the device does not have it; but that this process may not look, or has nothing left to look with, says nothing of
/// the device.
pub(super) fn there<T>(path: &Path, read: io::Result<T>) -> Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(source) => match source.raw_os_error().map(Errno::from_raw) {
            Some(Errno::EMFILE | Errno::ENFILE | Errno::ENOMEM | Errno::EACCES) => Err(Error::Io {
                what: format!("read {}", path.display()),
                source,
            }),
            _ => Ok(None),
        },
    }
}

#[cfg(test)]
mod tests;
