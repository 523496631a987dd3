//! Routes and rules that refer to addresses which an interface will get: how they are planned
//! before the addresses are known, and what becomes of them when they are.

use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_values::{Family, NextHop, RuleSelectors};
use serde::{Deserialize, Serialize};

use crate::kernel::route::Route;
use crate::kernel::rule::Rule;
use crate::outcome::{AddressSource, Assigned};

/// Where a route leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Destination {
    /// To a network that is known.
    Network(IpNetwork),
    /// To the network of each address.
    NetworksOf(AddressSource),
    /// Everything of a family, by the gateway of the addresses.
    DefaultOf(AddressSource, Family),
}

/// An address that a route has as its source, or the networks that a rule selects by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin<T> {
    /// It is known.
    Known(T),
    /// The addresses of this source.
    Of(AddressSource),
}

/// A route as it is planned. With addresses it becomes as many as they say, none among them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteTemplate {
    /// Where it leads to.
    pub destination: Destination,
    /// Next hop.
    pub gateway: Option<IpAddr>,
    /// The source of packets that have none yet.
    pub source: Option<Origin<IpAddr>>,
    /// Path MTU in bytes.
    pub mtu: Option<u32>,
    /// Maximal segment size to advertise, in bytes.
    pub advertised_mss: Option<u32>,
    /// Metric.
    pub priority: Option<u32>,
    /// Routing table; none: the main one.
    pub table: Option<u32>,
    /// `rtm_scope`
    pub scope: Option<u8>,
    /// Whether its next hops are taken to be on the link, though no route says so.
    pub on_link: bool,
    /// Several next hops that share its packets, in place of a gateway.
    pub next_hops: Vec<NextHop>,
}

impl RouteTemplate {
    /// A route with nothing but a destination.
    pub fn new(destination: Destination) -> Self {
        Self {
            destination,
            gateway: None,
            source: None,
            mtu: None,
            advertised_mss: None,
            priority: None,
            table: None,
            scope: None,
            on_link: false,
            next_hops: Vec::new(),
        }
    }

    /// A route that exists.
    pub fn of(route: Route) -> Self {
        Self {
            destination: Destination::Network(route.destination),
            gateway: route.gateway,
            source: route.source.map(Origin::Known),
            mtu: route.mtu,
            advertised_mss: route.advertised_mss,
            priority: route.priority,
            table: route.table,
            scope: route.scope,
            on_link: route.on_link,
            next_hops: route.next_hops,
        }
    }

    /// The addresses that it refers to.
    pub fn refers_to(&self) -> Vec<AddressSource> {
        let destination = match self.destination {
            Destination::Network(_) => None,
            Destination::NetworksOf(source) | Destination::DefaultOf(source, _) => Some(source),
        };
        let source = match self.source {
            Some(Origin::Of(source)) => Some(source),
            _ => None,
        };
        destination.into_iter().chain(source).collect()
    }

    /// The routes, now that the addresses are known.
    pub fn routes(&self, known: impl Fn(AddressSource) -> Assigned) -> Vec<Route> {
        let to = |destination: IpNetwork, gateway: Option<IpAddr>, own: Option<IpAddr>| {
            let is_same_family = |address: &IpAddr| address.is_ipv4() == destination.is_ipv4();
            let source = match self.source {
                None => None,
                Some(Origin::Known(address)) => Some(address),
                Some(Origin::Of(source)) => own.or_else(|| {
                    let addresses = known(source).addresses;
                    addresses
                        .iter()
                        .map(|one| one.address.ip())
                        .find(is_same_family)
                }),
            };
            Route {
                destination,
                gateway: self.gateway.or(gateway),
                source,
                mtu: self.mtu,
                advertised_mss: self.advertised_mss,
                priority: self.priority,
                table: self.table,
                scope: self.scope,
                on_link: self.on_link,
                next_hops: self.next_hops.clone(),
            }
        };
        match self.destination {
            Destination::Network(network) => vec![to(network, None, None)],
            Destination::NetworksOf(source) => known(source)
                .addresses
                .iter()
                .map(|one| to(network_of(one.address), None, Some(one.address.ip())))
                .collect(),
            Destination::DefaultOf(source, family) => {
                let addresses = known(source).addresses;
                let gateway = addresses
                    .iter()
                    .filter_map(|one| one.gateway)
                    .find(|gateway| Family::of(*gateway) == family);
                let route = |gateway| to(everything(family), Some(gateway), None);
                gateway.map(route).into_iter().collect()
            }
        }
    }
}

