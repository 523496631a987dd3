//! What a flavour may look at: the devices that the network configuration names.
//!
//! Nothing here changes anything. A handle ([`Link`], [`PciFunction`], [`RdmaDevice`])
//! is a capability: it is what the [`operations`](crate::operations) take.

pub use crate::bindings::flavour::plumb::cni::facts::{
    LinkFacts, LinkType, PciFacts, Place, RdmaNamespaceMode, VirtualFunction,
};

#[cfg(any(target_family = "wasm", doc))]
pub use crate::bindings::flavour::plumb::cni::facts::{
    Link, PciFunction, RdmaDevice, get_default_route_link, get_link, get_pci_function,
    get_rdma_device, get_rdma_namespace_mode,
};

#[cfg(not(any(target_family = "wasm", doc)))]
pub use crate::testing::facts::{
    Link, PciFunction, RdmaDevice, get_default_route_link, get_link, get_pci_function,
    get_rdma_device, get_rdma_namespace_mode,
};
