//! The interface `facts`, answered from the described node.

use plumb_values::arguments::check_default_route;
use plumb_values::{AuxiliaryName, Device, PciAddress};

use super::routing::Route;
use super::{error, invalid};
use crate::bindings::flavour::plumb::cni::{facts::Place, types};
use crate::facts::{LinkType, RdmaNamespaceMode};
use crate::testing::session::{self, Session};
use crate::testing::{LinkFacts, PciFacts};

#[derive(Debug, Clone)]
pub struct Link {
    pub(in crate::testing) place: Place,
    pub(in crate::testing) facts: LinkFacts,
}

impl Link {
    pub(super) fn is_in_pod(&self) -> bool {
        self.place == Place::Pod
    }

    pub fn name(&self) -> String {
        self.facts.name.clone()
    }

    pub fn index(&self) -> u32 {
        self.facts.index
    }

    pub fn alternative_names(&self) -> Vec<String> {
        self.facts.alternative_names.clone()
    }

    pub fn hardware_type(&self) -> u16 {
        self.facts.link_type.number()
    }

    pub fn kind(&self) -> Option<String> {
        self.facts.kind.clone()
    }

    pub fn mac(&self) -> types::HardwareAddress {
        (&self.facts.mac).into()
    }

    pub fn mtu(&self) -> u32 {
        self.facts.mtu
    }

    pub fn is_up(&self) -> bool {
        self.facts.is_up
    }

    pub fn has_carrier(&self) -> bool {
        self.facts.has_carrier
    }

    pub fn pci_address(&self) -> Option<types::PciAddress> {
        self.facts.pci_address.map(Into::into)
    }

    pub fn rdma_devices(&self) -> Vec<String> {
        self.facts.rdma_devices.clone()
    }

    pub fn partition_keys(&self) -> Vec<u16> {
        self.facts.partition_keys.clone()
    }

    pub fn numa_node(&self) -> Option<u32> {
        self.facts.numa_node
    }

    pub fn speed(&self) -> Option<u32> {
        self.facts.speed
    }

    pub fn addresses(&self) -> Result<Vec<types::IpNetwork>, types::Error> {
        Ok(self
            .facts
            .addresses
            .iter()
            .map(|one| (*one).into())
            .collect())
    }

    pub fn routes(&self) -> Result<Vec<Route>, types::Error> {
        Ok(self.facts.routes.iter().cloned().map(Route::of).collect())
    }
}

#[derive(Debug)]
pub struct PciFunction {
    pub(in crate::testing) facts: PciFacts,
}

impl PciFunction {
    pub fn address(&self) -> types::PciAddress {
        self.facts.address.into()
    }

    pub fn auxiliary_name(&self) -> Option<String> {
        self.facts.auxiliary_name.clone()
    }

    pub fn driver(&self) -> Option<String> {
        self.facts.driver.clone()
    }

    pub fn parent(&self) -> Option<types::PciAddress> {
        self.facts.parent.map(Into::into)
    }

    pub fn number(&self) -> Option<u32> {
        self.facts.number
    }

    pub fn links(&self) -> Vec<Link> {
        self.facts.links.iter().map(on_host).collect()
    }

    pub fn rdma_devices(&self) -> Vec<String> {
        self.facts.rdma_devices.clone()
    }

    pub fn parent_link(&self) -> Option<Link> {
        self.facts.parent_link.as_ref().map(on_host)
    }

    pub fn numa_node(&self) -> Option<u32> {
        self.facts.numa_node
    }
}

pub fn get_link(place: Place, name: &str) -> Result<Link, types::Error> {
    session::with(|session| {
        let found = session.links(place).find(|link| link.name == name).cloned();
        let is_granted = |link| place == Place::Host && session.means_link(link);
        if !session.names(name) && !found.as_ref().is_some_and(is_granted) {
            return Err(error(
                "denied",
                format!("interface {name:?} is not named in the network configuration"),
            ));
        }
        if let Some(link) = found {
            return Ok(session.give(place, link));
        }
        let absent = format!("no interface named {name:?} on {}", in_words(place));
        if session.node().grants.is_some() {
            return Err(error("not-found", absent));
        }
        let names: Vec<&str> = session.links(place).map(|one| one.name.as_str()).collect();
        let there = names.join(", ");
        Err(error("not-found", format!("{absent}; there are: {there}")))
    })
}

