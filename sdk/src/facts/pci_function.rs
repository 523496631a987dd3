//! PCI functions.

use plumb_values::PciAddress;

use super::Link;
use crate::contract::facts;

/// A PCI function that exists (`/sys/bus/pci/devices`), or a part of one that has a driver of its own, as it was when
/// the handle was made.
/// [`function`](crate::function) has what is usually asked of one that goes to a pod.
#[derive(Debug)]
pub struct PciFunction(pub(crate) facts::PciFunction);

impl PciFunction {
    /// Where it is; for an auxiliary device, where the function is that it is a part of.
    pub fn address(&self) -> PciAddress {
        self.0.address().into()
    }

    /// For an auxiliary device: its name, such as `mlx5_core.sf.4`.
    pub fn auxiliary_name(&self) -> Option<String> {
        self.0.auxiliary_name()
    }

    /// What `deviceID` calls it: its name on the auxiliary bus, else its PCI address.
    pub fn id(&self) -> String {
        self.auxiliary_name()
            .unwrap_or_else(|| self.address().to_string())
    }

    /// The driver it is bound to, such as `mlx5_core` or `vfio-pci`.
    pub fn driver(&self) -> Option<String> {
        self.0.driver()
    }

    /// For a virtual function the address of the physical one; none for a physical one.
    pub fn parent(&self) -> Option<PciAddress> {
        self.0.parent().map(Into::into)
    }

    /// For a virtual function its number below the parent, from 0 (`virtfnN`).
    pub fn number(&self) -> Option<u32> {
        self.0.number()
    }

    /// Its netdevs that are in the host's namespace, without their children. A function that
    /// is driven from user space (`vfio-pci`) has none.
    pub fn links(&self) -> Vec<Link> {
        self.0.links().into_iter().map(Link).collect()
    }

    /// Its RDMA devices that are in the host's namespace.
    pub fn rdma_devices(&self) -> Vec<String> {
        self.0.rdma_devices()
    }

    /// For a virtual function: the netdev of the physical one, by which its settings are
    /// changed; for an auxiliary device that of the function that it is a part of.
    pub fn parent_link(&self) -> Option<Link> {
        self.0.parent_link().map(Link)
    }

    /// Its NUMA node (`numa_node`).
    pub fn numa_node(&self) -> Option<u32> {
        self.0.numa_node()
    }
}
