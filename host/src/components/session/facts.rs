//! What a flavour may look at: the devices that the network configuration names.

use std::sync::Arc;

use ipnetwork::IpNetwork;
use plumb_values::PciAddress;

use super::{LinkHandle, PciHandle, Session};
use crate::components::refusal::{Reason, Refusal};
use crate::facts::{LinkFacts, Place};
use crate::kernel::pci;
use crate::kernel::rdma::NamespaceMode;
use crate::kernel::route::Route;

/// Most routes of one interface that a component can be given. Those of rails have a few; the
/// interface of a router has hundreds of thousands, which nobody decides by.
const ROUTES: usize = 256;

impl Session {
    /// The link of a name that the configuration contains.
    ///
    /// # Errors
    ///
    /// [`Reason::Denied`], [`Reason::NotFound`] with the names that exist.
    pub fn link(&mut self, place: Place, name: &str) -> Result<LinkHandle, Refusal> {
        if !self.named.contains(name) {
            return Err(Refusal::new(
                Reason::Denied,
                format!("interface {name:?} is not named in the network configuration"),
            ));
        }
        match self.facts.link(place, name)? {
            Some(link) => Ok(self.give(place, link)),
            None => {
                let names = self.facts.link_names(place)?;
                Err(Refusal::new(
                    Reason::NotFound,
                    format!(
                        "no interface named {name:?} on {place}; there are: {}",
                        names.join(", ")
                    ),
                ))
            }
        }
    }

    /// The link of the default route.
    ///
    /// # Errors
    ///
    /// [`Reason::NotFound`] when there is none.
    pub fn default_route_link(&mut self, place: Place) -> Result<LinkHandle, Refusal> {
        match self.facts.default_route_link(place)? {
            Some(link) => Ok(self.give(place, link)),
            None => Err(Refusal::new(
                Reason::NotFound,
                format!("{place} has no default route whose interface could be taken"),
            )),
        }
    }

    /// The interfaces that the pod has already.
    ///
    /// # Errors
    ///
    /// [`Reason::NotAvailable`] when the kernel does not answer.
    pub fn pod_links(&mut self) -> Result<Vec<LinkHandle>, Refusal> {
        let links = self.facts.pod_links()?.into_iter();
        Ok(links.map(|link| self.give(Place::Pod, link)).collect())
    }

    /// The PCI function at an address that the configuration, the device plugin or a link names.
    /// `written` is how the component writes it.
    ///
    /// # Errors
    ///
    /// [`Reason::Denied`], [`Reason::NotFound`].
    pub fn pci_function(&self, written: &str) -> Result<PciHandle, Refusal> {
        let address: PciAddress = written
            .parse()
            .map_err(|error| Refusal::invalid(format!("{written:?} {error}")))?;
        let mut named = self.named.iter().filter_map(|name| name.parse().ok());
        if !named.any(|named: PciAddress| named == address) {
            return Err(Refusal::new(
                Reason::Denied,
                format!("PCI function {written} is not named in the network configuration"),
            ));
        }
        match self.facts.pci_function(&address.to_string())? {
            Some(facts) => Ok(PciHandle {
                facts: Arc::new(facts),
            }),
            None => Err(Refusal::new(Reason::NotFound, pci::absent(written))),
        }
    }

    /// How RDMA devices relate to network namespaces.
    ///
    /// # Errors
    ///
    /// [`Reason::NotAvailable`] when the kernel does not answer.
    pub fn rdma_namespace_mode(&self) -> Result<NamespaceMode, Refusal> {
        Ok(self.facts.rdma_namespace_mode()?)
    }

    /// The NUMA node of a link's device.
    pub fn read_numa_node(&self, link: &LinkHandle) -> Option<u32> {
        self.facts.numa_node(link.place, &link.facts)
    }

    /// The speed of a link in Mbit/s.
    pub fn read_speed(&self, link: &LinkHandle) -> Option<u32> {
        self.facts.speed(link.place, &link.facts)
    }

    /// The addresses of a link.
    ///
    /// # Errors
    ///
    /// [`Reason::NotAvailable`] when the kernel does not answer.
    pub fn read_addresses(&self, link: &LinkHandle) -> Result<Vec<IpNetwork>, Refusal> {
        Ok(self.facts.addresses(link.place, &link.facts)?)
    }

    /// The routes by a link.
    ///
    /// # Errors
    ///
    /// [`Reason::NotAvailable`] when the kernel does not answer, or there are too many.
    pub fn read_routes(&self, link: &LinkHandle) -> Result<Vec<Route>, Refusal> {
        let routes = self.facts.routes(link.place, &link.facts)?;
        if routes.len() > ROUTES {
            return Err(Refusal::new(
                Reason::NotAvailable,
                format!(
                    "interface {} on {} has {} routes, of which a component can be given {ROUTES}",
                    link.facts.name,
                    link.place,
                    routes.len()
                ),
            ));
        }
        Ok(routes)
    }

    /// A handle of a link. Who was given a link may look at the device below it.
    fn give(&mut self, place: Place, facts: LinkFacts) -> LinkHandle {
        self.named.extend(facts.pci.clone());
        LinkHandle {
            place,
            facts: Arc::new(facts),
        }
    }
}
