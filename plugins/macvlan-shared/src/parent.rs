//! The link that the pod's interface is made of.

use plumb_sdk::facts::{Link, LinkFacts, LinkType, Place, get_default_route_link, get_link};
use plumb_sdk::{Error, Request, log};

use crate::configuration::{Child, Configuration};

/// The parent, with what the kernel says about it.
pub(crate) struct Parent {
    pub link: Link,
    pub facts: LinkFacts,
    pub place: Place,
}

impl Parent {
    /// Looks the parent up by its name, by the chain or by the default route.
    pub fn find(configuration: &Configuration, request: &Request) -> Result<Self, Error> {
        let place = match configuration.link_in_container {
            true => Place::Pod,
            false => Place::Host,
        };
        let (place, link) = if let Some(master) = &configuration.master {
            (place, get_link(place, master)?)
        } else if let Some(previous) = chained(configuration, request)? {
            // The interface that the previous plugin made, wherever it made it.
            let place = if previous.in_pod { Place::Pod } else { place };
            (place, get_link(place, &previous.name)?)
        } else {
            (place, default_route_link(place)?)
        };
        let facts = link.facts();
        if !facts.up {
            // The kernel makes children of such a link; they just never get carrier.
            log::warning(format!("parent {} is down", facts.name));
        }
        Ok(Self { link, facts, place })
    }

    /// Refuses what the kernel would refuse with a bare EINVAL.
    pub fn check(&self, configuration: &Configuration) -> Result<(), Error> {
        check_type(&self.facts, &configuration.child)?;
        check_mtu(&self.facts, configuration.mtu)
    }
}

fn default_route_link(place: Place) -> Result<Link, Error> {
    get_default_route_link(place).map_err(|error| Error {
        message: format!("{}; name the parent in \"master\"", error.message),
        ..error
    })
}

/// An ipvlan in a chain is made of the one interface of the previous result.
fn chained<'a>(
    configuration: &Configuration,
    request: &'a Request,
) -> Result<Option<&'a plumb_sdk::PreviousInterface>, Error> {
    if !matches!(configuration.child, Child::Ipvlan(_)) {
        return Ok(None);
    }
    match request.previous_interfaces.as_slice() {
        [] => Ok(None),
        [only] => Ok(Some(only)),
        several => {
            let names: Vec<&str> = several.iter().map(|one| one.name.as_str()).collect();
            Err(Error::invalid_configuration(format!(
                "the previous plugin's result has {} interfaces ({}), one of them must be named in \"master\"",
                names.len(),
                names.join(", ")
            )))
        }
    }
}

fn check_type(facts: &LinkFacts, child: &Child) -> Result<(), Error> {
    let (name, kind) = (&facts.name, child.kind());
    match facts.link_type {
        LinkType::Ethernet => Ok(()),
        LinkType::Infiniband => Err(Error::invalid_configuration(format!(
            "parent {name} is an InfiniBand link, {kind} needs Ethernet: use the flavour ipoib"
        ))),
        LinkType::Loopback => Err(Error::invalid_configuration(format!(
            "parent {name} is the loopback link, {kind} needs Ethernet: name the node's adapter in \"master\""
        ))),
        LinkType::Other(number) => Err(Error::invalid_configuration(format!(
            "parent {name} is a link of type {number} (ARPHRD), {kind} needs Ethernet: name another in \"master\""
        ))),
    }
}

fn check_mtu(facts: &LinkFacts, mtu: Option<u32>) -> Result<(), Error> {
    match mtu {
        Some(mtu) if mtu > facts.mtu => Err(Error::invalid_configuration(format!(
            "mtu {mtu} is larger than the {} of parent {}: use 0 (the parent's) to {}",
            facts.mtu, facts.name, facts.mtu
        ))),
        _ => Ok(()),
    }
}
