//! Addresses as numbers, and the keys they are stored under.
//!
//! A key is `space NUL family number`: the family is the byte 4 or 6, the number 16 bytes, big-endian, so
//! that the store's byte order is the order of addresses and neighbours in a range are neighbours in the file.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Error;
use super::tables::Fault;

/// Most bytes in a space's or network's name. LMDB's keys have at most 511 bytes, and the longest key, a
/// memory's (see `memory`), holds a network, a pod's namespace (63) and name (253) and an interface.
pub const NAME_LIMIT: usize = 160;
/// Most bytes in a pool's name, or in the names of several: it stands in a record, not in a key.
pub(super) const POOL_LIMIT: usize = 4096;
/// Family byte and number.
const NUMBER_LENGTH: usize = 17;

/// An address in a space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) space: String,
    pub(super) address: IpAddr,
}

impl Place {
    pub(super) fn new(space: &str, address: IpAddr) -> Self {
        Self {
            space: space.to_owned(),
            address,
        }
    }

    pub(super) fn line(&self) -> Line {
        Line::new(&self.space, self.address)
    }

    pub(super) fn key(&self) -> Vec<u8> {
        self.line().key(number(self.address))
    }

    /// The inverse of [`Place::key`].
    pub(super) fn from_key(key: &[u8]) -> Result<Self, Fault> {
        let wrong = || {
            Fault::Damaged(format!(
                "key {} is no space and address",
                key.escape_ascii()
            ))
        };
        let at = key.len().checked_sub(NUMBER_LENGTH + 1).ok_or_else(wrong)?;
        let (space, number) = (&key[..at], &key[at + 1..]);
        if key[at] != 0 {
            return Err(wrong());
        }
        let space = std::str::from_utf8(space).map_err(|_| wrong())?;
        let address = from_bytes(number).ok_or_else(wrong)?;
        Ok(Self::new(space, address))
    }
}

/// The addresses of one family in one space, as a line of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    prefix: Vec<u8>,
    v4: bool,
}

impl Line {
    /// The line on which `address` lies in `space`.
    pub(super) fn new(space: &str, address: IpAddr) -> Self {
        let mut prefix = space.as_bytes().to_vec();
        prefix.push(0);
        prefix.push(family(address));
        Self {
            prefix,
            v4: address.is_ipv4(),
        }
    }

    pub(super) fn key(&self, number: u128) -> Vec<u8> {
        [&self.prefix[..], &number.to_be_bytes()].concat()
    }

    /// The number in `key`, or `None` where the key belongs to another line.
    pub(super) fn number(&self, key: &[u8]) -> Option<u128> {
        let number = key.strip_prefix(&self.prefix[..])?;
        Some(u128::from_be_bytes(number.try_into().ok()?))
    }

    pub(super) fn address(&self, number: u128) -> IpAddr {
        match u32::try_from(number) {
            Ok(number) if self.v4 => Ipv4Addr::from_bits(number).into(),
            _ => Ipv6Addr::from_bits(number).into(),
        }
    }
}

pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Family byte and number, as in a key.
pub(super) fn to_bytes(address: IpAddr) -> [u8; NUMBER_LENGTH] {
    let mut bytes = [0; NUMBER_LENGTH];
    bytes[0] = family(address);
    bytes[1..].copy_from_slice(&number(address).to_be_bytes());
    bytes
}

/// The inverse of [`to_bytes`].
pub(super) fn from_bytes(bytes: &[u8]) -> Option<IpAddr> {
    let (family, number) = bytes.split_first()?;
    let number = u128::from_be_bytes(number.try_into().ok()?);
    match family {
        4 => Some(Ipv4Addr::from_bits(u32::try_from(number).ok()?).into()),
        6 => Some(Ipv6Addr::from_bits(number).into()),
        _ => None,
    }
}

/// Refuses a range that is none.
pub(super) fn check_range((first, last): (IpAddr, IpAddr)) -> Result<(), Error> {
    if first.is_ipv4() == last.is_ipv4() && first <= last {
        return Ok(());
    }
    Err(Error::Range { first, last })
}

/// Refuses a name that no key can hold.
pub(super) fn check_name(what: &'static str, value: &str, limit: usize) -> Result<(), Error> {
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

pub(super) fn contains((first, last): (IpAddr, IpAddr), address: IpAddr) -> bool {
    // `IpAddr` orders all of IPv4 before all of IPv6, so a range of one family holds none of the other.
    first <= address && address <= last
}

/// How many addresses a range has; saturates for all of IPv6.
pub(super) fn size((first, last): (IpAddr, IpAddr)) -> u128 {
    (number(last) - number(first)).saturating_add(1)
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { 4 } else { 6 }
}