/// A rule as it is planned. With addresses it becomes as many as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleTemplate {
    /// Whether it is for IPv4 or IPv6.
    pub family: Family,
    /// The packets that it selects by where they come from.
    pub source: Option<Origin<IpNetwork>>,
    /// The packets that it selects by where they go to.
    pub destination: Option<IpNetwork>,
    /// The table to look up.
    pub table: u32,
    /// Lower goes first.
    pub priority: Option<u32>,
    /// What else it selects by.
    pub selectors: RuleSelectors,
}

impl RuleTemplate {
    /// A rule for all packets of a family.
    pub fn new(family: Family, table: u32) -> Self {
        Self {
            family,
            source: None,
            destination: None,
            table,
            priority: None,
            selectors: RuleSelectors::default(),
        }
    }

    /// The addresses that it refers to.
    pub fn refers_to(&self) -> Option<AddressSource> {
        match self.source {
            Some(Origin::Of(source)) => Some(source),
            _ => None,
        }
    }

    /// The rules, now that the addresses are known.
    pub fn rules(&self, known: impl Fn(AddressSource) -> Assigned) -> Vec<Rule> {
        let from = |source: Option<IpNetwork>| Rule {
            selectors: self.selectors.clone(),
            is_ipv6: self.family == Family::Ipv6,
            source,
            destination: self.destination,
            table: self.table,
            priority: self.priority,
        };
        match self.source {
            None => vec![from(None)],
            Some(Origin::Known(network)) => vec![from(Some(network))],
            Some(Origin::Of(source)) => known(source)
                .addresses
                .iter()
                .map(|one| one.address.ip())
                .filter(|address| Family::of(*address) == self.family)
                .map(|address| from(Some(IpNetwork::from(address))))
                .collect(),
        }
    }
}

impl fmt::Display for RouteTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.destination {
            Destination::Network(network) => write!(formatter, "{network}")?,
            Destination::NetworksOf(source) => write!(formatter, "networks of {source}")?,
            Destination::DefaultOf(source, family) => {
                write!(formatter, "default ({family}) via the gateway of {source}")?;
            }
        }
        if let Some(gateway) = self.gateway {
            write!(formatter, " via {gateway}")?;
        }
        for hop in &self.next_hops {
            write!(formatter, " {hop}")?;
        }
        if self.on_link {
            write!(formatter, " onlink")?;
        }
        match self.source {
            None => {}
            Some(Origin::Known(address)) => write!(formatter, " src {address}")?,
            Some(Origin::Of(source)) => write!(formatter, " src {source}")?,
        }
        if let Some(table) = self.table {
            write!(formatter, " table {table}")?;
        }
        Ok(())
    }
}

impl fmt::Display for RuleTemplate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.source {
            None => {}
            Some(Origin::Known(network)) => write!(formatter, "from {network} ")?,
            Some(Origin::Of(source)) => write!(formatter, "from each of {source} ")?,
        }
        if let Some(destination) = self.destination {
            write!(formatter, "to {destination} ")?;
        }
        write!(
            formatter,
            "{}lookup {} ({})",
            self.selectors, self.table, self.family
        )?;
        if let Some(priority) = self.priority {
            write!(formatter, " priority {priority}")?;
        }
        Ok(())
    }
}

fn network_of(address: IpNetwork) -> IpNetwork {
    IpNetwork::new(address.network(), address.prefix()).unwrap_or(address)
}

/// The network of all addresses of a family.
pub fn everything(family: Family) -> IpNetwork {
    IpNetwork::new(family.unspecified(), 0).expect("no prefix is shorter than 0")
}

#[cfg(test)]
mod tests;
