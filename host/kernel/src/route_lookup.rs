//! Which way a packet would take (`RTM_GETROUTE` with a destination, rtnetlink(7)).

use std::net::IpAddr;

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::route::{RouteAttribute, RouteFlags, RouteMessage, RouteType, RouteVia};

use super::address::family;
use super::route::{LOCAL_TABLE, MAIN_TABLE, address, plain};
use super::route_answer::RouteAnswer;
use super::{Error, Result, RouteSocket};

/// The way that the kernel takes to a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Index of the interface that a packet leaves by.
    pub index: u32,
    /// Next hop; none: the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// The table that has the route.
    pub table: u32,
    /// The address that the kernel gives a packet which has no source yet.
    pub source: Option<IpAddr>,
    /// Whether the destination is an address of the socket's own namespace.
    pub is_local: bool,
}

impl RouteSocket {
    /// Asks which way a packet takes from a source, or without one, to a destination of its family. No packet is sent.
    ///
    /// # Errors
    ///
    /// [`Error::Netlink`] with what the kernel would say to the sender: ENETUNREACH without a route, and in IPv4 for a source
    /// that the namespace does not have; EHOSTUNREACH and EACCES where a route or a rule refuses, EINVAL for a blackhole.
    pub fn look_up(&self, destination: IpAddr, source: Option<IpAddr>) -> Result<Way> {
        let what = || match source {
            Some(source) => format!("look up the way from {source} to {destination}"),
            None => format!("look up the way to {destination}"),
        };
        let bits = |address: IpAddr| if address.is_ipv4() { 32 } else { 128 };
        let mut message = RouteMessage::default();
        message.header.address_family = family(destination);
        message.header.destination_prefix_length = bits(destination);
        let attributes = &mut message.attributes;
        attributes.push(RouteAttribute::Destination(address(destination)));
        if let Some(source) = source {
            message.header.source_prefix_length = bits(source);
            attributes.push(RouteAttribute::Source(address(source)));
        }
        if destination.is_ipv4() {
            // Else the kernel says the main table, whichever had the route. IPv6 says the right one, and refuses the flag
            // (`inet6_rtm_valid_getroute_req`, net/ipv6/route.c).
            message.header.flags = RouteFlags::LookupTable;
        }
        let answers = self.get(what, RouteNetlinkMessage::GetRoute(message))?;
        let way = answers.iter().find_map(|answer| match answer {
            RouteAnswer::Route(message) => decode(message),
            _ => None,
        });
        way.ok_or_else(|| Error::Decode {
            what: what(),
            reason: "it names no interface".into(),
        })
    }
}

fn decode(message: &RouteMessage) -> Option<Way> {
    let mut way = Way {
        index: 0,
        gateway: None,
        table: u32::from(message.header.table),
        source: None,
        is_local: message.header.kind == RouteType::Local,
    };
    let mut index = None;
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Oif(found) => index = Some(*found),
            RouteAttribute::Gateway(found) => way.gateway = plain(found),
            // An IPv4 route by a next hop of IPv6 (RFC 5549).
            RouteAttribute::Via(RouteVia::Inet6(found)) => way.gateway = Some((*found).into()),
            RouteAttribute::Table(found) => way.table = *found,
            RouteAttribute::PrefSource(found) => way.source = plain(found),
            _ => {}
        }
    }
    // IPv4 keeps the addresses' own table in the main one until a namespace has a rule of its own (`fib_unmerge`,
    // net/ipv4/fib_frontend.c).
    let is_of_address = matches!(message.header.kind, RouteType::Local | RouteType::Broadcast);
    if is_of_address && way.table == MAIN_TABLE {
        way.table = LOCAL_TABLE;
    }
    way.index = index?;
    Some(way)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_itself_is_local() {
        let socket = RouteSocket::open().expect("a socket");
        let own = IpAddr::from([127, 0, 0, 1]);
        let way = socket.look_up(own, None).expect("a way");
        assert!(way.is_local);
        assert_eq!((way.table, way.gateway), (LOCAL_TABLE, None));
        assert_eq!(way.source, Some(own));
    }

    #[test]
    fn a_source_that_nobody_has_is_refused() {
        let socket = RouteSocket::open().expect("a socket");
        let refused = socket.look_up([127, 0, 0, 1].into(), Some([192, 0, 2, 77].into()));
        let error = refused.expect_err("documentation addresses are nobody's");
        assert_eq!(
            error.errno(),
            Some(nix::errno::Errno::ENETUNREACH),
            "{error}"
        );
    }
}
