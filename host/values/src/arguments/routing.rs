//! What routes and rules can be.

use alloc::format;
use alloc::string::String;
use core::net::IpAddr;

use crate::{Family, IpNetwork};

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
