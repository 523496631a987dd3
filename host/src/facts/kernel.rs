//! Facts of this machine.

use std::cell::OnceCell;
use std::rc::Rc;

use ipnetwork::IpNetwork;
use nix::errno::Errno;

use super::{
    Facts, LOOPBACK, LinkFacts, PciFacts, Place, PodInterface, PodRouting, VirtualFunction,
};
use crate::kernel::link::{INFINIBAND, Link};
use crate::kernel::netns::NetnsError;
use crate::kernel::rdma::{self, NamespaceMode};
use crate::kernel::route::{LOCAL_TABLE, Route};
use crate::kernel::{Kernel, Netns, RouteSocket, Sysfs, pci};
use crate::{Result, octets};

/// Asks the kernel.
pub struct KernelFacts {
    kernel: Rc<Kernel>,
    pod: Option<Pod>,
}

/// The pod's side. A component may ask up to a limit of thousands of times, so what it takes
/// to answer is opened once, with the first question.
struct Pod {
    netns: Rc<Netns>,
    /// None when the kernel gives no view of a pod's devices, as those before 5.2, or not to this user.
    sysfs: OnceCell<Option<Sysfs>>,
}

impl Pod {
    fn socket(&self) -> crate::kernel::Result<&RouteSocket> {
        self.netns.socket()
    }

    fn sysfs(&self) -> crate::kernel::Result<Option<&Sysfs>> {
        if let Some(known) = self.sysfs.get() {
            return Ok(known.as_ref());
        }
        let sysfs = match self.netns.sysfs() {
            Ok(sysfs) => Some(sysfs),
            Err(error) if matches!(error.errno(), Some(Errno::ENOSYS | Errno::EPERM)) => None,
            Err(error) => return Err(error),
        };
        Ok(self.sysfs.get_or_init(|| sysfs).as_ref())
    }
}

impl KernelFacts {
    /// Facts of the host, and of the pod when there is one.
    pub fn new(kernel: Rc<Kernel>, pod: Option<Rc<Netns>>) -> Self {
        Self {
            kernel,
            pod: pod.map(|netns| Pod {
                netns,
                sysfs: OnceCell::new(),
            }),
        }
    }

    fn at<T>(
        &self,
        place: Place,
        ask: impl FnOnce(&RouteSocket) -> crate::kernel::Result<T>,
    ) -> Result<T> {
        match (place, &self.pod) {
            (Place::Host, _) => Ok(ask(&self.kernel.host)?),
            (Place::Pod, Some(pod)) => Ok(ask(pod.socket()?)?),
            (Place::Pod, None) => Err(NetnsError::Missing {
                path: std::path::PathBuf::new(),
                source: std::io::ErrorKind::NotFound.into(),
            }
            .into()),
        }
    }

    /// The devices as a namespace shows them.
    fn sysfs(&self, place: Place) -> crate::kernel::Result<Option<&Sysfs>> {
        match (place, &self.pod) {
            (Place::Host, _) => Ok(Some(&self.kernel.sysfs)),
            (Place::Pod, Some(pod)) => pod.sysfs(),
            (Place::Pod, None) => Ok(None),
        }
    }

    fn describe(&self, place: Place, link: Link) -> Result<LinkFacts> {
        Ok(describe(link, self.sysfs(place)?)?)
    }
}

/// Without a view of the devices the link has none.
fn describe(link: Link, sysfs: Option<&Sysfs>) -> crate::kernel::Result<LinkFacts> {
    let is_infiniband = link.hardware_type == INFINIBAND;
    let name = &link.name;
    let pci = sysfs.map_or(Ok(None), |sysfs| sysfs.link_pci_address(name))?;
    let rdma_devices = sysfs.map_or(Ok(Vec::new()), |sysfs| sysfs.link_rdma_devices(name))?;
    let partition_keys = match sysfs {
        Some(sysfs) if is_infiniband => sysfs.link_partition_keys(name)?,
        _ => Vec::new(),
    };
    Ok(LinkFacts {
        pci,
        rdma_devices,
        partition_keys,
        index: link.index,
        hardware_type: link.hardware_type,
        alternative_names: link.alternative_names,
        kind: link.kind,
        mac: octets::text(&link.mac),
        mtu: link.mtu,
        up: link.up,
        carrier: link.carrier,
        alias: link.alias,
        name: link.name,
    })
}

impl Facts for KernelFacts {
    fn link(&self, place: Place, name: &str) -> Result<Option<LinkFacts>> {
        let link = self.at(place, |socket| socket.link_by_name(name))?;
        link.map(|link| self.describe(place, link)).transpose()
    }

    fn link_names(&self, place: Place) -> Result<Vec<String>> {
        let links = self.at(place, RouteSocket::links)?;
        Ok(links.into_iter().map(|link| link.name).collect())
    }