pub fn get_default_route_link(place: Place) -> Result<Link, types::Error> {
    session::with(|session| {
        let mut routes = session.node().default_routes.iter();
        let by = routes.find(|(at, _)| *at == place);
        let is_it = |link: &&LinkFacts| by.is_some_and(|(_, name)| link.name == *name);
        let link = session.links(place).find(is_it).cloned();
        let Some(link) = link else {
            return Err(error(
                "not-found",
                format!(
                    "{} has no default route whose interface could be taken",
                    in_words(place)
                ),
            ));
        };
        let is_named = place == Place::Pod || session.is_named(&link);
        check_default_route(session.component(), is_named)
            .map_err(|sentence| error("denied", sentence))?;
        Ok(session.give(place, link))
    })
}

pub fn get_pod_links() -> Result<Vec<Link>, types::Error> {
    session::with(|session| {
        let links: Vec<LinkFacts> = session
            .links(Place::Pod)
            .filter(|link| link.link_type != LinkType::Loopback)
            .cloned()
            .collect();
        let mut give = |link| session.give(Place::Pod, link);
        Ok(links.into_iter().map(&mut give).collect())
    })
}

pub fn get_pci_function(address: types::PciAddress) -> Result<PciFunction, types::Error> {
    let address = PciAddress::from(address);
    session::with(|session| {
        let mut functions = session.node().functions.iter();
        let found =
            functions.find(|facts| facts.auxiliary_name.is_none() && facts.address == address);
        let is_granted = found.is_some_and(|facts| session.means_function(facts));
        if !session.names_device(address) && !is_granted {
            return Err(error(
                "denied",
                format!("PCI function {address} is not named in the network configuration"),
            ));
        }
        match found {
            Some(facts) => Ok(PciFunction {
                facts: facts.clone(),
            }),
            None => Err(error(
                "not-found",
                format!(
                    "no PCI function at {address} on this node: `lspci -D` lists those it has, \
                     and a device plugin that knows others must be started again"
                ),
            )),
        }
    })
}

pub fn get_auxiliary_function(name: &str) -> Result<PciFunction, types::Error> {
    if let Err(error) = name.parse::<AuxiliaryName>() {
        return Err(invalid(format!("{name:?} {error}")));
    }
    session::with(|session| {
        let mut functions = session.node().functions.iter();
        let found = functions.find(|facts| facts.auxiliary_name.as_deref() == Some(name));
        let is_granted = found.is_some_and(|facts| session.means_function(facts));
        if !session.names(name) && !is_granted {
            return Err(error(
                "denied",
                format!("{} is not named in the network configuration", Device(name)),
            ));
        }
        match found {
            Some(facts) => Ok(PciFunction {
                facts: facts.clone(),
            }),
            None => Err(error(
                "not-found",
                format!(
                    "no auxiliary device {name} on this node: /sys/bus/auxiliary/devices has those of it, \
                     and a device plugin that knows others must be started again"
                ),
            )),
        }
    })
}

pub fn get_rdma_namespace_mode() -> Result<String, types::Error> {
    let mode = session::with(|session| session.node().rdma_namespace_mode);
    Ok(match mode {
        RdmaNamespaceMode::Shared => "shared",
        RdmaNamespaceMode::Exclusive => "exclusive",
        RdmaNamespaceMode::None => "none",
    }
    .to_owned())
}

impl Session {
    pub(super) fn links(&self, place: Place) -> impl Iterator<Item = &LinkFacts> {
        let links = self.node().links.iter();
        links
            .filter(move |(at, _)| *at == place)
            .map(|(_, facts)| facts)
    }

    /// A handle on a link, which is also a claim on the PCI function below it.
    fn give(&mut self, place: Place, facts: LinkFacts) -> Link {
        self.given.extend(facts.pci_address);
        Link { place, facts }
    }
}

fn on_host(facts: &LinkFacts) -> Link {
    Link {
        place: Place::Host,
        facts: facts.clone(),
    }
}

fn in_words(place: Place) -> &'static str {
    match place {
        Place::Host => "the host",
        Place::Pod => "the pod",
    }
}
