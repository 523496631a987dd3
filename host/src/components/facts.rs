//! The interface `facts` of the contract: what a flavour may look at.

use wasmtime::component::Resource;

use super::bindings::facts::{
    Host as FactsHost, HostLink, HostPciFunction, HostRdmaDevice, LinkFacts, LinkType, PciFacts,
    Place, RdmaNamespaceMode, VirtualFunction,
};
use super::bindings::types::{Error, ErrorCode};
use super::host::{Host, LinkHandle, PciHandle, RdmaHandle};
use crate::kernel::link::ETHERNET;
use crate::kernel::rdma::NamespaceMode;
use crate::{facts, mac};

/// `ARPHRD_INFINIBAND` (linux/if_arp.h)
const INFINIBAND: u16 = 32;
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

impl Host {
    fn give_link(
        &mut self,
        place: facts::Place,
        facts: facts::LinkFacts,
    ) -> wasmtime::Result<Resource<LinkHandle>> {
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

impl FactsHost for Host {
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
        if !is_pci_address(&address) {
            return Ok(Err(failure(
                ErrorCode::InvalidConfiguration,
                format!("{address:?} is not a PCI address like 0000:3b:00.2"),
            )));
        }
        if !self.named.contains(&address) {
            return Ok(Err(failure(
                ErrorCode::Denied,
                format!("PCI function {address} is not named in the network configuration"),
            )));
        }
        let found = match self.facts.pci_function(&address) {
            Ok(Some(found)) => found,
            Ok(None) => {
                return Ok(Err(failure(
                    ErrorCode::NotFound,
                    format!("no PCI function at {address}"),
                )));
            }
            Err(error) => return Ok(Err(unavailable(error))),
        };
        let parent_mtu = match found.parent_links.first() {
            Some(name) => match self.facts.link(facts::Place::Host, name) {
                Ok(link) => link.map(|link| link.mtu),
                Err(error) => return Ok(Err(unavailable(error))),
            },
            None => None,
        };
        Ok(Ok(self.table.push(PciHandle {
            address,
            facts: found,
            parent_mtu,
        })?))
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

    fn get_rdma_device(&mut self, function: Resource<PciHandle>) -> Answer<Resource<RdmaHandle>> {
        self.count_call()?;
        let handle = self.table.get(&function)?;
        match handle.facts.rdma_devices.as_slice() {
            [name] => {
                let name = name.clone();
                Ok(Ok(self.table.push(RdmaHandle { name })?))
            }
            [] => Ok(Err(failure(
                ErrorCode::NotFound,
                format!(
                    "PCI function {} has no RDMA device on the host",
                    handle.address
                ),
            ))),
            several => Ok(Err(failure(
                ErrorCode::NotAvailable,
                format!(
                    "PCI function {} has several RDMA devices: {}",
                    handle.address,
                    several.join(", ")
                ),
            ))),
        }
    }
}

impl HostLink for Host {
    fn facts(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<LinkFacts> {
        self.count_call()?;
        let link = &self.table.get(&link)?.facts;
        Ok(LinkFacts {
            name: link.name.clone(),
            index: link.index,
            link_type: match link.hardware_type {
                ETHERNET => LinkType::Ethernet,
                INFINIBAND => LinkType::Infiniband,
                LOOPBACK => LinkType::Loopback,
                other => LinkType::Other(other),
            },
            kind: link.kind.clone(),
            mac: mac::parse(&link.mac).unwrap_or_default(),
            mtu: link.mtu,
            up: link.up,
            carrier: link.carrier,
            pci: link.pci.clone(),
            rdma_devices: link.rdma_devices.clone(),
        })
    }

    fn drop(&mut self, link: Resource<LinkHandle>) -> wasmtime::Result<()> {
        self.table.delete(link)?;
        Ok(())
    }
}

impl HostPciFunction for Host {
    fn facts(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<PciFacts> {
        self.count_call()?;
        let handle = self.table.get(&function)?;
        let virtual_function = handle.facts.virtual_function.clone();
        Ok(PciFacts {
            address: handle.address.clone(),
            driver: handle.facts.driver.clone(),
            virtual_function: virtual_function
                .map(|(parent, index)| VirtualFunction { parent, index }),
            links: handle.facts.links.clone(),
            rdma_devices: handle.facts.rdma_devices.clone(),
            parent_mtu: handle.parent_mtu,
            partition_keys: handle.facts.partition_keys.clone(),
        })
    }

    fn drop(&mut self, function: Resource<PciHandle>) -> wasmtime::Result<()> {
        self.table.delete(function)?;
        Ok(())
    }
}

impl HostRdmaDevice for Host {
    fn name(&mut self, device: Resource<RdmaHandle>) -> wasmtime::Result<String> {
        self.count_call()?;
        Ok(self.table.get(&device)?.name.clone())
    }

    fn drop(&mut self, device: Resource<RdmaHandle>) -> wasmtime::Result<()> {
        self.table.delete(device)?;
        Ok(())
    }
}

/// `DOMAIN:BUS:DEVICE.FUNCTION` in hexadecimal, with a domain of four digits or more. The
/// text becomes a part of a path.
fn is_pci_address(text: &str) -> bool {
    let hexadecimal = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let mut parts = text.split(':');
    let (Some(domain), Some(bus), Some(rest), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    rest.split_once('.').is_some_and(|(device, function)| {
        hexadecimal(domain, 4..=8)
            && hexadecimal(bus, 2..=2)
            && hexadecimal(device, 2..=2)
            && matches!(function.as_bytes(), [b'0'..=b'7'])
    })
}

#[cfg(test)]
mod tests {
    use super::is_pci_address;

    #[test]
    fn pci_addresses_are_told_from_paths() {
        for (text, accepted) in [
            ("0000:3b:00.2", true),
            ("10000:e1:00.0", true),
            ("0000:3b:00.8", false),
            ("3b:00.2", false),
            ("../../../etc", false),
            ("0000:3b:00.2/..", false),
            ("mlx5_core.sf.4", false),
            ("0000:3b:00.2:1", false),
        ] {
            assert_eq!(is_pci_address(text), accepted, "{text}");
        }
    }
}
