//! The functions of `facts`, answered from the described node.

#![allow(
    missing_docs,
    reason = "the same names in `facts` are documented by the contract"
)]

use super::session::{self, Session};
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

pub fn get_link(place: Place, name: &str) -> Result<Link, Error> {
    session::with(|session| match session.names(name) {
        true => session.give_link(place, name),
        false => Err(denied(format!("link {name}"))),
    })
}

pub fn get_default_route_link(place: Place) -> Result<Link, Error> {
    session::with(|session| {
        let mut routes = session.node.default_routes.iter();
        match routes.find(|(at, _)| *at == place).cloned() {
            Some((_, name)) => session.give_link(place, &name),
            None => Err(Error::not_found("there is no default route")),
        }
    })
}

pub fn get_pci_function(address: &str) -> Result<PciFunction, Error> {
    session::with(|session| {
        if !is_pci_address(address) {
            return Err(Error::invalid_configuration(format!(
                "{address:?} is not a PCI address like 0000:3b:00.2"
            )));
        }
        if !session.names(address) && !session.given.iter().any(|given| given == address) {
            return Err(denied(format!("PCI function {address}")));
        }
        let mut functions = session.node.functions.iter();
        match functions.find(|facts| facts.address == address.to_ascii_lowercase()) {
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

impl Session {
    /// A handle on a link, which is also a claim on the PCI function below it.
    fn give_link(&mut self, place: Place, name: &str) -> Result<Link, Error> {
        let mut links = self.node.links.iter();
        match links.find(|(at, facts)| *at == place && facts.name == name) {
            Some((_, facts)) => {
                self.given.extend(facts.pci.clone());
                Ok(Link {
                    facts: facts.clone(),
                })
            }
            None => Err(Error::not_found(format!("there is no link {name}"))),
        }
    }
}

/// `DOMAIN:BUS:DEVICE.FUNCTION` in hexadecimal digits; only the domain's number of them varies.
fn is_pci_address(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|character| match character.is_ascii_hexdigit() {
            true => 'x',
            false => character,
        })
        .collect();
    shape.ends_with("xxxx:xx:xx.x") && !shape.trim_start_matches('x').contains("xxx")
}

fn denied(object: String) -> Error {
    Error::denied(format!("{object} is not named by the configuration"))
}
