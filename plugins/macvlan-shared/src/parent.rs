//! The link that the pod's interface is made of.

use plumb_sdk::facts::{Link, LinkType, Place, get_default_route_link, get_link};
use plumb_sdk::{Error, PreviousInterface, Request, log};

use crate::configuration::{Child, Configuration};

/// The parent, and where it is.
pub(crate) struct Parent {
    pub link: Link,
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
            let place = if previous.is_in_pod() {
                Place::Pod
            } else {
                place
            };
            (place, get_link(place, &previous.name())?)
        } else {
            (place, default_route_link(place)?)
        };
        if !link.is_up() {
            // The kernel makes children of such a link; they just never get carrier.
            log::warning(format!("parent {} is down", link.name()));
        }
        Ok(Self { link, place })
    }

    /// Refuses what the kernel would refuse with a bare EINVAL.
    pub fn check(&self, configuration: &Configuration) -> Result<(), Error> {
        check_type(&self.link, &configuration.child)?;
        check_mtu(&self.link, configuration.mtu)
    }
}

fn default_route_link(place: Place) -> Result<Link, Error> {
    get_default_route_link(place).map_err(|error| Error {
        message: format!("{}; name the parent in \"master\"", error.message),
        ..error
    })
}

/// An ipvlan in a chain is made of the one interface of the previous result.
fn chained(
    configuration: &Configuration,
    request: &Request,
) -> Result<Option<PreviousInterface>, Error> {
    if !matches!(configuration.child, Child::Ipvlan(_)) {
        return Ok(None);
    }
    let mut interfaces = request.previous_interfaces();
    if interfaces.len() > 1 {
        let names: Vec<String> = interfaces.iter().map(PreviousInterface::name).collect();
        return Err(Error::invalid_configuration(format!(
            "the previous plugin's result has {} interfaces ({}), one of them must be named in \"master\"",
            names.len(),
            names.join(", ")
        )));
    }
    Ok(interfaces.pop())
}

fn check_type(link: &Link, child: &Child) -> Result<(), Error> {
    let (name, kind) = (link.name(), child.kind());
    match link.link_type() {
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

fn check_mtu(link: &Link, mtu: Option<u32>) -> Result<(), Error> {
    let largest = link.mtu();
    match mtu {
        Some(mtu) if mtu > largest => Err(Error::invalid_configuration(format!(
            "mtu {mtu} is larger than the {largest} of parent {}: use 0 (the parent's) to {largest}",
            link.name()
        ))),
        _ => Ok(()),
    }
}
