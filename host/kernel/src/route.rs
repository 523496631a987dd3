//! Routes (`RTM_NEWROUTE`, rtnetlink(7)).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use ipnetwork::IpNetwork;
use netlink_packet_core::NLM_F_CREATE;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteMetric, RouteNextHop,
    RouteNextHopFlags, RouteProtocol, RouteScope, RouteType,
};
use nix::errno::Errno;
use plumb_values::NextHop;
use serde::{Deserialize, Serialize};

use super::address::{ANY_IPV4, family};
use super::route_answer::RouteAnswer;
use super::{Result, RouteSocket};

/// The main routing table (`RT_TABLE_MAIN`).
pub const MAIN_TABLE: u32 = 254;

/// The table of the addresses themselves, which the kernel keeps (`RT_TABLE_LOCAL`).
pub const LOCAL_TABLE: u32 = 255;

/// The scope of what is on the link (`RT_SCOPE_LINK`).
const LINK_SCOPE: u8 = 253;

/// A route by an interface. The optional fields are those of a CNI 1.1.0 result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The network it leads to.
    pub destination: IpNetwork,
    /// Next hop; none: on the link.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub gateway: Option<IpAddr>,
    /// Address that packets get which have none yet (`RTA_PREFSRC`).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub source: Option<IpAddr>,
    /// Path MTU in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mtu: Option<u32>,
    /// Maximal segment size to advertise, in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub advertised_mss: Option<u32>,
    /// Metric; lower is preferred.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub priority: Option<u32>,
    /// Routing table; none: the main one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub table: Option<u32>,
    /// `rtm_scope`
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<u8>,
    /// Whether the next hop is taken to be on the link, though no route says so (`RTNH_F_ONLINK`).
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub on_link: bool,
    /// Several next hops that share its packets, in place of a gateway (`RTA_MULTIPATH`).
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub next_hops: Vec<NextHop>,
}

