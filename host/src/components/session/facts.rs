//! What a flavour may look at: the devices that the network configuration names.

use ipnetwork::IpNetwork;
use plumb_values::arguments::check_default_route;
use plumb_values::similar::did_you_mean;
use plumb_values::{AuxiliaryName, Device, DeviceKind, PciAddress};

use super::authority::Authority;
use super::{LinkHandle, PciHandle};
use crate::components::refusal::{Reason, Refusal};
use crate::facts::{LinkFacts, PciFacts, Place};
use crate::kernel::pci;
use crate::kernel::rdma::NamespaceMode;
use crate::policy::{driver, function_names, names};
use crate::routing::RouteTemplate;

/// Most routes of one interface that a component can be given. Those of rails have a few; the
/// interface of a router has hundreds of thousands, which nobody decides by.
const ROUTES: usize = 256;

impl Authority {
    /// The link of a name that the configuration contains.
    ///
    /// # Errors
    ///
    /// [`Reason::Denied`], [`Reason::NotFound`]; a component of the program is told the names that exist.
    pub(super) fn link(&mut self, place: Place, name: &str) -> Result<LinkHandle, Refusal> {
        let denied = || {
            Err(Refusal::denied(format!(
                "interface {name:?} is not named in the network configuration"
            )))
        };
        let is_named = self.named.contains(name);
        let may_be_granted = place == Place::Host && self.has_patterns(DeviceKind::Parent);
        if !is_named && !may_be_granted {
            return denied();
        }
        match self.facts.link(place, name)? {
            Some(link) if is_named || self.means_link(&link)? => self.give(place, link),
            _ if !is_named => denied(),
            // What else a node has is not a vendor's to know.
            _ if !self.grants.are_of_the_program() => Err(Refusal::new(
                Reason::NotFound,
                format!("no interface named {name:?} on {place}"),
            )),
            _ => {
                let names = self.facts.link_names(place)?;
                Err(Refusal::new(
                    Reason::NotFound,
                    format!(
                        "no interface named {name:?} on {place}; there are: {}{}",
                        names.join(", "),
                        did_you_mean(name, names.iter().map(String::as_str))
                            .map_or_else(String::new, |question| format!("; {question}"))
                    ),
                ))
            }
        }
    }

