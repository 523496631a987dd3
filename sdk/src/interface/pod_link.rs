//! What is done to the pod's interface once there is one.

use std::net::IpAddr;

use plumb_values::{Family, HardwareAddress, IpNetwork};

use super::{Addressing, Destination, LinkRoute};
use crate::Error;
use crate::operations::{PodLink, add_address, add_neighbour, set_link_sysctl};

impl PodLink {
    /// Sets sysctls of the interface: names below `net.ipv4.conf.IFNAME` or that of ipv6, and their values. A kernel
    /// that does not have one of them fails the attachment.
    ///
    /// Errors: those of [`set_link_sysctl`].
    pub fn sysctls(&self, family: Family, settings: &[(&str, &str)]) -> Result<(), Error> {
        set_all(self, family, settings, true)
    }

    /// The same; what the kernel does not have is left out.
    ///
    /// Errors: those of [`set_link_sysctl`].
    pub fn sysctls_if_known(&self, family: Family, settings: &[(&str, &str)]) -> Result<(), Error> {
        set_all(self, family, settings, false)
    }

    /// Adds one address that the configuration itself states.
    ///
    /// Errors: those of [`add_address`].
    pub fn address(&self, address: IpNetwork) -> Result<(), Error> {
        add_address(self, address)
    }

    /// Gives the interface these addresses, sets it up, and has it announce them: neighbours may still know an address
    /// by the hardware address of the pod that had it before. It records `set-link-sysctl`, then
    /// `assign-addresses`, or `set-up` where there are none.
    ///
    /// The answer is a handle on the addresses, for routes and rules: they are known only when the plan is performed.
    ///
    /// Errors: those of [`bring_up`](crate::operations::bring_up); `invalid-configuration` where there are no such
    /// addresses.
    pub fn bring_up<A: Addressing>(&self, addresses: A) -> Result<A::Given, Error> {
        addresses.bring_up(self)
    }

    /// A route by the interface, to a network, to [`Addresses::subnet`](crate::routing::Addresses::subnet), or to
    /// [`DEFAULT`](super::DEFAULT).
    pub fn route<'a>(&'a self, to: impl Into<Destination<'a>>) -> LinkRoute<'a> {
        LinkRoute::of(self, to.into())
    }

    /// A neighbour that is known for good.
    ///
    /// Errors: those of [`add_neighbour`].
    pub fn neighbour(&self, address: IpAddr, mac: impl Into<HardwareAddress>) -> Result<(), Error> {
        add_neighbour(self, address, &mac.into())
    }
}

fn set_all(
    link: &PodLink,
    family: Family,
    settings: &[(&str, &str)],
    required: bool,
) -> Result<(), Error> {
    for (name, value) in settings {
        set_link_sysctl(link, family, name, value, required)?;
    }
    Ok(())
}
