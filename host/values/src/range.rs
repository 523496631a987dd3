//! Ranges of addresses and their arithmetic: merge, intersect, subtract, count.
//!
//! All of it works on the ends of the ranges, so a /10 or an IPv6 /64 costs what a /30 costs.
//! `IpAddr` orders IPv4 before IPv6 and numerically within a family, and no range spans both,
//! so a list may hold both.

use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Family, IpNetwork, ParseError};

/// Consecutive addresses of one family, both ends included. Printed as `first-last`,
/// or as the address when there is only one.
///
/// The order is that of the first addresses, IPv4 before IPv6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AddressRange {
    /// Lowest address.
    pub first: IpAddr,
    /// Highest address, of the same family and not below `first`.
    pub last: IpAddr,
}

impl AddressRange {
    /// The range between two addresses; none when they are of two families or `last` is below
    /// `first`.
    pub fn new(first: IpAddr, last: IpAddr) -> Option<Self> {
        (Family::of(first) == Family::of(last) && first <= last).then_some(Self { first, last })
    }

    /// One address.
    pub const fn single(address: IpAddr) -> Self {
        Self {
            first: address,
            last: address,
        }
    }

    /// All addresses of the network that `address` is in, its first and last included. A
    /// `prefix` that is longer than the family's addresses counts as that long.
    pub fn network(address: IpAddr, prefix: u8) -> Self {
        let family = Family::of(address);
        let bits = u32::from(family.bits());
        let number = to_number(address);
        // A shift by all bits would overflow: that is the network of everything.
        let hosts = match bits.saturating_sub(u32::from(prefix)) {
            0 => 0,
            host_bits => u128::MAX >> (128 - host_bits),
        };
        Self {
            first: from_number(number & !hosts, family),
            last: from_number(number | hosts, family),
        }
    }

    /// The family of its addresses.
    pub const fn family(&self) -> Family {
        Family::of(self.first)
    }

    /// Whether `address` lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first <= address && address <= self.last
    }

    /// How many addresses it has; one too few for all of IPv6.
    pub fn size(&self) -> u128 {
        (to_number(self.last) - to_number(self.first)).saturating_add(1)
    }

    /// The address that is this many behind the first one; none behind the last.
    pub fn nth(&self, offset: u128) -> Option<IpAddr> {
        let number = to_number(self.first).checked_add(offset)?;
        (number <= to_number(self.last)).then(|| from_number(number, self.family()))
    }

    /// The addresses that both ranges have.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let first = self.first.max(other.first);
        let last = self.last.min(other.last);
        (first <= last).then_some(Self { first, last })
    }

    /// For the range of a whole network: the addresses that no interface may have. These are
    /// the network and broadcast address of IPv4, and the subnet-router anycast address of
    /// IPv6 (RFC 4291, section 2.6.1). Networks of two addresses or one have none (RFC 3021,
    /// RFC 6164).
    pub fn reserved(&self) -> Vec<Self> {
        let mut reserved = Vec::new();
        if self.size() > 2 {
            reserved.push(Self::single(self.first));
            if self.family() == Family::Ipv4 {
                reserved.push(Self::single(self.last));
            }
        }
        reserved
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(formatter, "{}", self.first)
        } else {
            write!(formatter, "{}-{}", self.first, self.last)
        }
    }
}

impl FromStr for AddressRange {
    type Err = ParseError;

    /// Reads `10.0.0.5-10.0.0.9`, one address, or a network in CIDR notation, which stands for all its
    /// addresses.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text).ok_or(ParseError {
            expected: "a range of addresses, as in 10.0.0.5-10.0.0.9, an address or a network",
        })
    }
}

fn parse(text: &str) -> Option<AddressRange> {
    if text.contains('/') {
        let network: IpNetwork = text.parse().ok()?;
        return Some(network.range());
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    AddressRange::new(first.trim().parse().ok()?, last.trim().parse().ok()?)
}

/// What can be given out of a subnet, ascending: `given` without `excluded`, the gateway, and what no interface may
/// have ([`AddressRange::reserved`]).
pub fn usable(
    subnet: AddressRange,
    given: &[AddressRange],
    excluded: &[AddressRange],
    gateway: Option<IpAddr>,
) -> Vec<AddressRange> {
    let mut holes = excluded.to_vec();
    holes.extend(gateway.map(AddressRange::single));
    holes.extend(subnet.reserved());
    subtract(&merge(given.to_vec()), &merge(holes))
}

/// How many addresses ranges have together; they are merged.
pub fn count(ranges: &[AddressRange]) -> u128 {
    let sizes = ranges.iter().map(AddressRange::size);
    sizes.fold(0, u128::saturating_add)
}

/// Sorts ranges and joins those that touch or overlap.
pub fn merge(mut ranges: Vec<AddressRange>) -> Vec<AddressRange> {
    ranges.sort_unstable();
    let mut merged: Vec<AddressRange> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.first <= last.last || next(last.last) == Some(range.first) => {
                last.last = last.last.max(range.last);
            }
            _ => merged.push(range),
        }
    }
    merged
}

/// What is left of `ranges` without `holes`. Both must be merged.
pub fn subtract(ranges: &[AddressRange], holes: &[AddressRange]) -> Vec<AddressRange> {
    let mut left = Vec::with_capacity(ranges.len());
    for range in ranges {
        let from = holes.partition_point(|hole| hole.last < range.first);
        // The lowest address not yet dealt with; none behind the family's highest address.
        let mut rest = Some(range.first);
        for hole in &holes[from..] {
            if hole.first > range.last {
                break;
            }
            if let (Some(first), Some(last)) = (rest, previous(hole.first))
                && first <= last
            {
                left.push(AddressRange { first, last });
            }
            rest = next(hole.last);
        }
        if let Some(first) = rest
            && first <= range.last
        {
            left.push(AddressRange {
                first,
                last: range.last,
            });
        }
    }
    left
}

/// The address behind this one; none behind its family's highest.
pub fn next(address: IpAddr) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits().checked_add(1)?).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits().checked_add(1)?).into(),
    })
}

/// The address before this one; none before its family's lowest.
pub fn previous(address: IpAddr) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits().checked_sub(1)?).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits().checked_sub(1)?).into(),
    })
}

fn to_number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn from_number(number: u128, family: Family) -> IpAddr {
    match family {
        // The upper bits are 0, or those of a prefix that IPv4 does not have.
        Family::Ipv4 => Ipv4Addr::from_bits(number as u32).into(),
        Family::Ipv6 => Ipv6Addr::from_bits(number).into(),
    }
}

#[cfg(test)]
mod tests;