    /// The link of the default route. A vendor's component is shown that of the host only where the configuration
    /// or a grant names it letter for letter: it is the node's way to the world.
    ///
    /// # Errors
    ///
    /// [`Reason::NotFound`] when there is none, [`Reason::Denied`].
    pub(super) fn default_route_link(&mut self, place: Place) -> Result<LinkHandle, Refusal> {
        match self.facts.default_route_link(place)? {
            Some(link) => {
                let is_named = place == Place::Pod || self.is_named(&link);
                check_default_route(&self.component, is_named).map_err(Refusal::denied)?;
                self.give(place, link)
            }
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
    pub(super) fn pod_links(&mut self) -> Result<Vec<LinkHandle>, Refusal> {
        let links = self.facts.links(Place::Pod)?.into_iter();
        links.map(|link| self.give(Place::Pod, link)).collect()
    }

    /// The PCI function at an address that the configuration, the device plugin or a link names.
    /// `written` is how the component writes it.
    ///
    /// # Errors
    ///
    /// [`Reason::Denied`], [`Reason::NotFound`].
    pub(super) fn pci_function(&mut self, written: &str) -> Result<PciHandle, Refusal> {
        let address: PciAddress = written
            .parse()
            .map_err(|error| Refusal::invalid(format!("{written:?} {error}")))?;
        let mut named = self.named.iter().filter_map(|name| name.parse().ok());
        let is_named = named.any(|named: PciAddress| named == address);
        self.function(&address.to_string(), is_named)
    }

    /// The auxiliary device of a name that the configuration or the device plugin says.
    ///
    /// # Errors
    ///
    /// [`Reason::Denied`], [`Reason::NotFound`].
    pub(super) fn auxiliary_function(&mut self, name: &str) -> Result<PciHandle, Refusal> {
        if let Err(error) = name.parse::<AuxiliaryName>() {
            return Err(Refusal::invalid(format!("{name:?} {error}")));
        }
        let is_named = self.named.contains(name);
        let function = self.function(name, is_named)?;
        match function.facts.part_of {
            Some(_) => Ok(function),
            None => Err(Refusal::new(
                Reason::NotFound,
                format!("{} is a part of no PCI function", Device(name)),
            )),
        }
    }

    /// The function of a [`DeviceId`](plumb_values::DeviceId), when it is named or a grant means it.
    fn function(&mut self, id: &str, is_named: bool) -> Result<PciHandle, Refusal> {
        let denied = || {
            Err(Refusal::denied(format!(
                "{} is not named in the network configuration",
                Device(id)
            )))
        };
        if !is_named && !self.has_patterns(DeviceKind::Function) {
            return denied();
        }
        match self.facts.pci_function(id)? {
            Some(facts) if is_named || self.means_function(&facts) => self.give_function(facts),
            _ if !is_named => denied(),
            Some(facts) => self.give_function(facts),
            None => Err(Refusal::new(Reason::NotFound, pci::absent(id))),
        }
    }

    /// How RDMA devices relate to network namespaces.
    ///
    /// # Errors
    ///
    /// [`Reason::NotAvailable`] when the kernel does not answer.
    pub(super) fn rdma_namespace_mode(&self) -> Result<NamespaceMode, Refusal> {
        Ok(self.facts.rdma_namespace_mode()?)
    }

    /// The NUMA node of a link's device.
    pub(super) fn read_numa_node(&self, link: &LinkHandle) -> Option<u32> {
        self.facts.numa_node(link.place, &link.facts)
    }

    /// The speed of a link in Mbit/s.
    pub(super) fn read_speed(&self, link: &LinkHandle) -> Option<u32> {
        self.facts.speed(link.place, &link.facts)
    }

    /// The addresses of a link.
    ///
    /// # Errors
    ///
    /// [`Reason::NotAvailable`] when the kernel does not answer.
    pub(super) fn read_addresses(&self, link: &LinkHandle) -> Result<Vec<IpNetwork>, Refusal> {
        Ok(self.facts.addresses(link.place, &link.facts)?)
    }

    /// The routes by a link.
    ///
    /// # Errors
    ///
    /// [`Reason::NotAvailable`] when the kernel does not answer, or there are too many.
    pub(super) fn read_routes(&self, link: &LinkHandle) -> Result<Vec<RouteTemplate>, Refusal> {
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
        Ok(routes.into_iter().map(RouteTemplate::of).collect())
    }

    fn has_patterns(&self, kind: DeviceKind) -> bool {
        self.grants.patterns(kind).next().is_some()
    }

    /// Whether a grant means a link of the host.
    fn means_link(&self, link: &LinkFacts) -> Result<bool, Refusal> {
        let driver = driver(link, self.facts.as_ref())?;
        let mut patterns = self.grants.patterns(DeviceKind::Parent);
        Ok(patterns.any(|pattern| pattern.matches(names(link), driver.as_deref())))
    }

    /// Whether a grant means a PCI function.
    fn means_function(&self, function: &PciFacts) -> bool {
        let mut patterns = self.grants.patterns(DeviceKind::Function);
        patterns
            .any(|pattern| pattern.matches(function_names(function), function.driver.as_deref()))
    }

    /// Whether a link of the host is named, letter for letter, by what a component goes by.
    pub(super) fn is_named(&self, link: &LinkFacts) -> bool {
        let mut patterns = self.grants.patterns(DeviceKind::Parent);
        self.grants.are_of_the_program()
            || names(link).any(|name| self.named.contains(name))
            || patterns.any(|pattern| pattern.names(names(link)))
    }

    /// A handle of a link. Who was given a link may look at the device below it.
    fn give(&mut self, place: Place, facts: LinkFacts) -> Result<LinkHandle, Refusal> {
        self.named.extend(facts.pci.clone());
        self.give_link(place, facts)
    }
}
