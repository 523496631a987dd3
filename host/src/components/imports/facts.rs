//! The interface `facts` of the contract: what a flavour may look at.

use plumb_values::PciAddress;
use wasmtime::component::Resource;

use super::super::bindings::facts::{
    Host as FactsHost, HostLink, HostPciFunction, LinkFacts, LinkType, PciFacts, Place,
    RdmaNamespaceMode, VirtualFunction,
};
use super::super::bindings::types::{Error, ErrorCode};
use super::super::session::{LinkHandle, PciHandle, Session};
use crate::kernel::link::{ETHERNET, INFINIBAND};
use crate::kernel::pci;
use crate::kernel::rdma::NamespaceMode;
use crate::{facts, octets};

/// `ARPHRD_LOOPBACK` (linux/if_arp.h)
const LOOPBACK: u16 = 772;

type Answer<T> = wasmtime::Result<Result<T, Error>>;

fn failure(code: ErrorCode, message: String) -> Error {
    Error {
        code,
        message,
        details: None,
    }
}

/// A fact that could not be had is the component's to report: it names the object.
fn unavailable(error: crate::Error) -> Error {
    failure(ErrorCode::NotAvailable, error.to_string())
}

fn place(place: Place) -> facts::Place {
    match place {
        Place::Host => facts::Place::Host,
        Place::Pod => facts::Place::Pod,
    }
}

impl Session {
    fn give_link(
        &mut self,
        place: facts::Place,
        facts: facts::LinkFacts,
    ) -> wasmtime::Result<Resource<LinkHandle>> {
        // Who was given a link may look at the device below it.
        self.named.extend(facts.pci.clone());
        Ok(self.table.push(LinkHandle { place, facts })?)
    }

    fn find_link(&self, place: facts::Place, name: &str) -> Result<facts::LinkFacts, Error> {
        if !self.named.contains(name) {
            return Err(failure(
                ErrorCode::Denied,
                format!("interface {name:?} is not named in the network configuration"),
            ));
        }
        match self.facts.link(place, name).map_err(unavailable)? {
            Some(link) => Ok(link),
            None => {
                let names = self.facts.link_names(place).map_err(unavailable)?;
                Err(failure(
                    ErrorCode::NotFound,
                    format!(
                        "no interface named {name:?} on {place}; there are: {}",
                        names.join(", ")
                    ),
                ))
            }
        }
    }
}

impl FactsHost for Session {
    fn get_link(&mut self, at: Place, name: String) -> Answer<Resource<LinkHandle>> {
        self.count_call()?;
        match self.find_link(place(at), &name) {
            Ok(link) => Ok(Ok(self.give_link(place(at), link)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    fn get_default_route_link(&mut self, at: Place) -> Answer<Resource<LinkHandle>> {
        self.count_call()?;
        match self.facts.default_route_link(place(at)) {
            Ok(Some(link)) => Ok(Ok(self.give_link(place(at), link)?)),
            Ok(None) => Ok(Err(failure(
                ErrorCode::NotFound,
                format!(
                    "{} has no default route whose interface could be taken",
                    place(at)
                ),
            ))),
            Err(error) => Ok(Err(unavailable(error))),
        }
    }

    fn get_pci_function(&mut self, address: String) -> Answer<Resource<PciHandle>> {
        self.count_call()?;
        let at = match address.parse::<PciAddress>() {
            Ok(at) => at.to_string(),
            Err(error) => {
                return Ok(Err(failure(
                    ErrorCode::InvalidConfiguration,
                    format!("{address:?} {error}"),
                )));
            }
        };
        if !self.named.contains(&address) {
            return Ok(Err(failure(
                ErrorCode::Denied,
                format!("PCI function {address} is not named in the network configuration"),
            )));
        }
        let found = match self.facts.pci_function(&at) {
            Ok(Some(found)) => found,
            Ok(None) => {
                return Ok(Err(failure(ErrorCode::NotFound, pci::absent(&address))));
            }
            Err(error) => return Ok(Err(unavailable(error))),
        };
        Ok(Ok(self.table.push(PciHandle { facts: found })?))
    }

    fn get_rdma_namespace_mode(&mut self) -> Answer<RdmaNamespaceMode> {
        self.count_call()?;
        Ok(match self.facts.rdma_namespace_mode() {
            Ok(NamespaceMode::Shared) => Ok(RdmaNamespaceMode::Shared),
            Ok(NamespaceMode::Exclusive) => Ok(RdmaNamespaceMode::Exclusive),
            Ok(NamespaceMode::None) => Ok(RdmaNamespaceMode::None),
            Err(error) => Err(unavailable(error)),
        })
    }
}

impl HostLink for Session {
    fn facts(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<LinkFacts> {
        self.count_call()?;
        Ok(link_facts(&self.table.get(&link)?.facts))
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
            links: facts.links.iter().map(link_facts).collect(),
            rdma_devices: facts.rdma_devices.clone(),
            parent_link: facts.parent_link.as_ref().map(link_facts),
        })
    }

    fn drop(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<()> {
        self.table.delete(function)?;
        Ok(())
    }
}

fn link_facts(link: &facts::LinkFacts) -> LinkFacts {
    LinkFacts {
        name: link.name.clone(),
        index: link.index,
        link_type: match link.hardware_type {
            ETHERNET => LinkType::Ethernet,
            INFINIBAND => LinkType::Infiniband,
            LOOPBACK => LinkType::Loopback,
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
