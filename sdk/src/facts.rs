//! What a flavour may look at: the devices that the network configuration names.
//!
//! Nothing here changes anything. A handle ([`Link`], [`PciFunction`]) is a
//! capability: it is what the [`operations`](crate::operations) take. Each method of one asks
//! the host, so a component needs of a host only what it calls.

mod link;
mod pci_function;

use plumb_values::PciAddress;

use crate::Error;
use crate::contract::facts;

pub use crate::bindings::flavour::plumb::cni::facts::Place;
pub use link::{Link, LinkType};
pub use pci_function::PciFunction;

/// How RDMA devices relate to network namespaces (`rdma system`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RdmaNamespaceMode {
    /// Every RDMA device is visible in every namespace; GIDs follow the netdevs.
    Shared,
    /// An RDMA device belongs to one namespace and can be moved.
    Exclusive,
    /// The kernel has no RDMA subsystem, or its module is not loaded.
    None,
}

/// The link of this name.
///
/// Errors: `denied` when the configuration does not contain this name as a value,
/// `not-found` when there is no such link; the message lists the links that exist.
pub fn get_link(place: Place, name: &str) -> Result<Link, Error> {
    Ok(Link(facts::get_link(place, name)?))
}

/// The link of the default route in the main table: the IPv4 one, else the IPv6 one.
///
/// Errors: `not-found` when there is none.
pub fn get_default_route_link(place: Place) -> Result<Link, Error> {
    Ok(Link(facts::get_default_route_link(place)?))
}

/// The interfaces that the pod has already, without the loopback: those of other networks.
pub fn get_pod_links() -> Result<Vec<Link>, Error> {
    Ok(facts::get_pod_links()?.into_iter().map(Link).collect())
}

/// The PCI function at this address.
///
/// Errors: `denied` when neither the configuration nor the device plugin names it and
/// it is not below a link that was given, `not-found`.
pub fn get_pci_function(address: PciAddress) -> Result<PciFunction, Error> {
    Ok(PciFunction(facts::get_pci_function(address.into())?))
}

/// The device of this name on the auxiliary bus, such as `mlx5_core.sf.4`: a part of a PCI function that has a driver,
/// a netdev and an RDMA device of its own.
///
/// Errors: `denied` when neither the configuration nor the device plugin names it, `not-found`,
/// `invalid-configuration` for what is no such name.
pub fn get_auxiliary_function(name: &str) -> Result<PciFunction, Error> {
    Ok(PciFunction(facts::get_auxiliary_function(name)?))
}

/// The node's mode (`RDMA_NLDEV_SYS_ATTR_NETNS_MODE`).
///
/// Errors: `not-available` for a mode that this crate does not know.
pub fn get_rdma_namespace_mode() -> Result<RdmaNamespaceMode, Error> {
    match facts::get_rdma_namespace_mode()?.as_str() {
        "shared" => Ok(RdmaNamespaceMode::Shared),
        "exclusive" => Ok(RdmaNamespaceMode::Exclusive),
        "none" => Ok(RdmaNamespaceMode::None),
        mode => Err(Error::not_available(format!(
            "the RDMA devices of this node are in the namespace mode {mode:?}, which this \
             component does not know: build it with a newer SDK"
        ))),
    }
}
