//! Which tables a pod's rail and its primary interface get: decided when the plan is made, from what the pod has then.
//! Nothing is counted that may be up or down, and nothing is waited for that may still come.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnetwork::IpNetwork;

use super::{FIRST_TABLE, PRIMARY_RULE_PRIORITY, PRIMARY_TABLE, RULE_PRIORITY, Rail};
use crate::cni::rails::Rails;
use crate::facts::{PodInterface, PodRouting};
use crate::kernel::route::Route;
use crate::kernel::rule::Rule;
use crate::operations::RoutePrimary;
use crate::{Error, Result};

/// The interface that is the primary one where none has a default route.
const USUAL_PRIMARY: &str = "eth0";

/// What is decided for the interfaces of one attachment.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    rail: Rail,
    /// Tables that somebody in the pod uses.
    used: BTreeSet<u32>,
    /// The pod's primary interface, where it has one beside this attachment's.
    pub primary: Option<RoutePrimary>,
}

impl Layout {
    /// Decides for an interface that is to be called `interface`.
    ///
    /// # Errors
    ///
    /// [`crate::Code::INVALID_CONFIGURATION`] when the table that the network states is used by another interface.
    pub fn of(rails: &Rails, interface: &str, routing: PodRouting) -> Result<Self> {
        let PodRouting {
            mut interfaces,
            rules,
        } = routing;
        interfaces.retain(|one| one.name != interface);
        let present = interfaces;
        let tables = rules.iter().map(|rule| rule.table);
        let routes = present.iter().flat_map(|one| &one.routes);
        let used: BTreeSet<u32> = tables
            .chain(routes.filter_map(|route| route.table))
            .collect();
        let table = match rails.table {
            Some(table) if used.contains(&table) => {
                return Err(taken(table, interface, &present, &rules));
            }
            Some(table) => table,
            None => table_of(interface, &used),
        };
        let mut used = used;
        used.insert(table);
        let primary = primary(rails, &present, &rules, &used);
        Ok(Self {
            rail: Rail {
                table,
                disposition: rails.disposition,
                rdma_routes: rails.rdma_routes.clone(),
                reverse_path_filter: rails.reverse_path_filter,
            },
            used,
            primary,
        })
    }

    /// How the next interface of the attachment is kept apart.
    pub fn take_rail(&mut self) -> Rail {
        let rail = self.rail.clone();
        self.rail.table = free(rail.table, &self.used);
        self.used.insert(self.rail.table);
        rail
    }
}

/// `net1` has the first table, `net2` the second; where the name says nothing or somebody has that table, the next free.
fn table_of(interface: &str, used: &BTreeSet<u32>) -> u32 {
    let digits = interface
        .trim_end_matches(|letter: char| letter.is_ascii_digit())
        .len();
    let number = interface[digits..].parse::<u16>().unwrap_or(1).max(1);
    free(FIRST_TABLE + u32::from(number) - 1, used)
}

/// The first table from this one on that nobody uses, and that is none of the kernel's.
fn free(from: u32, used: &BTreeSet<u32>) -> u32 {
    let is_free = |table: &u32| !used.contains(table) && !(253..=255).contains(table);
    (from..).find(is_free).unwrap_or(from)
}

fn taken(table: u32, interface: &str, present: &[PodInterface], rules: &[Rule]) -> Error {
    let leads_there =
        |rule: &Rule, one: &PodInterface| rule.table == table && is_from(rule, &one.addresses);
    let has_it = |one: &&PodInterface| {
        one.routes.iter().any(|route| route.table == Some(table))
            || rules.iter().any(|rule| leads_there(rule, one))
    };
    let user = match present.iter().find(has_it) {
        Some(one) => format!("interface {}", one.name),
        None => "a rule of the pod".to_owned(),
    };
    Error::configuration(format!(
        "\"table\" {table} of \"rails\" cannot be that of {interface}: {user} has it; leave the key out, and each rail gets \
         one of its own"
    ))
}

