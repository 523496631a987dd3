//! What a flavour may look at: the devices that the network configuration names.
//!
//! Nothing here changes anything. A handle ([`Link`], [`PciFunction`], [`RdmaDevice`])
//! is a capability: it is what the [`operations`](crate::operations) take.

pub use crate::bindings::flavour::plumb::cni::facts::{
    Link, LinkFacts, LinkType, PciFacts, PciFunction, Place, RdmaDevice, RdmaNamespaceMode,
    VirtualFunction, get_default_route_link, get_link, get_pci_function, get_rdma_device,
    get_rdma_namespace_mode,
};
