//! Which addresses of a pool can be given out.

use std::net::IpAddr;

use plumb_sdk::IpAddress;
use plumb_sdk::pools::{AddressRange, Family, Pool};

/// Both ends, included, as numbers; within one pool the family is known.
pub(crate) type Span = (u128, u128);

/// The pool's ranges without what is excluded, the gateway, and the addresses that no
/// interface may have. Ascending, and without overlaps.
pub(crate) fn usable(pool: &Pool) -> Vec<Span> {
    let mut spans: Vec<Span> = if pool.ranges.is_empty() {
        vec![subnet(pool)]
    } else {
        pool.ranges.iter().map(span).collect()
    };
    spans.sort_unstable();
    let mut taken: Vec<Span> = pool.excluded.iter().map(span).collect();
    taken.extend(
        pool.gateway
            .map(|gateway| (number(gateway), number(gateway))),
    );
    taken.extend(reserved(pool));
    taken.sort_unstable();
    subtract(&spans, &taken)
}

/// Whether an address of the pool's family lies in one of the spans.
pub(crate) fn contain(spans: &[Span], address: IpAddress) -> bool {
    let address = number(address);
    spans
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&address))
}

/// Spans as ranges of addresses of a family.
pub(crate) fn to_ranges(spans: &[Span], family: Family) -> Vec<AddressRange> {
    spans
        .iter()
        .map(|(first, last)| AddressRange {
            first: address(*first, family),
            last: address(*last, family),
        })
        .collect()
}

/// Spans as text, the first few of them.
pub(crate) fn in_words(spans: &[Span], family: Family) -> String {
    const SHOWN: usize = 4;
    let mut words: Vec<String> = spans
        .iter()
        .take(SHOWN)
        .map(|(first, last)| match first == last {
            true => address(*first, family).to_string(),
            false => format!("{}-{}", address(*first, family), address(*last, family)),
        })
        .collect();
    if spans.len() > SHOWN {
        words.push(format!("and {} more ranges", spans.len() - SHOWN));
    }
    words.join(", ")
}

/// The family of an address.
pub(crate) fn family(address: IpAddress) -> Family {
    match address {
        IpAddress::Ipv4(_) => Family::Ipv4,
        IpAddress::Ipv6(_) => Family::Ipv6,
    }
}

/// The network and broadcast address of an IPv4 subnet, unless it is a link of two or
/// one addresses (RFC 3021); the subnet-router anycast address of an IPv6 subnet (RFC
/// 4291, section 2.6.1), unless likewise (RFC 6164).
fn reserved(pool: &Pool) -> Vec<Span> {
    let (first, last) = subnet(pool);
    if last - first < 2 {
        return Vec::new();
    }
    match pool.family {
        Family::Ipv4 => vec![(first, first), (last, last)],
        Family::Ipv6 => vec![(first, first)],
    }
}

fn subnet(pool: &Pool) -> Span {
    let bits: u32 = match pool.family {
        Family::Ipv4 => 32,
        Family::Ipv6 => 128,
    };
    let host_bits = bits.saturating_sub(u32::from(pool.subnet.prefix_length));
    let mask = match host_bits {
        0 => 0,
        host_bits => u128::MAX >> (128 - host_bits),
    };
    let address = number(pool.subnet.address);
    (address & !mask, address | mask)
}

/// Both lists ascending; what is taken may overlap.
fn subtract(spans: &[Span], mut taken: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    for (first, last) in spans {
        // What ends before this span ends before all later ones. Without this, thousands
        // of exclusions times a thousand ranges would use up the fuel.
        while let Some(((_, taken_last), rest)) = taken.split_first()
            && taken_last < first
        {
            taken = rest;
        }
        left.extend(subtract_one(*first, *last, taken));
    }
    left
}

fn subtract_one(first: u128, last: u128, taken: &[Span]) -> Vec<Span> {
    let mut left = Vec::new();
    let mut next = first;
    for (taken_first, taken_last) in taken {
        if *taken_last < next {
            continue;
        }
        if *taken_first > last {
            break;
        }
        if *taken_first > next {
            left.push((next, taken_first - 1));
        }
        if *taken_last >= last {
            return left;
        }
        next = taken_last + 1;
    }
    left.push((next, last));
    left
}

fn span(range: &AddressRange) -> Span {
    (number(range.first), number(range.last))
}

fn number(address: IpAddress) -> u128 {
    match IpAddr::from(address) {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn address(number: u128, family: Family) -> IpAddress {
    IpAddress::from(match family {
        // The upper bits are 0: the number came from an address of this family.
        Family::Ipv4 => IpAddr::V4((number as u32).into()),
        Family::Ipv6 => IpAddr::V6(number.into()),
    })
}

#[cfg(test)]
mod tests;
