//! The interface `facts` of 0.1.

use wasmtime::component::Resource;

use super::Answer;
use super::bindings::facts::{
    Host, HostLink, HostPciFunction, LinkFacts, LinkType, PciFacts, Place, RdmaNamespaceMode,
    VirtualFunction,
};
use crate::components::session::{LinkHandle, PciHandle, Session};
use crate::kernel::link::{ETHERNET, INFINIBAND};
use crate::kernel::rdma::NamespaceMode;
use crate::{facts, octets};

impl From<Place> for facts::Place {
    fn from(place: Place) -> Self {
        match place {
            Place::Host => Self::Host,
            Place::Pod => Self::Pod,
        }
    }
}

impl Host for Session {
    fn get_link(&mut self, at: Place, name: String) -> Answer<Resource<LinkHandle>> {
        self.count_call()?;
        let link = self.link(at.into(), &name);
        self.hand_over(link)
    }

    fn get_default_route_link(&mut self, at: Place) -> Answer<Resource<LinkHandle>> {
        self.count_call()?;
        let link = self.default_route_link(at.into());
        self.hand_over(link)
    }

    fn get_pci_function(&mut self, address: String) -> Answer<Resource<PciHandle>> {
        self.count_call()?;
        let function = self.pci_function(&address);
        self.hand_over(function)
    }

    fn get_rdma_namespace_mode(&mut self) -> Answer<RdmaNamespaceMode> {
        self.count_call()?;
        let mode = self.rdma_namespace_mode().map(|mode| match mode {
            NamespaceMode::Shared => RdmaNamespaceMode::Shared,
            NamespaceMode::Exclusive => RdmaNamespaceMode::Exclusive,
            NamespaceMode::None => RdmaNamespaceMode::None,
        });
        Ok(mode.map_err(Into::into))
    }
}

impl HostLink for Session {
    fn facts(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<LinkFacts> {
        self.count_call()?;
        Ok(to_link(&self.table.get(&link)?.facts))
    }

    fn drop(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<()> {
        self.table.delete(link)?;
        Ok(())
    }
}

impl HostPciFunction for Session {
    fn facts(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<PciFacts> {
        self.count_call()?;
        let facts = &self.table.get(&function)?.facts;
        Ok(PciFacts {
            address: facts.address.clone(),
            driver: facts.driver.clone(),
            virtual_function: facts
                .virtual_function
                .as_ref()
                .map(|function| VirtualFunction {
                    parent: function.parent.clone(),
                    index: function.index,
                }),
            links: facts.links.iter().map(to_link).collect(),
            rdma_devices: facts.rdma_devices.clone(),
            parent_link: facts.parent_link.as_ref().map(to_link),
        })
    }

    fn drop(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<()> {
        self.table.delete(function)?;
        Ok(())
    }
}

fn to_link(link: &facts::LinkFacts) -> LinkFacts {
    LinkFacts {
        name: link.name.clone(),
        index: link.index,
        link_type: match link.hardware_type {
            ETHERNET => LinkType::Ethernet,
            INFINIBAND => LinkType::Infiniband,
            facts::LOOPBACK => LinkType::Loopback,
            other => LinkType::Other(other),
        },
        kind: link.kind.clone(),
        mac: octets::parse(&link.mac).unwrap_or_default(),
        mtu: link.mtu,
        up: link.up,
        carrier: link.carrier,
        pci: link.pci.clone(),
        rdma_devices: link.rdma_devices.clone(),
        partition_keys: link.partition_keys.clone(),
    }
}