    fn links(&self, place: Place) -> Result<Vec<LinkFacts>> {
        let links = self.at(place, RouteSocket::links)?.into_iter();
        let links = links.filter(|link| link.hardware_type != LOOPBACK);
        links.map(|link| self.describe(place, link)).collect()
    }

    fn default_route_link(&self, place: Place) -> Result<Option<LinkFacts>> {
        let routes = self.at(place, RouteSocket::routes)?;
        let defaults: Vec<_> = routes
            .into_iter()
            .filter(|(_, route)| route.is_default() && route.table.is_none())
            .collect();
        let preferred = defaults
            .iter()
            .min_by_key(|(_, route)| (!route.destination.is_ipv4(), route.priority.unwrap_or(0)));
        let Some((index, _)) = preferred else {
            return Ok(None);
        };
        let link = self.at(place, |socket| socket.link_by_index(*index))?;
        link.map(|link| self.describe(place, link)).transpose()
    }

    fn pci_function(&self, id: &str) -> Result<Option<PciFacts>> {
        let Some(function) = pci::function(&self.kernel.sysfs, id)? else {
            return Ok(None);
        };
        let mut links = Vec::new();
        for name in &function.links {
            if self.kernel.sysfs.is_representor(name)? {
                continue;
            }
            let link = self.kernel.host.link_by_name(name)?;
            if let Some(link) = link.filter(|link| !link.is_ipoib_child()) {
                links.push(self.describe(Place::Host, link)?);
            }
        }
        let parent_link = match function.parent_links.first() {
            Some(name) => self.link(Place::Host, name)?,
            None => None,
        };
        Ok(Some(PciFacts {
            address: id.to_owned(),
            part_of: function.part_of,
            driver: function.driver,
            virtual_function: function
                .virtual_function
                .map(|(parent, index)| VirtualFunction { parent, index }),
            links,
            rdma_devices: function.rdma_devices,
            parent_link,
            numa_node: self.kernel.sysfs.numa_node(id),
        }))
    }

    fn numa_node(&self, place: Place, link: &LinkFacts) -> Option<u32> {
        self.sysfs(place).ok()??.numa_node(link.pci.as_deref()?)
    }

    fn speed(&self, place: Place, link: &LinkFacts) -> Option<u32> {
        self.sysfs(place).ok()??.link_speed(&link.name)
    }

    fn addresses(&self, place: Place, link: &LinkFacts) -> Result<Vec<IpNetwork>> {
        self.at(place, |socket| socket.addresses(link.index))
    }

    fn links_below(&self, link: &LinkFacts) -> Result<Vec<LinkFacts>> {
        let links = self.at(Place::Host, RouteSocket::links)?;
        let own = links.iter().find(|other| other.index == link.index);
        let parent = own.and_then(Link::below);
        let below = links
            .into_iter()
            .filter(|other| other.controller == Some(link.index) || parent == Some(other.index));
        below
            .map(|other| self.describe(Place::Host, other))
            .collect()
    }

    fn host_addresses(&self) -> Result<Vec<IpNetwork>> {
        let addresses = self
            .at(Place::Host, RouteSocket::all_addresses)?
            .into_iter();
        Ok(addresses.map(|(_, address)| address).collect())
    }

    fn routes(&self, place: Place, link: &LinkFacts) -> Result<Vec<Route>> {
        let routes = self.at(place, |socket| socket.routes_by(link.index))?;
        let is_local = |route: &Route| route.table == Some(LOCAL_TABLE);
        Ok(routes
            .into_iter()
            .filter(|route| !is_local(route))
            .collect())
    }

    fn pod_routing(&self) -> Result<PodRouting> {
        if self.pod.is_none() {
            return Ok(PodRouting::default());
        }
        let rules = self.at(Place::Pod, RouteSocket::rules)?.into_iter();
        let links = self.at(Place::Pod, RouteSocket::links)?.into_iter();
        let mut addresses = self.at(Place::Pod, RouteSocket::all_addresses)?;
        let mut routes = self.at(Place::Pod, RouteSocket::routes)?;
        routes.retain(|(_, route)| route.table != Some(LOCAL_TABLE));
        let interface = |link: Link| PodInterface {
            addresses: take_of(&mut addresses, link.index),
            routes: take_of(&mut routes, link.index),
            name: link.name,
        };
        Ok(PodRouting {
            interfaces: links
                .filter(|link| link.hardware_type != LOOPBACK)
                .map(interface)
                .collect(),
            rules: rules.map(|listed| listed.rule).collect(),
        })
    }

    fn rdma_namespace_mode(&self) -> Result<NamespaceMode> {
        Ok(rdma::namespace_mode()?)
    }
}

/// Takes what belongs to an interface out of a list.
fn take_of<T>(list: &mut Vec<(u32, T)>, index: u32) -> Vec<T> {
    list.extract_if(.., |(of, _)| *of == index)
        .map(|(_, item)| item)
        .collect()
}

#[cfg(test)]
mod tests;
