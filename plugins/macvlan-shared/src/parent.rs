//! The link that the pod's interface is made of.

use plumb_sdk::facts::{Place, get_default_route_link, get_link};
use plumb_sdk::prelude::*;
use plumb_sdk::{PreviousInterface, log};

use crate::configuration::{Child, Configuration};

/// The parent, and where it is.
pub(crate) struct Parent {
    pub link: Link,
    pub place: Place,
}

impl Parent {
    /// Looks the parent up by its name, by the chain or by the default route.
    pub fn find(configuration: &Configuration, request: &Request) -> Result<Self> {
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
    pub fn check(&self, configuration: &Configuration) -> Result<()> {
        match &configuration.child {
            Child::Macvlan(_) => Macvlan::on(&self.link).mtu(configuration.mtu).check(),
            Child::Ipvlan(_) => Ipvlan::on(&self.link).mtu(configuration.mtu).check(),
        }
    }

    /// Records what is made of it.
    pub fn create(&self, configuration: &Configuration) -> Result<PodLink> {
        match &configuration.child {
            Child::Macvlan(child) => Macvlan::on(&self.link)
                .mode(child.mode)
                .mtu(configuration.mtu)
                .mac(child.mac)
                .broadcast_queue_length(child.broadcast_queue_length)
                .create(),
            Child::Ipvlan(child) => Ipvlan::on(&self.link)
                .mode(child.mode)
                .mtu(configuration.mtu)
                .create(),
        }
    }
}

fn default_route_link(place: Place) -> Result<Link> {
    get_default_route_link(place).map_err(|error| Error {
        message: format!("{}; name the parent in \"master\"", error.message),
        ..error
    })
}

/// An ipvlan in a chain is made of the one interface of the previous result.
fn chained(configuration: &Configuration, request: &Request) -> Result<Option<PreviousInterface>> {
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
