//! What a policy can propose. Each failure is what the policy proposed, to follow those words:
//! `17 addresses, where 1 to 16 are possible`.

use alloc::format;
use alloc::string::String;
use core::net::IpAddr;

use crate::{AddressRange, Family};

/// Checks how many addresses an interface is to get; it may get `most`.
pub fn check_claims(claims: usize, most: usize) -> Result<(), String> {
    match claims {
        0 => Err(format!("0 addresses, where 1 to {most} are possible")),
        _ if claims > most => Err(format!(
            "{claims} addresses, where 1 to {most} are possible"
        )),
        _ => Ok(()),
    }
}

/// Checks that an address has somewhere to come from.
pub fn check_candidates(candidates: usize) -> Result<(), String> {
    match candidates {
        0 => Err(String::from("an address without a pool to take it from")),
        _ => Ok(()),
    }
}

/// Checks that a pool gives out addresses at all.
pub fn check_pool(name: &str, is_disabled: bool) -> Result<(), String> {
    match is_disabled {
        false => Ok(()),
        true => Err(format!("pool {name}, which is disabled")),
    }
}

/// Checks the ranges of a candidate, at most `most`, against what the pool gives out.
pub fn check_ranges(
    pool: &str,
    ranges: &[AddressRange],
    usable: &[AddressRange],
    most: usize,
) -> Result<(), String> {
    if ranges.is_empty() {
        return Err(format!(
            "pool {pool} without a range of it, from which no address can come: leave the pool out"
        ));
    }
    if ranges.len() > most {
        return Err(format!(
            "{} ranges of pool {pool}, where {most} are possible",
            ranges.len()
        ));
    }
    for AddressRange { first, last } in ranges {
        if AddressRange::new(*first, *last).is_none() {
            return Err(format!("{first}-{last}, which is no range"));
        }
        if !usable
            .iter()
            .any(|one| one.contains(*first) && one.contains(*last))
        {
            return Err(format!(
                "{first}-{last}, which pool {pool} does not give out"
            ));
        }
    }
    Ok(())
}

/// Checks the gateway that addresses of a family get.
pub fn check_gateway(family: Family, gateway: IpAddr) -> Result<(), String> {
    match Family::of(gateway) == family {
        true => Ok(()),
        false => Err(format!("gateway {gateway} for {family} addresses")),
    }
}

/// Checks the prefix that addresses of a family get.
pub fn check_prefix_length(family: Family, bits: u8) -> Result<(), String> {
    match bits <= family.bits() {
        true => Ok(()),
        false => Err(format!("prefix length {bits} for {family} addresses")),
    }
}
