//! What the kernel has in the pod's namespace, read once. Root in the pod decides what is there: how much, and with what
//! names. What cannot be read is told, and the rest is shown all the same.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb::facts::LOOPBACK;
use plumb::kernel::link::Link;
use plumb::kernel::route::{LOCAL_TABLE, Route};
use plumb::kernel::rule::ListedRule;
use plumb::kernel::{Netns, Result, RouteSocket};

use super::model::Gateway;
use crate::Failure;

/// How many interfaces, and how many addresses, routes or rules of one, are shown beside those of the record.
pub const SHOWN: usize = 64;

/// What is said of a gateway of which the kernel knows nothing. It forgets: after a while, and what did not answer the check
/// of an ADD is forgotten at once.
const NEVER_ASKED: &str = "not asked lately";

/// The kinds of links that a kernel module puts into every namespace, and that nobody uses while they are down.
const FALLBACKS: [&str; 8] = [
    "ipip", "sit", "ip6tnl", "gre", "gretap", "ip6gre", "erspan", "vti",
];

/// A pod's namespace as the kernel shows it.
pub struct Namespace<'a> {
    /// The namespace.
    pub netns: &'a Netns,
    /// Without the loopback and what modules put there.
    pub links: Vec<Link>,
    /// Whether `links` is all.
    pub knows_all_links: bool,
    addresses: Vec<(u32, IpNetwork)>,
    routes: Vec<(u32, Route)>,
    /// In the kernel's order.
    pub rules: Vec<ListedRule>,
}

impl<'a> Namespace<'a> {
    /// Reads it. `named` are the interfaces that the record speaks of, which are looked for one by one where a list of all
    /// cannot be had.
    pub fn read(
        netns: &'a Netns,
        named: &[&str],
        problems: &mut Vec<String>,
    ) -> std::result::Result<Self, Failure> {
        let socket = netns.socket()?;
        let listed = socket.links();
        let knows_all_links = listed.is_ok();
        let mut links = match listed {
            Ok(links) => links,
            Err(error) => {
                problems.push(format!(
                    "not all interfaces of the pod can be shown: {error}"
                ));
                let looked_for = named.iter().map(|name| socket.link_by_name(name));
                looked_for.flat_map(|link| noted(problems, link)).collect()
            }
        };
        let is_fallback = |link: &Link| {
            let kind = link.kind.as_deref();
            !link.up && kind.is_some_and(|kind| FALLBACKS.contains(&kind))
        };
        links.retain(|link| {
            let is_named = named.contains(&link.name.as_str());
            is_named || (link.hardware_type != LOOPBACK && !is_fallback(link))
        });
        let mut routes = noted(problems, socket.routes());
        routes.retain(|(_, route)| route.table != Some(LOCAL_TABLE));
        Ok(Self {
            netns,
            links,
            knows_all_links,
            addresses: noted(problems, socket.all_addresses()),
            routes,
            rules: noted(problems, socket.rules()),
        })
    }

    /// The addresses of an interface.
    pub fn addresses(&self, index: u32) -> Vec<IpNetwork> {
        of(&self.addresses, index)
    }

    /// The routes by an interface.
    pub fn routes(&self, index: u32) -> Vec<Route> {
        of(&self.routes, index)
    }

    /// What its kernel knows of a gateway. Nothing is sent.
    pub fn gateway(&self, index: u32, address: IpAddr, problems: &mut Vec<String>) -> Gateway {
        let entry = |socket: &RouteSocket| socket.neighbour_entry(index, address);
        let entry = self.netns.socket().and_then(entry);
        let (state, mac) = match entry {
            Ok(Some(entry)) => {
                let mac = (!entry.mac.is_empty()).then(|| entry.mac.to_string());
                (Some(entry.word().to_owned()), mac)
            }
            Ok(None) => (Some(NEVER_ASKED.to_owned()), None),
            Err(error) => {
                problems.push(error.to_string());
                (None, None)
            }
        };
        Gateway {
            address,
            state,
            mac,
        }
    }
}

fn of<T: Clone>(list: &[(u32, T)], index: u32) -> Vec<T> {
    let own = list.iter().filter(|(of, _)| *of == index);
    own.map(|(_, item)| item.clone()).collect()
}

/// What was read, or nothing with a word about it.
pub fn noted<T: Default>(problems: &mut Vec<String>, read: Result<T>) -> T {
    read.unwrap_or_else(|error| {
        problems.push(error.to_string());
        T::default()
    })
}
