//! A route by the pod's interface.

use std::net::IpAddr;

use plumb_values::{Family, IpNetwork};

use super::AddressOf;
use crate::Error;
use crate::operations::{PodLink, add_route};
use crate::routing::{Addresses, Route};

/// Where a route goes.
#[derive(Debug, Clone, Copy)]
pub enum Destination<'a> {
    /// To this network.
    Network(IpNetwork),
    /// To the network of each of these addresses, on the link: as many routes as networks.
    NetworksOf(&'a Addresses),
    /// Everything of a family by the gateway of these addresses; no route where they have none.
    DefaultOf(&'a Addresses, Family),
    /// Everything of the family of the next hop.
    Everything,
}

/// Everything of the family of the next hop.
pub const DEFAULT: Destination<'static> = Destination::Everything;

impl From<IpNetwork> for Destination<'_> {
    fn from(network: IpNetwork) -> Self {
        Self::Network(network)
    }
}

impl From<IpAddr> for Destination<'_> {
    fn from(address: IpAddr) -> Self {
        let prefix_length = Family::of(address).bits();
        Self::Network(IpNetwork {
            address,
            prefix_length,
        })
    }
}

/// A route by the pod's interface: in the main table, on the link, until it says otherwise.
#[derive(Debug)]
#[must_use = "it is recorded by `add`"]
pub struct LinkRoute<'a> {
    link: &'a PodLink,
    to: Destination<'a>,
    via: Option<IpAddr>,
    source: Option<AddressOf<'a>>,
    table: Option<u32>,
    priority: Option<u32>,
    mtu: Option<u32>,
}

// Inlined for the reason that `operations` gives.
impl<'a> LinkRoute<'a> {
    #[inline(always)]
    pub(super) fn of(link: &'a PodLink, to: Destination<'a>) -> Self {
        Self {
            link,
            to,
            via: None,
            source: None,
            table: None,
            priority: None,
            mtu: None,
        }
    }

    /// By this next hop; none: on the link.
    #[inline(always)]
    pub fn via(mut self, gateway: impl Into<Option<IpAddr>>) -> Self {
        self.via = gateway.into();
        self
    }

    /// In this routing table; none: the main one.
    #[inline(always)]
    pub fn table(mut self, table: impl Into<Option<u32>>) -> Self {
        self.table = table.into();
        self
    }

    /// With the address that packets get which do not have one yet.
    #[inline(always)]
    pub fn source(mut self, source: AddressOf<'a>) -> Self {
        self.source = Some(source);
        self
    }

    /// With a metric; lower is preferred.
    #[inline(always)]
    pub fn priority(mut self, priority: u32) -> Self {
        self.priority = Some(priority);
        self
    }

    /// With a path MTU in bytes.
    #[inline(always)]
    pub fn mtu(mut self, bytes: u32) -> Self {
        self.mtu = Some(bytes);
        self
    }

    /// The route, for what is only said in [`routing`](crate::routing); [`add_route`] records it.
    ///
    /// Errors: `invalid-configuration` for [`DEFAULT`] without a next hop, whose family nobody knows.
    #[inline(always)]
    pub fn build(&self) -> Result<Route, Error> {
        let mut route = match self.to {
            Destination::Network(network) => Route::to(network),
            Destination::NetworksOf(addresses) => Route::to_networks_of(addresses),
            Destination::DefaultOf(addresses, family) => Route::default_of(addresses, family),
            Destination::Everything => Route::to(everything_by(self.via)?),
        };
        if let Some(gateway) = self.via {
            route = route.with_gateway(gateway);
        }
        if let Some(AddressOf(addresses)) = self.source {
            route = route.with_source_of(addresses);
        }
        if let Some(table) = self.table {
            route = route.with_table(table);
        }
        if let Some(priority) = self.priority {
            route = route.with_priority(priority);
        }
        if let Some(bytes) = self.mtu {
            route = route.with_mtu(bytes);
        }
        Ok(route)
    }

    /// Records it.
    ///
    /// Errors: those of [`Self::build`] and [`add_route`].
    #[inline(always)]
    pub fn add(self) -> Result<(), Error> {
        add_route(self.link, self.build()?)
    }
}

fn everything_by(gateway: Option<IpAddr>) -> Result<IpNetwork, Error> {
    match gateway {
        Some(gateway) => Ok(IpNetwork::everything(Family::of(gateway))),
        None => Err(Error::invalid_configuration(
            "the default route has no next hop: state a gateway, or leave the route out",
        )),
    }
}
