//! Facts of a machine that is written down in a file.

use std::collections::BTreeMap;

use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

use super::{Facts, LOOPBACK, LinkFacts, PciFacts, Place, PodInterface, PodRouting};
use crate::kernel::rdma::NamespaceMode;
use crate::kernel::route::Route;
use crate::kernel::rule::Rule;
use crate::{Error, Result};

/// The links of one namespace.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Links {
    #[serde(default)]
    links: Vec<LinkFacts>,
    /// Name of the default route's link.
    default_route_link: Option<String>,
    /// What is read of a link only when it is asked for, by its name.
    #[serde(default)]
    details: BTreeMap<String, LinkDetails>,
}

impl Links {
    fn record(facts: &dyn Facts, place: Place) -> Result<Self> {
        let links = facts.links(place)?;
        let mut details = BTreeMap::new();
        for link in &links {
            details.insert(link.name.clone(), LinkDetails::record(facts, place, link)?);
        }
        Ok(Self {
            default_route_link: facts.default_route_link(place)?.map(|link| link.name),
            links,
            details,
        })
    }
}

/// What is read of a link only when it is asked for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LinkDetails {
    numa_node: Option<u32>,
    /// Mbit/s.
    speed: Option<u32>,
    #[serde(default)]
    addresses: Vec<IpNetwork>,
    #[serde(default)]
    routes: Vec<Route>,
    /// Names of a bond's members, or of a VLAN's parent.
    #[serde(default)]
    below: Vec<String>,
}

impl LinkDetails {
    fn record(facts: &dyn Facts, place: Place, link: &LinkFacts) -> Result<Self> {
        let below = match place {
            Place::Host => facts.links_below(link)?,
            Place::Pod => Vec::new(),
        };
        Ok(Self {
            numa_node: facts.numa_node(place, link),
            speed: facts.speed(place, link),
            addresses: facts.addresses(place, link)?,
            routes: facts.routes(place, link)?,
            below: below.into_iter().map(|link| link.name).collect(),
        })
    }
}

/// A machine in a JSON file: `docs/facts.md` has each member, `docs/examples` machines. What is left out is not there.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RecordedFacts {
    #[serde(default)]
    host: Links,
    #[serde(default)]
    pod: Links,
    #[serde(default)]
    pod_rules: Vec<Rule>,
    #[serde(default)]
    pci_functions: Vec<PciFacts>,
    #[serde(default)]
    rdma_namespace_mode: NamespaceMode,
}

impl RecordedFacts {
    /// Understands the text of such a file.
    pub fn parse(text: &[u8]) -> Result<Self> {
        serde_json::from_slice(text)
            .map_err(|error| Error::configuration(format!("the facts cannot be read: {error}")))
    }

    /// Writes a machine down: all its links with what is read of them, the functions at these addresses, and the pod's
    /// side where there is one.
    ///
    /// # Errors
    ///
    /// What the kernel refuses; a link that went away meanwhile is left out.
    pub fn record(facts: &dyn Facts, functions: &[String], has_pod: bool) -> Result<Self> {
        let (pod, pod_rules) = match has_pod {
            true => (
                Links::record(facts, Place::Pod)?,
                facts.pod_routing()?.rules,
            ),
            false => Default::default(),
        };
        let functions = functions.iter().map(|address| facts.pci_function(address));
        Ok(Self {
            host: Links::record(facts, Place::Host)?,
            pod,
            pod_rules,
            pci_functions: functions
                .collect::<Result<Vec<_>>>()?
                .into_iter()
                .flatten()
                .collect(),
            rdma_namespace_mode: facts.rdma_namespace_mode()?,
        })
    }

    fn at(&self, place: Place) -> &Links {
        match place {
            Place::Host => &self.host,
            Place::Pod => &self.pod,
        }
    }

    fn details(&self, place: Place, link: &LinkFacts) -> LinkDetails {
        let details = self.at(place).details.get(&link.name);
        details.cloned().unwrap_or_default()
    }
}

impl Facts for RecordedFacts {
    fn link(&self, place: Place, name: &str) -> Result<Option<LinkFacts>> {
        let links = &self.at(place).links;
        Ok(links.iter().find(|link| link.name == name).cloned())
    }

    fn link_names(&self, place: Place) -> Result<Vec<String>> {
        let links = &self.at(place).links;
        Ok(links.iter().map(|link| link.name.clone()).collect())
    }

    fn links(&self, place: Place) -> Result<Vec<LinkFacts>> {
        let links = self.at(place).links.iter();
        Ok(links
            .filter(|link| link.hardware_type != LOOPBACK)
            .cloned()
            .collect())
    }

    fn default_route_link(&self, place: Place) -> Result<Option<LinkFacts>> {
        match &self.at(place).default_route_link {
            Some(name) => self.link(place, name),
            None => Ok(None),
        }
    }

    fn pci_function(&self, id: &str) -> Result<Option<PciFacts>> {
        let mut functions = self.pci_functions.iter();
        Ok(functions.find(|function| function.address == id).cloned())
    }

    fn numa_node(&self, place: Place, link: &LinkFacts) -> Option<u32> {
        self.details(place, link).numa_node
    }

    fn speed(&self, place: Place, link: &LinkFacts) -> Option<u32> {
        self.details(place, link).speed
    }

    fn addresses(&self, place: Place, link: &LinkFacts) -> Result<Vec<IpNetwork>> {
        Ok(self.details(place, link).addresses)
    }

    fn links_below(&self, link: &LinkFacts) -> Result<Vec<LinkFacts>> {
        let names = self.details(Place::Host, link).below;
        let links = names.iter().map(|name| self.link(Place::Host, name));
        Ok(links
            .collect::<Result<Vec<_>>>()?
            .into_iter()
            .flatten()
            .collect())
    }

    fn host_addresses(&self) -> Result<Vec<IpNetwork>> {
        let details = self.host.details.values();
        Ok(details.flat_map(|one| one.addresses.clone()).collect())
    }

    fn routes(&self, place: Place, link: &LinkFacts) -> Result<Vec<Route>> {
        Ok(self.details(place, link).routes)
    }

    fn pod_routing(&self) -> Result<PodRouting> {
        let interface = |link: &LinkFacts| {
            let details = self.details(Place::Pod, link);
            PodInterface {
                name: link.name.clone(),
                addresses: details.addresses,
                routes: details.routes,
            }
        };
        let links = self.pod.links.iter();
        Ok(PodRouting {
            interfaces: links
                .filter(|link| link.hardware_type != LOOPBACK)
                .map(interface)
                .collect(),
            rules: self.pod_rules.clone(),
        })
    }

    fn rdma_namespace_mode(&self) -> Result<NamespaceMode> {
        Ok(self.rdma_namespace_mode)
    }
}

#[cfg(test)]
mod tests;
