//! The addresses that an interface gets: whose they are, and what refers to them.

use plumb_values::Family;

use super::Destination;
use crate::Error;
use crate::operations::{PodLink, bring_up, configured_addresses, previous_addresses};
use crate::routing::Addresses;

/// Where an interface's addresses come from: [`Configured`], [`Previous`], or an `Option` of a handle, such as
/// [`Request::configured_addresses`](crate::Request::configured_addresses) has, for one that may go without.
pub trait Addressing {
    /// The handle on them.
    type Given;

    /// See [`PodLink::bring_up`].
    fn bring_up(self, link: &PodLink) -> Result<Self::Given, Error>;
}

/// The addresses of the configuration's `ipam`, which must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Configured;

/// The addresses of the previous plugin's result, which must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Previous;

impl Addressing for Configured {
    type Given = Addresses;

    fn bring_up(self, link: &PodLink) -> Result<Addresses, Error> {
        configured_addresses()?.bring_up(link)
    }
}

impl Addressing for Previous {
    type Given = Addresses;

    fn bring_up(self, link: &PodLink) -> Result<Addresses, Error> {
        previous_addresses()?.bring_up(link)
    }
}

impl Addressing for Addresses {
    type Given = Self;

    fn bring_up(self, link: &PodLink) -> Result<Self, Error> {
        bring_up(link, Some(&self))?;
        Ok(self)
    }
}

impl Addressing for Option<Addresses> {
    type Given = Self;

    fn bring_up(self, link: &PodLink) -> Result<Self, Error> {
        bring_up(link, self.as_ref())?;
        Ok(self)
    }
}

/// Each of some addresses to come, as the source of a rule or a route.
#[derive(Debug, Clone, Copy)]
pub struct AddressOf<'a>(pub(super) &'a Addresses);

impl Addresses {
    /// Each of them, as the source of a rule; the first of the family, as that of a route.
    pub fn address(&self) -> AddressOf<'_> {
        AddressOf(self)
    }

    /// The network that each of them is in, as the destination of a route.
    pub fn subnet(&self) -> Destination<'_> {
        Destination::NetworksOf(self)
    }

    /// Everything of a family by their gateway, as the destination of a route; no route where they have none.
    pub fn default(&self, family: Family) -> Destination<'_> {
        Destination::DefaultOf(self, family)
    }
}
