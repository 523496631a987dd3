//! The functions of `facts`, answered from the described node.

#![allow(
    missing_docs,
    reason = "the same names in `facts` are documented by the contract"
)]

use super::session;
use crate::Error;
use crate::facts::{LinkFacts, PciFacts, Place, RdmaNamespaceMode};

#[derive(Debug)]
pub struct Link {
    facts: LinkFacts,
}

impl Link {
    pub fn facts(&self) -> LinkFacts {
        self.facts.clone()
    }

    pub(super) fn name(&self) -> String {
        self.facts.name.clone()
    }
}

#[derive(Debug)]
pub struct PciFunction {
    facts: PciFacts,
}

impl PciFunction {
    pub fn facts(&self) -> PciFacts {
        self.facts.clone()
    }

    pub(super) fn address(&self) -> String {
        self.facts.address.clone()
    }
}

#[derive(Debug)]
pub struct RdmaDevice {
    name: String,
}

impl RdmaDevice {
    pub fn name(&self) -> String {
        self.name.clone()
    }
}

pub fn get_link(place: Place, name: &str) -> Result<Link, Error> {
    session::with(|session| match session.names(name) {
        true => find_link(&session.node.links, place, name),
        false => Err(denied(format!("link {name}"))),
    })
}

pub fn get_default_route_link(place: Place) -> Result<Link, Error> {
    session::with(|session| {
        let mut routes = session.node.default_routes.iter();
        match routes.find(|(at, _)| *at == place) {
            Some((_, name)) => find_link(&session.node.links, place, name),
            None => Err(Error::not_found("there is no default route")),
        }
    })
}

pub fn get_pci_function(address: &str) -> Result<PciFunction, Error> {
    session::with(|session| {
        if !session.names(address) {
            return Err(denied(format!("PCI function {address}")));
        }
        let mut functions = session.node.functions.iter();
        match functions.find(|facts| facts.address == address) {
            Some(facts) => Ok(PciFunction {
                facts: facts.clone(),
            }),
            None => Err(Error::not_found(format!(
                "there is no PCI function {address}"
            ))),
        }
    })
}

pub fn get_rdma_namespace_mode() -> Result<RdmaNamespaceMode, Error> {
    session::with(|session| Ok(session.node.rdma_namespace_mode))
}

pub fn get_rdma_device(function: &PciFunction) -> Result<RdmaDevice, Error> {
    let address = &function.facts.address;
    match function.facts.rdma_devices.as_slice() {
        [name] => Ok(RdmaDevice { name: name.clone() }),
        [] => Err(Error::not_found(format!(
            "PCI function {address} has no RDMA device"
        ))),
        several => Err(Error::not_available(format!(
            "PCI function {address} has several RDMA devices: {}",
            several.join(", ")
        ))),
    }
}

fn find_link(links: &[(Place, LinkFacts)], place: Place, name: &str) -> Result<Link, Error> {
    let mut here = links.iter().filter(|(at, _)| *at == place);
    match here.find(|(_, facts)| facts.name == name) {
        Some((_, facts)) => Ok(Link {
            facts: facts.clone(),
        }),
        None => Err(Error::not_found(format!("there is no link {name}"))),
    }
}

fn denied(object: String) -> Error {
    Error::denied(format!("{object} is not named by the configuration"))
}
