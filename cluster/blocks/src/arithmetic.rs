//! Which blocks there are: aligned, of a power of two, by ranges of addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Range;

/// Most addresses of a block.
pub(crate) const LARGEST: u32 = 64;

pub(crate) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The address of the same family as `like`; what is beyond the family's last address is that one.
fn address(like: IpAddr, number: u128) -> IpAddr {
    match like {
        IpAddr::V4(_) => Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)).into(),
        IpAddr::V6(_) => Ipv6Addr::from_bits(number).into(),
    }
}

/// The first address of the block of `size` that has this address.
pub(crate) fn first_of(within: IpAddr, size: u32) -> IpAddr {
    let size = u128::from(size.max(1));
    address(within, number(within) / size * size)
}

/// The addresses of a block.
pub(crate) fn block_range(first: IpAddr, size: u32) -> Range {
    let last = number(first).saturating_add(u128::from(size.max(1)) - 1);
    (first, address(first, last))
}

/// What two ranges have in common.
pub(crate) fn intersection(one: Range, other: Range) -> Option<Range> {
    if one.0.is_ipv4() != other.0.is_ipv4() {
        return None;
    }
    let both = (one.0.max(other.0), one.1.min(other.1));
    (both.0 <= both.1).then_some(both)
}

/// What some ranges have of others.
pub(crate) fn intersections(some: &[Range], others: &[Range]) -> Vec<Range> {
    let pairs = some
        .iter()
        .flat_map(|one| others.iter().map(move |other| (*one, *other)));
    pairs
        .filter_map(|(one, other)| intersection(one, other))
        .collect()
}

pub(crate) fn contains(range: Range, address: IpAddr) -> bool {
    range.0.is_ipv4() == address.is_ipv4() && range.0 <= address && address <= range.1
}

/// How many addresses a range has; all of IPv6 reads as `u128::MAX`.
pub(crate) fn length(range: Range) -> u128 {
    (number(range.1) - number(range.0)).saturating_add(1)
}

/// What of a range is in none of the others, in order.
pub(crate) fn without(range: Range, others: &[Range]) -> Vec<Range> {
    let mut others: Vec<Range> = others
        .iter()
        .filter_map(|other| intersection(range, *other))
        .collect();
    others.sort_unstable();
    let mut rest = Vec::new();
    let mut from = Some(range.0);
    for (first, last) in others {
        let Some(start) = from else { break };
        if start < first {
            rest.push((start, address(first, number(first) - 1)));
        }
        if start <= last {
            let next = number(last).checked_add(1);
            from = next
                .filter(|next| *next <= number(range.1))
                .map(|next| address(last, next));
        }
    }
    rest.extend(from.map(|start| (start, range.1)));
    rest
}

/// The addresses of a range, from the first.
pub(crate) fn each((first, last): Range) -> impl Iterator<Item = IpAddr> {
    (number(first)..=number(last)).map(move |number| address(first, number))
}

/// The blocks that ranges have a part of, each once.
#[derive(Debug)]
pub(crate) struct Names {
    size: u128,
    /// An address of the family, the number of the first block, and how many follow it.
    spans: Vec<(IpAddr, u128, u128)>,
}

impl Names {
    pub(crate) fn new(ranges: &[Range], size: u32) -> Self {
        let size = u128::from(size.max(1));
        let mut ranges: Vec<Range> = ranges.to_vec();
        ranges.sort_unstable();
        let mut spans: Vec<(IpAddr, u128, u128)> = Vec::new();
        for (first, last) in ranges {
            let (mut from, to) = (number(first) / size, number(last) / size);
            if let Some((like, start, count)) = spans.last()
                && like.is_ipv4() == first.is_ipv4()
            {
                from = from.max(start + count);
            }
            if from <= to {
                spans.push((first, from, to - from + 1));
            }
        }
        Self { size, spans }
    }

    pub(crate) fn count(&self) -> u128 {
        let counts = self.spans.iter().map(|(_, _, count)| *count);
        counts.fold(0, u128::saturating_add)
    }

    /// The first address of a block by its number here, from 0.
    pub(crate) fn nth(&self, mut index: u128) -> Option<IpAddr> {
        for (like, first, count) in &self.spans {
            if index < *count {
                return Some(address(*like, (first + index) * self.size));
            }
            index -= count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("a test address")
    }

    fn range(first: &str, last: &str) -> Range {
        (ip(first), ip(last))
    }

    fn all(names: &Names) -> Vec<String> {
        let firsts = (0..names.count()).map(|index| names.nth(index).expect("within the count"));
        firsts.map(|first| first.to_string()).collect()
    }

    #[test]
    fn a_pool_is_given_out_in_aligned_blocks_each_named_once() {
        let pool = [range("10.0.0.100", "10.0.0.102")];
        assert_eq!(
            all(&Names::new(&pool, 1)),
            ["10.0.0.100", "10.0.0.101", "10.0.0.102"]
        );
        let pool = [
            range("10.0.0.20", "10.0.0.40"),
            range("10.0.0.1", "10.0.0.14"),
        ];
        assert_eq!(
            all(&Names::new(&pool, 16)),
            ["10.0.0.0", "10.0.0.16", "10.0.0.32"]
        );
        let pool = [
            range("10.0.0.1", "10.0.0.9"),
            range("10.0.0.12", "10.0.0.14"),
        ];
        assert_eq!(
            all(&Names::new(&pool, 16)),
            ["10.0.0.0"],
            "two ranges of one block"
        );
        assert!(Names::new(&pool, 16).nth(1).is_none());
    }

    #[test]
    fn the_largest_pools_are_counted_and_the_last_addresses_have_blocks() {
        let everything = [range("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")];
        let names = Names::new(&everything, 64);
        assert_eq!(names.count(), 1 << 122);
        let last = names.nth((1 << 122) - 1).expect("the last block");
        assert_eq!(
            block_range(last, 64),
            range(
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffc0",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
            )
        );
        assert_eq!(
            block_range(first_of(ip("255.255.255.255"), 64), 64),
            range("255.255.255.192", "255.255.255.255")
        );
        let both = [
            range("0.0.0.0", "255.255.255.255"),
            range("fd00::", "fd00::1"),
        ];
        assert_eq!(Names::new(&both, 1).count(), (1 << 32) + 2);
    }

    #[test]
    fn what_is_left_of_a_range_is_what_no_other_has() {
        let whole = range("10.0.0.0", "10.0.0.15");
        assert_eq!(without(whole, &[]), [whole]);
        assert_eq!(without(whole, &[range("9.0.0.0", "11.0.0.0")]), []);
        assert_eq!(without(whole, &[range("::", "::ffff")]), [whole]);
        let others = [
            range("10.0.0.14", "10.0.0.20"),
            range("10.0.0.0", "10.0.0.1"),
            range("10.0.0.4", "10.0.0.9"),
            range("10.0.0.5", "10.0.0.6"),
        ];
        assert_eq!(
            without(whole, &others),
            [
                range("10.0.0.2", "10.0.0.3"),
                range("10.0.0.10", "10.0.0.13")
            ]
        );
        let end = range("255.255.255.254", "255.255.255.255");
        assert_eq!(
            without(end, &[range("255.255.255.255", "255.255.255.255")]),
            [range("255.255.255.254", "255.255.255.254")]
        );
    }
}
