//! Facts of this machine.

use std::rc::Rc;

use super::{Facts, LinkFacts, Place};
use crate::kernel::link::Link;
use crate::kernel::netns::NetnsError;
use crate::kernel::rdma::{self, NamespaceMode};
use crate::kernel::sysfs::{self, PciFunction};
use crate::kernel::{Kernel, Netns, RouteSocket};
use crate::{Result, mac};

/// Asks the kernel.
pub struct KernelFacts {
    kernel: Rc<Kernel>,
    /// A socket in the pod, opened when it is first needed.
    pod: Option<Rc<Netns>>,
}

impl KernelFacts {
    /// Facts of the host, and of the pod when there is one.
    pub fn new(kernel: Rc<Kernel>, pod: Option<Rc<Netns>>) -> Self {
        Self { kernel, pod }
    }

    fn at<T>(
        &self,
        place: Place,
        ask: impl FnOnce(&RouteSocket) -> crate::kernel::Result<T>,
    ) -> Result<T> {
        match (place, &self.pod) {
            (Place::Host, _) => Ok(ask(&self.kernel.host)?),
            (Place::Pod, Some(netns)) => Ok(ask(&netns.socket()?)?),
            (Place::Pod, None) => Err(NetnsError::Missing {
                path: std::path::PathBuf::new(),
                source: std::io::ErrorKind::NotFound.into(),
            }
            .into()),
        }
    }

    fn describe(&self, place: Place, link: Link) -> LinkFacts {
        // sysfs shows the host's links; a link in the pod has no device that is asked for.
        let (pci, rdma_devices) = match place {
            Place::Host => (
                sysfs::link_pci_address(&self.kernel.sysfs, &link.name),
                sysfs::link_rdma_devices(&self.kernel.sysfs, &link.name),
            ),
            Place::Pod => (None, Vec::new()),
        };
        LinkFacts {
            index: link.index,
            hardware_type: link.hardware_type,
            kind: link.kind,
            mac: mac::text(&link.mac),
            mtu: link.mtu,
            up: link.up,
            carrier: link.carrier,
            name: link.name,
            pci,
            rdma_devices,
        }
    }
}

impl Facts for KernelFacts {
    fn link(&self, place: Place, name: &str) -> Result<Option<LinkFacts>> {
        let link = self.at(place, |socket| socket.link_by_name(name))?;
        Ok(link.map(|link| self.describe(place, link)))
    }

    fn link_names(&self, place: Place) -> Result<Vec<String>> {
        let links = self.at(place, RouteSocket::links)?;
        Ok(links.into_iter().map(|link| link.name).collect())
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
        Ok(link.map(|link| self.describe(place, link)))
    }

    fn pci_function(&self, address: &str) -> Result<Option<PciFunction>> {
        Ok(sysfs::pci_function(&self.kernel.sysfs, address))
    }

    fn rdma_namespace_mode(&self) -> Result<NamespaceMode> {
        Ok(rdma::namespace_mode()?)
    }
}