fn is_from(rule: &Rule, addresses: &[IpNetwork]) -> bool {
    let is_host =
        |network: &IpNetwork| network.prefix() == if network.is_ipv4() { 32 } else { 128 };
    rule.source
        .filter(is_host)
        .is_some_and(|source| addresses.iter().any(|address| address.ip() == source.ip()))
}

/// The pod's primary interface with its table. Once it has one it stays the primary, whatever has the default route by
/// then: Multus moves that to the interface that an annotation names.
fn primary(
    rails: &Rails,
    present: &[PodInterface],
    rules: &[Rule],
    used: &BTreeSet<u32>,
) -> Option<RoutePrimary> {
    let rule_of = |one: &PodInterface, priority| {
        rules
            .iter()
            .find(|rule| rule.priority == Some(priority) && is_from(rule, &one.addresses))
    };
    let is_primary = |one: &&PodInterface| rule_of(one, PRIMARY_RULE_PRIORITY).is_some();
    let is_rail = |one: &&PodInterface| rule_of(one, RULE_PRIORITY).is_some();
    let by_name = |name: &str| present.iter().find(|one| one.name == name);
    let found = match &rails.primary {
        // One that is still to come is no rail's business.
        Some(name) => by_name(name),
        None => present.iter().find(is_primary).or_else(|| {
            by_default(present)
                .or_else(|| by_name(USUAL_PRIMARY))
                .filter(|one| !is_rail(one))
        }),
    }?;
    let earlier = rule_of(found, PRIMARY_RULE_PRIORITY);
    let table = earlier.map_or_else(|| free_downward(used), |rule| rule.table);
    let rules: Vec<Rule> = lasting(&found.addresses)
        .map(|address| Rule::from_address(address, table, PRIMARY_RULE_PRIORITY))
        .collect();
    (!rules.is_empty()).then(|| RoutePrimary {
        interface: found.name.clone(),
        table,
        routes: copies(&found.routes, table),
        rules,
    })
}

/// The routes of the main table by an interface, as they are in another one: those first by which the next hops of the
/// others are on the link.
pub fn copies(routes: &[Route], table: u32) -> Vec<Route> {
    let own = routes.iter().filter(|route| !route.has_own_table());
    let own = own.filter(|route| !is_link_local(route.destination.ip()));
    let (by_gateway, mut routes): (Vec<Route>, Vec<Route>) = own
        .map(|route| route.clone().in_table(table))
        .partition(|route| route.gateway.is_some());
    routes.extend(by_gateway);
    routes
}

/// The interface of the default route in the main table: of the IPv4 one, else of the IPv6 one. Of several that are as good
/// the kernel takes the newest, which the last network of the pod brought; the cluster's own is meant.
fn by_default(present: &[PodInterface]) -> Option<&PodInterface> {
    let defaults = present.iter().flat_map(|one| {
        let of_main = |route: &&Route| route.is_default() && !route.has_own_table();
        one.routes
            .iter()
            .filter(of_main)
            .map(move |route| (one, route))
    });
    let preferred = defaults.min_by_key(|(one, route)| {
        let metric = route.priority.unwrap_or(0);
        (
            !route.destination.is_ipv4(),
            metric,
            one.name != USUAL_PRIMARY,
        )
    });
    preferred.map(|(one, _)| one)
}

fn free_downward(used: &BTreeSet<u32>) -> u32 {
    let mut below = (1..=PRIMARY_TABLE).rev();
    below
        .find(|table| !used.contains(table))
        .unwrap_or(PRIMARY_TABLE)
}

/// Addresses that a peer elsewhere can know: no link-local ones.
pub fn lasting(addresses: &[IpNetwork]) -> impl Iterator<Item = IpAddr> {
    addresses
        .iter()
        .map(IpNetwork::ip)
        .filter(|address| !is_link_local(*address))
}

/// `fe80::/10` (RFC 4291): valid on one link, and each interface has them. Those of IPv4 are not meant: a cluster's
/// network may well have its gateway there.
fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

#[cfg(test)]
mod tests;
