//! What routes and rules can be.

use alloc::format;
use alloc::string::String;
use core::net::IpAddr;

use crate::names::check_link_name;
use crate::{Family, IpNetwork, NextHop, PortRange, RuleSelectors};

/// The highest port that a rule can select by: the kernel takes 65535 for an error (`fib_rule_port_range_valid`,
/// net/fib_rules.h).
const LAST_PORT: u16 = 65_534;

/// Next hops that one route can have: more than a rail has switches, and few enough for one message to the kernel.
pub const NEXT_HOPS: usize = 32;

/// The heaviest next hop: one more than what `rtnh_hops` can say (linux/rtnetlink.h).
const HEAVIEST: u16 = 256;

/// Checks the length of a prefix.
pub fn check_network(network: &IpNetwork) -> Result<(), String> {
    match network.prefix_length <= network.family().bits() {
        true => Ok(()),
        false => Err(format!("{network} has a prefix longer than the address")),
    }
}

/// Checks a routing table. 0 is none (`RT_TABLE_UNSPEC`, linux/rtnetlink.h): the kernel puts a
/// route into the main one and makes a new, empty one for a rule, under another number.
pub fn check_table(table: u32) -> Result<(), String> {
    match table {
        0 => Err(String::from(
            "table 0 is no routing table: 254 is the main one, 1 to 252 and 256 to 4294967295 are \
             free to use",
        )),
        _ => Ok(()),
    }
}

/// Checks that the next hop and the source of a route are of its destination's family.
pub fn check_route(
    destination: &IpNetwork,
    gateway: Option<IpAddr>,
    source: Option<IpAddr>,
) -> Result<(), String> {
    check_network(destination)?;
    let mut others = gateway.into_iter().chain(source);
    match others.any(|other| Family::of(other) != destination.family()) {
        false => Ok(()),
        true => Err(format!("a route to {destination} mixes IPv4 and IPv6")),
    }
}

/// Checks by which next hops a route to a family leads: one, or several that share its packets. `is_on_link`: they are
/// taken to be on the link though no route says so.
pub fn check_next_hops(
    family: Family,
    gateway: Option<IpAddr>,
    next_hops: &[NextHop],
    is_on_link: bool,
) -> Result<(), String> {
    if let (Some(gateway), [first, ..]) = (gateway, next_hops) {
        return Err(format!(
            "a route has one gateway, as {gateway}, or several next hops, as {}, and not both",
            first.gateway
        ));
    }
    if is_on_link && gateway.is_none() && next_hops.is_empty() {
        return Err(String::from(
            "a route without a gateway is on the link already: \"onlink\" is for its gateway",
        ));
    }
    if next_hops.len() > NEXT_HOPS {
        return Err(format!(
            "a route with more than {NEXT_HOPS} next hops: fewer, or several routes"
        ));
    }
    for (number, hop) in next_hops.iter().enumerate() {
        if Family::of(hop.gateway) != family {
            return Err(format!(
                "next hop {} of an {family} route mixes IPv4 and IPv6",
                hop.gateway
            ));
        }
        if !(1..=HEAVIEST).contains(&hop.weight) {
            return Err(format!(
                "weight {} of next hop {} is out of range: 1 to {HEAVIEST}",
                hop.weight, hop.gateway
            ));
        }
        if next_hops[..number]
            .iter()
            .any(|other| other.gateway == hop.gateway)
        {
            return Err(format!(
                "next hop {} is there twice: give it more weight",
                hop.gateway
            ));
        }
    }
    Ok(())
}

/// Checks a route to the networks of addresses to come, such as `the configured addresses`. It is
/// on the link, and what is known of it before cannot be of their family for sure.
pub fn check_route_to_networks(
    addresses: &str,
    gateway: Option<IpAddr>,
    source: Option<IpAddr>,
) -> Result<(), String> {
    match (gateway, source) {
        (Some(gateway), _) => Err(format!(
            "a route to the networks of {addresses} is on the link: it has no gateway {gateway}"
        )),
        (None, Some(source)) => Err(format!(
            "a route to the networks of {addresses} can have these addresses as its source, not \
             {source}"
        )),
        (None, None) => Ok(()),
    }
}

/// Checks that the networks that a rule selects by are of one family, which is `family` where
/// that is known.
pub fn check_rule(
    family: Option<Family>,
    source: Option<&IpNetwork>,
    destination: Option<&IpNetwork>,
) -> Result<(), String> {
    for network in [source, destination].into_iter().flatten() {
        check_network(network)?;
    }
    if let (Some(source), Some(destination)) = (source, destination)
        && source.family() != destination.family()
    {
        return Err(format!(
            "a rule from {source} to {destination} mixes IPv4 and IPv6"
        ));
    }
    for (word, network) in [("from", source), ("to", destination)] {
        if let (Some(family), Some(network)) = (family, network)
            && network.family() != family
        {
            return Err(format!(
                "a rule for {family} {word} {network} mixes IPv4 and IPv6"
            ));
        }
    }
    Ok(())
}

/// Checks what a rule of a family selects by beside networks.
pub fn check_rule_selectors(family: Family, selectors: &RuleSelectors) -> Result<(), String> {
    let interfaces = [&selectors.input_interface, &selectors.output_interface];
    for name in interfaces.into_iter().flatten() {
        check_link_name(name)?;
    }
    check_mark(selectors.mark, selectors.mask)?;
    if selectors.ip_protocol == Some(0) {
        return Err(String::from(
            "ip protocol 0 is none to the kernel: leave it out, or use 6 for TCP, 17 for UDP",
        ));
    }
    for ports in [selectors.source_ports, selectors.destination_ports] {
        ports.map_or(Ok(()), check_ports)?;
    }
    match selectors.suppress_prefix_length {
        Some(length) if length > u32::from(family.bits()) => Err(format!(
            "suppress-prefixlength {length} is longer than the prefix of an {family} route: 0 to {}",
            family.bits()
        )),
        _ => Ok(()),
    }
}

fn check_mark(mark: Option<u32>, mask: Option<u32>) -> Result<(), String> {
    match (mark, mask) {
        (_, Some(0)) => Err(String::from(
            "fwmark with mask 0 compares no bit and selects all packets: leave the mark out",
        )),
        (Some(mark), Some(mask)) if mark & !mask != 0 => Err(format!(
            "fwmark {mark:#x} has bits that its mask {mask:#x} leaves out: {:#x} is meant, or a wider mask",
            mark & mask
        )),
        _ => Ok(()),
    }
}

fn check_ports(ports: PortRange) -> Result<(), String> {
    match 1 <= ports.first && ports.first <= ports.last && ports.last <= LAST_PORT {
        true => Ok(()),
        false => Err(format!(
            "ports {} to {} are no range of a rule: 1 to {LAST_PORT}, the lower one first",
            ports.first, ports.last
        )),
    }
}

/// Checks that addresses to come, such as `the configured addresses`, are assigned or reserved
/// once.
pub fn check_untaken(addresses: &str, is_taken: bool) -> Result<(), String> {
    match is_taken {
        false => Ok(()),
        true => Err(format!(
            "{addresses} are assigned or reserved already: a plan takes them once"
        )),
    }
}

/// Checks that addresses to come are there when a step that refers to them is performed; `by`
/// names the operations that would have given them.
pub fn check_assigned(operation: &str, is_assigned: bool, by: &str) -> Result<(), String> {
    match is_assigned {
        true => Ok(()),
        false => Err(format!(
            "{operation} refers to addresses that are not there yet: {by} must come before it"
        )),
    }
}