impl Route {
    /// A route in the main table.
    pub fn new(destination: IpNetwork, gateway: Option<IpAddr>) -> Self {
        Self {
            destination,
            gateway,
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

    /// A route to one address on the link, for packets from another one.
    pub fn on_link(address: IpAddr, source: IpAddr) -> Self {
        Self {
            source: Some(source),
            // IPv6 has none (`rtm_scope`, net/ipv6/route.c).
            scope: address.is_ipv4().then_some(LINK_SCOPE),
            ..Self::new(IpNetwork::from(address), None)
        }
    }

    /// The same in another table.
    #[must_use]
    pub fn in_table(mut self, table: u32) -> Self {
        self.table = Some(table);
        self
    }

    /// Whether it lies in a table of its own and not in the main one.
    pub fn has_own_table(&self) -> bool {
        !matches!(self.table, None | Some(0 | MAIN_TABLE))
    }

    /// The gateways that it leads by; on the link by none.
    pub fn gateways(&self) -> Vec<Option<IpAddr>> {
        match self.next_hops.is_empty() {
            true => vec![self.gateway],
            false => self.next_hops.iter().map(|hop| Some(hop.gateway)).collect(),
        }
    }

    /// Whether it is the route of everything.
    pub fn is_default(&self) -> bool {
        self.destination.prefix() == 0
    }
}

impl fmt::Display for Route {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_default() {
            let family = if self.destination.is_ipv4() {
                "ipv4"
            } else {
                "ipv6"
            };
            write!(formatter, "default ({family})")?;
        } else {
            write!(formatter, "{}", self.destination)?;
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
        if let Some(source) = self.source {
            write!(formatter, " src {source}")?;
        }
        if let Some(table) = self.table {
            write!(formatter, " table {table}")?;
        }
        Ok(())
    }
}

impl RouteSocket {
    /// Adds a route by the interface; false when the very same is there already.
    ///
    /// With `NLM_F_CREATE` alone, as netlink.RouteAddEcmp of the CNI project's plugins: one that
    /// leads where others of its metric lead stands before these in IPv4 (`fib_table_insert`,
    /// net/ipv4/fib_trie.c), so that the interface that came last is the one that is taken. In
    /// IPv6 the kernel adds it behind these, and joins those with next hops into one route
    /// (`fib6_add_rt2node`, net/ipv6/ip6_fib.c).
    pub fn add_route(&self, index: u32, route: &Route) -> Result<bool> {
        let added = self.change(
            || format!("add route {route} by the interface of index {index}"),
            RouteNetlinkMessage::NewRoute(message(index, route)),
            NLM_F_CREATE,
        );
        match added {
            Ok(()) => Ok(true),
            // Of several next hops in IPv6 one is enough for the kernel to say so; it adds none of the others then.
            Err(error) if error.errno() == Some(Errno::EEXIST) => {
                match route.next_hops.is_empty() || self.has_route(index, route)? {
                    true => Ok(false),
                    false => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Removes a route that [`Self::add_route`] added; true when it was there. The kernel does
    /// not compare a metric that is left out, and would take the route of another metric.
    pub fn delete_route(&self, index: u32, route: &Route) -> Result<bool> {
        if !self.has_route(index, route)? {
            return Ok(false);
        }
        let deleted = self.change(
            || format!("delete route {route} by the interface of index {index}"),
            RouteNetlinkMessage::DelRoute(message(index, route)),
            0,
        );
        match deleted {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.errno(), Some(Errno::ESRCH | Errno::ENODEV)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether a route by the interface is there that [`Self::add_route`] could have added.
    pub fn has_route(&self, index: u32, route: &Route) -> Result<bool> {
        let answers = self.dump(
            || format!("look for route {route}"),
            RouteNetlinkMessage::GetRoute(RouteMessage::default()),
        )?;
        Ok(answers.iter().any(|answer| match answer {
            RouteAnswer::Route(message) => {
                message.header.protocol == RouteProtocol::Boot && is_in(index, route, message)
            }
            _ => false,
        }))
    }

    /// All routes of both families, with the index of the interface they leave by.
    pub fn routes(&self) -> Result<Vec<(u32, Route)>> {
        let answers = self.dump(
            || "list the routes".into(),
            RouteNetlinkMessage::GetRoute(RouteMessage::default()),
        )?;
        Ok(answers
            .into_iter()
            .flat_map(|answer| match answer {
                RouteAnswer::Route(message) => decode(&message),
                _ => Vec::new(),
            })
            .collect())
    }

    /// The routes of all tables by one interface.
    pub fn routes_by(&self, index: u32) -> Result<Vec<Route>> {
        let routes = self.routes()?.into_iter();
        let by_it = routes.filter(|(by, _)| *by == index);
        Ok(by_it.map(|(_, route)| route).collect())
    }
}

/// Whether a route by an interface is what the kernel shows, or among what it shows as one: routes of IPv6 with next hops
/// that lead to the same network, with the source of the first of them (`rt6_fill_node`, net/ipv6/route.c).
fn is_in(index: u32, route: &Route, message: &RouteMessage) -> bool {
    let metric = |route: &Route| route.priority.unwrap_or(default_metric(route));
    let found = decode(message);
    let Some((_, first)) = found.first() else {
        return false;
    };
    let is_joined = found.len() > 1 && first.destination.is_ipv6();
    let is_same = (first.destination.network(), first.destination.prefix())
        == (route.destination.network(), route.destination.prefix())
        && (is_joined || route.source.is_none() || first.source == route.source)
        && first.table == route.table.filter(|table| *table != MAIN_TABLE)
        && metric(first) == metric(route);
    let leads_by = |gateway: &Option<IpAddr>| {
        let mut hops = found.iter();
        hops.any(|(at, found)| *at == index && found.gateway == *gateway)
    };
    let gateways = route.gateways();
    // In IPv4 a route has these next hops and no others.
    let is_whole = is_joined || found.len() == gateways.len();
    is_same && is_whole && gateways.iter().all(leads_by)
}

/// What the kernel gives a route without a metric: none in IPv4, and in IPv6
/// `IP6_RT_PRIO_USER` (linux/ipv6_route.h).
fn default_metric(route: &Route) -> u32 {
    match route.destination {
        IpNetwork::V4(_) => 0,
        IpNetwork::V6(_) => 1024,
    }
}

fn message(index: u32, route: &Route) -> RouteMessage {
    let table = route.table.unwrap_or(MAIN_TABLE);
    let mut message = RouteMessage::default();
    message.header.address_family = family(route.destination.ip());
    message.header.destination_prefix_length = route.destination.prefix();
    // rtm_table has eight bits; 0 leaves it to RTA_TABLE.
    message.header.table = u8::try_from(table).unwrap_or(0);
    message.header.protocol = RouteProtocol::Boot;
    message.header.kind = RouteType::Unicast;
    message.header.scope = match route.scope {
        Some(scope) => RouteScope::from(scope),
        None if route.gateways() == [None] => RouteScope::Link,
        None => RouteScope::Universe,
    };
    // Each of several next hops says so itself.
    if route.on_link && route.next_hops.is_empty() {
        message.header.flags = RouteFlags::Onlink;
    }
    let attributes = &mut message.attributes;
    if !route.is_default() {
        attributes.push(RouteAttribute::Destination(address(
            route.destination.network(),
        )));
    }
    attributes.extend(
        route
            .gateway
            .map(|gateway| RouteAttribute::Gateway(address(gateway))),
    );
    attributes.extend(
        route
            .source
            .map(|source| RouteAttribute::PrefSource(address(source))),
    );
    match route.next_hops.is_empty() {
        true => attributes.push(RouteAttribute::Oif(index)),
        false => attributes.push(RouteAttribute::MultiPath(hops(index, route))),
    }
    attributes.push(RouteAttribute::Table(table));
    attributes.extend(route.priority.map(RouteAttribute::Priority));
    let metrics: Vec<_> = std::iter::empty()
        .chain(route.mtu.map(RouteMetric::Mtu))
        .chain(route.advertised_mss.map(RouteMetric::Advmss))
        .collect();
    if !metrics.is_empty() {
        attributes.push(RouteAttribute::Metrics(metrics));
    }
    message
}

/// The next hops of a route, all by one interface.
fn hops(index: u32, route: &Route) -> Vec<RouteNextHop> {
    let hops = route.next_hops.iter();
    hops.map(|next| {
        let mut hop = RouteNextHop::default();
        hop.interface_index = index;
        // The kernel counts from 0.
        hop.hops = u8::try_from(next.weight.saturating_sub(1)).unwrap_or(u8::MAX);
        if route.on_link {
            hop.flags = RouteNextHopFlags::Onlink;
        }
        hop.attributes
            .push(RouteAttribute::Gateway(address(next.gateway)));
        hop
    })
    .collect()
}

pub(super) fn address(address: IpAddr) -> RouteAddress {
    match address {
        IpAddr::V4(address) => RouteAddress::Inet(address),
        IpAddr::V6(address) => RouteAddress::Inet6(address),
    }
}

/// What one route of the kernel leads by: it has one route for several interfaces where IPv6
/// routes with next hops lead to the same network (`RTA_MULTIPATH`). None where it leads by no
/// interface, such as a blackhole.
fn decode(message: &RouteMessage) -> Vec<(u32, Route)> {
    let any = match message.header.address_family {
        netlink_packet_route::AddressFamily::Inet6 => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        _ => ANY_IPV4,
    };
    let mut destination = Some(any);
    let mut gateway = None;
    let mut index = None;
    let mut hops = Vec::new();
    let mut table = u32::from(message.header.table);
    let Ok(everything) = IpNetwork::new(any, 0) else {
        return Vec::new();
    };
    let mut route = Route::new(everything, None);
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(found) => destination = plain(found),
            RouteAttribute::Gateway(found) => gateway = plain(found),
            RouteAttribute::PrefSource(found) => route.source = plain(found),
            RouteAttribute::Oif(found) => index = Some(*found),
            RouteAttribute::MultiPath(found) => hops.extend(found.iter().map(next_hop)),
            RouteAttribute::Table(found) => table = *found,
            RouteAttribute::Priority(found) => route.priority = Some(*found),
            RouteAttribute::Metrics(found) => {
                for metric in found {
                    match metric {
                        RouteMetric::Mtu(bytes) => route.mtu = Some(*bytes),
                        RouteMetric::Advmss(bytes) => route.advertised_mss = Some(*bytes),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    route.on_link = message.header.flags.contains(RouteFlags::Onlink);
    hops.extend(index.map(|index| (index, gateway)));
    route.table = (table != MAIN_TABLE).then_some(table);
    let length = message.header.destination_prefix_length;
    let Some(Ok(destination)) = destination.map(|address| IpNetwork::new(address, length)) else {
        return Vec::new();
    };
    route.destination = destination;
    hops.into_iter()
        .map(|(index, gateway)| {
            let route = route.clone();
            (index, Route { gateway, ..route })
        })
        .collect()
}

/// The interface and the gateway of one of several next hops.
fn next_hop(hop: &RouteNextHop) -> (u32, Option<IpAddr>) {
    let gateway = hop.attributes.iter().find_map(|attribute| match attribute {
        RouteAttribute::Gateway(found) => plain(found),
        _ => None,
    });
    (hop.interface_index, gateway)
}

pub(super) fn plain(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(address) => Some(IpAddr::V4(*address)),
        RouteAddress::Inet6(address) => Some(IpAddr::V6(*address)),
        _ => None,
    }
}
