//! Addresses as they are stored, and their neighbours.
//!
//! An address is 17 bytes: the byte 4 or 6, then a number of 16 bytes, big-endian. So the database's order is the
//! order of addresses, IPv4 comes before IPv6, and neighbours in a range are neighbours in the file.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::Error;

/// Most bytes in the name of a space, network or container: that of a file (`NAME_MAX` in linux/limits.h),
/// because the journal's files are named by them.
const NAME_LIMIT: usize = 255;
/// Most bytes in a pool's name, or in the names of several.
pub(crate) const POOL_LIMIT: usize = 4096;

pub(crate) fn to_bytes(address: IpAddr) -> [u8; 17] {
    let mut bytes = [0; 17];
    bytes[0] = if address.is_ipv4() { 4 } else { 6 };
    bytes[1..].copy_from_slice(&number(address).to_be_bytes());
    bytes
}

/// The inverse of [`to_bytes`]; none for bytes that it does not make.
pub(crate) fn from_bytes(bytes: &[u8]) -> Option<IpAddr> {
    let (family, number) = bytes.split_first()?;
    let number = u128::from_be_bytes(number.try_into().ok()?);
    match family {
        4 => Some(Ipv4Addr::from_bits(u32::try_from(number).ok()?).into()),
        6 => Some(Ipv6Addr::from_bits(number).into()),
        _ => None,
    }
}

/// The address before, in the same family.
pub(crate) fn previous(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => Some(Ipv4Addr::from_bits(v4.to_bits().checked_sub(1)?).into()),
        IpAddr::V6(v6) => Some(Ipv6Addr::from_bits(v6.to_bits().checked_sub(1)?).into()),
    }
}

/// The address behind, in the same family.
pub(crate) fn next(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(v4) => Some(Ipv4Addr::from_bits(v4.to_bits().checked_add(1)?).into()),
        IpAddr::V6(v6) => Some(Ipv6Addr::from_bits(v6.to_bits().checked_add(1)?).into()),
    }
}

pub(crate) fn contains((first, last): (IpAddr, IpAddr), address: IpAddr) -> bool {
    // `IpAddr` orders all of IPv4 before all of IPv6, so a range of one family holds none of the other.
    first <= address && address <= last
}

/// How many addresses a range has; saturates for all of IPv6.
pub(crate) fn size((first, last): (IpAddr, IpAddr)) -> u128 {
    (number(last) - number(first)).saturating_add(1)
}

/// Whether a range is one: of one family, the first address not above the last.
pub(crate) fn is_range((first, last): (IpAddr, IpAddr)) -> bool {
    first.is_ipv4() == last.is_ipv4() && first <= last
}

/// Refuses a range that is none.
pub(crate) fn check_range(range: (IpAddr, IpAddr)) -> Result<(), Error> {
    if is_range(range) {
        return Ok(());
    }
    let (first, last) = range;
    Err(Error::Range { first, last })
}

/// Refuses what is no name of a space, network or container.
pub(crate) fn check_name(what: &'static str, value: &str) -> Result<(), Error> {
    check_text(what, value, NAME_LIMIT)
}

/// Refuses a text that is too long, or has a NUL byte, with which C ends a text.
pub(crate) fn check_text(what: &'static str, value: &str, limit: usize) -> Result<(), Error> {
    if value.len() > limit {
        return Err(Error::TooLong {
            what,
            value: value.to_owned(),
            limit,
        });
    }
    if value.contains('\0') {
        return Err(Error::Nul {
            what,
            value: value.to_owned(),
        });
    }
    Ok(())
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}
