//! What a flavour may look at: the devices that the network configuration names.
//!
//! Nothing here changes anything. A handle ([`Link`], [`PciFunction`]) is a
//! capability: it is what the [`operations`](crate::operations) take.

use crate::Error;

pub use crate::bindings::flavour::plumb::cni::facts::{
    LinkFacts, LinkType, PciFacts, Place, RdmaNamespaceMode, VirtualFunction,
};

impl LinkFacts {
    /// Checks that the link is up: nothing that is made of one that is down gets carrier.
    ///
    /// Errors: `not-available`.
    pub fn check_up(&self) -> Result<(), Error> {
        if self.up {
            return Ok(());
        }
        let name = &self.name;
        Err(Error::not_available(format!(
            "parent {name} is down: run `ip link set {name} up`"
        )))
    }
}

impl std::fmt::Display for LinkType {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ethernet => formatter.write_str("Ethernet"),
            Self::Infiniband => formatter.write_str("InfiniBand"),
            Self::Loopback => formatter.write_str("loopback"),
            Self::Other(number) => write!(formatter, "type {number} (ARPHRD)"),
        }
    }
}

#[cfg(any(target_family = "wasm", doc))]
pub use crate::bindings::flavour::plumb::cni::facts::{
    Link, PciFunction, get_default_route_link, get_link, get_pci_function, get_rdma_namespace_mode,
};

#[cfg(not(any(target_family = "wasm", doc)))]
pub use crate::testing::facts::{
    Link, PciFunction, get_default_route_link, get_link, get_pci_function, get_rdma_namespace_mode,
};
