//! Adapters of networks with their virtual functions (Documentation/ABI/testing/sysfs-bus-pci).

use std::path::Path;

use super::Result;
use super::sysfs::{Sysfs, names, number, target_name, text};

/// The PCI class of a network adapter, of whatever kind (PCI Code and ID Assignment Specification, class 02h).
const NETWORK: &str = "0x02";

/// An adapter that could have virtual functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhysicalFunction {
    /// Its PCI address.
    pub address: String,
    /// Its netdevs.
    pub links: Vec<String>,
    /// How many virtual functions it is asked to have (`sriov_numvfs`).
    pub configured: u32,
    /// How many it can have (`sriov_totalvfs`).
    pub most: u32,
    /// Whether the kernel gives each a driver at once (`sriov_drivers_autoprobe`).
    pub probes: bool,
    /// Those that there are, by number.
    pub functions: Vec<Function>,
}

/// A virtual function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its PCI address.
    pub address: String,
    /// Such as `mlx5_core` or `vfio-pci`.
    pub driver: Option<String>,
}

impl Sysfs {
    /// The network adapters that can have virtual functions, in the order of their addresses.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](super::Error::Io) when this process may not look.
    pub fn physical_functions(&self) -> Result<Vec<PhysicalFunction>> {
        let folder = self.root().join("bus/pci/devices");
        let mut adapters = Vec::new();
        for address in names(&folder)? {
            let device = folder.join(&address);
            let class = text(&device.join("class"))?;
            if class.is_some_and(|class| class.starts_with(NETWORK))
                && let Some(most) = number(&device.join("sriov_totalvfs"))?
            {
                adapters.push(adapter(&device, address, most)?);
            }
        }
        Ok(adapters)
    }

    /// How many NUMA nodes the machine has; 1 where it does not say.
    #[must_use]
    pub fn numa_nodes(&self) -> usize {
        let entries = names(&self.root().join("devices/system/node")).unwrap_or_default();
        let nodes = entries.iter().filter(|name| {
            let number = name.strip_prefix("node").unwrap_or_default();
            number.parse::<u32>().is_ok()
        });
        nodes.count().max(1)
    }
}

fn adapter(device: &Path, address: String, most: u32) -> Result<PhysicalFunction> {
    let mut numbered = Vec::new();
    for name in names(device)? {
        let index = name.strip_prefix("virtfn").map(str::parse::<u32>);
        if let Some(Ok(index)) = index
            && let Some(function) = target_name(&device.join(&name))?
        {
            let driver = target_name(&device.join(&name).join("driver"))?;
            let address = function;
            numbered.push((index, Function { address, driver }));
        }
    }
    numbered.sort_by_key(|(index, _)| *index);
    Ok(PhysicalFunction {
        links: names(&device.join("net"))?,
        configured: number(&device.join("sriov_numvfs"))?.unwrap_or(0),
        most,
        probes: number(&device.join("sriov_drivers_autoprobe"))? != Some(0),
        functions: numbered.into_iter().map(|(_, function)| function).collect(),
        address,
    })
}
