//! Links of a private namespace in the place of those of a described node: ends of virtual cables (veth(4)), whose other
//! ends lie in a namespace for themselves, where nobody answers.

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;

use ipnetwork::Ipv4Network;
use plumb::facts::{Facts, LinkFacts, Place};
use plumb::kernel::link::ETHERNET;
use plumb::kernel::route::Route;
use plumb::kernel::veth::End;
use plumb::kernel::{Netns, RouteSocket};
use plumb_values::octets;

/// Makes the links of a place in a namespace.
///
/// # Errors
///
/// Which link has no stand-in, and why.
pub fn make(
    facts: &dyn Facts,
    place: Place,
    socket: &RouteSocket,
    wire: &Netns,
) -> Result<(), String> {
    let links = facts.links(place).map_err(|error| error.to_string())?;
    for link in &links {
        if link.hardware_type != ETHERNET {
            return Err(format!(
                "{} of the node is no Ethernet link, and a kernel makes none of another kind without an adapter",
                link.name
            ));
        }
        let index = cable(link, place, socket, wire)
            .map_err(|error| format!("no cable can stand in for {}: {error}", link.name))?;
        give(facts, place, link, index, socket).map_err(|error| {
            format!(
                "the stand-in of {} cannot have what the node's has: {error}",
                link.name
            )
        })?;
    }
    Ok(())
}

/// Makes a cable with one end in the namespace of the socket, under the link's name; its index.
fn cable(
    link: &LinkFacts,
    place: Place,
    socket: &RouteSocket,
    wire: &Netns,
) -> Result<u32, String> {
    let other_end = match place {
        Place::Host => format!("host-{}", link.index),
        Place::Pod => format!("pod-{}", link.index),
    };
    let mac = octets::parse(&link.mac).filter(|mac| mac.len() == 6);
    let mac = mac.ok_or_else(|| format!("{:?} is no hardware address", link.mac))?;
    // That of a cable's other end is none of the node's.
    let there = [0x06, mac[1], mac[2], mac[3], mac[4], mac[5]];
    let into = File::open(wire.path()).map_err(|error| error.to_string())?;
    let made = || {
        socket.create_veth(
            End {
                name: &link.name,
                mac: &mac,
            },
            End {
                name: &other_end,
                mac: &there,
            },
            link.mtu,
            into.as_fd(),
        )?;
        let own = socket.require_link(&link.name, "the private node")?;
        let other = wire
            .socket()?
            .require_link(&other_end, "the private wire")?;
        wire.socket()?.set_link_up(other.index, link.carrier)?;
        if link.up {
            socket.set_link_up(own.index, true)?;
        }
        for name in &link.alternative_names {
            socket.add_alternative_name(own.index, name)?;
        }
        Ok(own.index)
    };
    made().map_err(|error: plumb::kernel::Error| error.to_string())
}

/// Gives a link its addresses and routes, those on the link first: by them the gateways are reached.
fn give(
    facts: &dyn Facts,
    place: Place,
    link: &LinkFacts,
    index: u32,
    socket: &RouteSocket,
) -> plumb::Result<()> {
    for address in facts.addresses(place, link)? {
        socket.add_address(index, address)?;
    }
    let mut routes = facts.routes(place, link)?;
    routes.sort_by_key(|route| route.gateway.is_some());
    for route in routes {
        // The kernel has made those of the addresses already.
        socket.add_route(index, &route)?;
    }
    // A described node may say whose the default route is, and nothing more of it.
    if facts
        .default_route_link(place)?
        .is_some_and(|default| default.name == link.name)
        && link.up
    {
        let has_one = socket.routes()?.iter().any(|(_, route)| route.is_default());
        if let Some(everything) = Ipv4Network::new_checked(Ipv4Addr::UNSPECIFIED, 0)
            && !has_one
        {
            socket.add_route(index, &Route::new(everything.into(), None))?;
        }
    }
    Ok(())
}
