//! Arithmetic of address ranges: parse, merge, intersect, subtract.
//!
//! All of it works on the ends of the ranges. `IpAddr` orders IPv4 before IPv6 and
//! numerically within a family, and no range spans both, so lists may hold both.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;

use super::{AddressRange, Family, Pool, Problem};

impl AddressRange {
    /// All addresses of a network, its first and last included.
    pub fn of(network: IpNetwork) -> Self {
        Self {
            first: network.network(),
            last: network.broadcast(),
        }
    }

    /// Parses `first-last`, one address, or a network in CIDR notation, which stands for
    /// all its addresses. Spaces around any part are allowed.
    ///
    /// # Errors
    ///
    /// [`Problem::Range`], [`Problem::Descending`], [`Problem::MixedFamilies`] or, for a
    /// network, [`Problem::HostBits`].
    pub fn parse(entry: &str) -> Result<Self, Problem> {
        let not_a_range = || Problem::Range {
            entry: entry.to_owned(),
        };
        if entry.contains('/') {
            return match parse_network(entry) {
                Err(Problem::Network { .. }) => Err(not_a_range()),
                network => network.map(Self::of),
            };
        }
        let (first, last) = entry.split_once('-').unwrap_or((entry, entry));
        let parse = |end: &str| end.trim().parse::<IpAddr>().map_err(|_| not_a_range());
        let (first, last) = (parse(first)?, parse(last)?);
        if Family::of(first) != Family::of(last) {
            return Err(Problem::MixedFamilies {
                entry: entry.to_owned(),
            });
        }
        if first > last {
            return Err(Problem::Descending {
                entry: entry.to_owned(),
                swapped: Self {
                    first: last,
                    last: first,
                },
            });
        }
        Ok(Self { first, last })
    }

    /// The family of its addresses.
    pub fn family(&self) -> Family {
        Family::of(self.first)
    }

    /// Whether `address` lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.first <= address && address <= self.last
    }

    /// The addresses that both ranges have.
    pub fn intersection(&self, other: &Self) -> Option<Self> {
        let first = self.first.max(other.first);
        let last = self.last.min(other.last);
        (first <= last).then_some(Self { first, last })
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

impl Pool {
    /// The addresses that a pod may get, ascending: `ranges`, or the whole subnet, without
    /// `excluded`, the gateway, and the addresses of the subnet that no host may have
    /// (network and broadcast of IPv4; subnet-router anycast of IPv6, RFC 4291 section
    /// 2.6.1). Subnets for two hosts have no such addresses (RFC 3021, RFC 6164).
    ///
    /// `disabled` plays no part.
    pub fn usable(&self) -> Vec<AddressRange> {
        let whole = AddressRange::of(self.subnet);
        let single = |address| AddressRange {
            first: address,
            last: address,
        };
        let mut holes = self.excluded.clone();
        holes.extend(self.gateway.map(single));
        let host_bits = match self.family {
            Family::Ipv4 => 32 - self.subnet.prefix(),
            Family::Ipv6 => 128 - self.subnet.prefix(),
        };
        if host_bits > 1 {
            holes.push(single(whole.first));
            if self.family == Family::Ipv4 {
                holes.push(single(whole.last));
            }
        }
        let all = [whole];
        let from = if self.ranges.is_empty() {
            &all[..]
        } else {
            &self.ranges
        };
        subtract(from, &merge(holes))
    }
}

/// Parses a network in CIDR notation.
///
/// The prefix length is required: a bare address would silently become a /32.
pub(super) fn parse_network(value: &str) -> Result<IpNetwork, Problem> {
    let parse = || {
        let (address, prefix) = value.trim().split_once('/')?;
        if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        IpNetwork::new(address.parse().ok()?, prefix.parse().ok()?).ok()
    };
    let network = parse().ok_or_else(|| Problem::Network {
        value: value.to_owned(),
    })?;
    if network.ip() != network.network() {
        return Err(Problem::HostBits {
            value: value.trim().to_owned(),
            canonical: canonical(network),
        });
    }
    Ok(network)
}

/// Sorts ranges and joins those that touch or overlap.
pub(super) fn merge(mut ranges: Vec<AddressRange>) -> Vec<AddressRange> {
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
pub(super) fn subtract(ranges: &[AddressRange], holes: &[AddressRange]) -> Vec<AddressRange> {
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

fn canonical(network: IpNetwork) -> IpNetwork {
    IpNetwork::new(network.network(), network.prefix())
        .expect("the prefix length was valid for this family before")
}

fn next(address: IpAddr) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits().checked_add(1)?).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits().checked_add(1)?).into(),
    })
}

fn previous(address: IpAddr) -> Option<IpAddr> {
    Some(match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits().checked_sub(1)?).into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits().checked_sub(1)?).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parses ranges separated by commas.
    fn ranges(text: &str) -> Vec<AddressRange> {
        text.split(',')
            .filter(|entry| !entry.is_empty())
            .map(|entry| AddressRange::parse(entry).expect("the test's own range is right"))
            .collect()
    }

    fn text(ranges: &[AddressRange]) -> String {
        let entries: Vec<String> = ranges.iter().map(ToString::to_string).collect();
        entries.join(",")
    }

    #[test]
    fn entries_parse_to_their_ends_or_say_what_is_wrong() {
        let check = |entry: &str, expected: Result<&str, &str>| match expected {
            Ok(range) => assert_eq!(
                AddressRange::parse(entry).map(|range| range.to_string()),
                Ok(range.to_owned()),
                "{entry}"
            ),
            Err(part) => {
                let message = AddressRange::parse(entry)
                    .expect_err("a wrong entry")
                    .to_string();
                assert!(message.contains(part), "{entry}: {message}");
                assert!(message.contains(entry.trim()), "{entry}: {message}");
            }
        };
        check("10.0.0.1-10.0.0.9", Ok("10.0.0.1-10.0.0.9"));
        check("  10.0.0.1 - 10.0.0.9 ", Ok("10.0.0.1-10.0.0.9"));
        check("10.0.0.7", Ok("10.0.0.7"));
        check("10.0.0.7-10.0.0.7", Ok("10.0.0.7"));
        check("10.0.0.0/28", Ok("10.0.0.0-10.0.0.15"));
        check("10.64.0.0/10", Ok("10.64.0.0-10.127.255.255"));
        check("0.0.0.0/0", Ok("0.0.0.0-255.255.255.255"));
        check("fd00::a-fd00::1:0", Ok("fd00::a-fd00::1:0"));
        check("fd00::/64", Ok("fd00::-fd00::ffff:ffff:ffff:ffff"));

        check("10.0.0.9-10.0.0.1", Err("did you mean 10.0.0.1-10.0.0.9?"));
        check("10.0.0.1-fd00::1", Err("mixes IPv4 and IPv6"));
        check("10.0.0.5/28", Err("did you mean 10.0.0.0/28?"));
        for entry in [
            "",
            "-",
            "10.0.0.1-",
            "10.0.0.1-9",
            "10.0.0.1-10.0.0.3-10.0.0.5",
            "10.0.0.1,10.0.0.3",
            "10.0.0.256",
            "010.0.0.1",
            "10.0.0.0/33",
            "10.0.0.0/+8",
            "10.0.0.0/",
            "10.0.0.0/255.0.0.0",
            "10.0.0.1/32-10.0.0.2/32",
            "fe80::1%eth0",
            "rail0",
        ] {
            check(entry, Err("write it like 172.16.0.10-172.16.0.20"));
        }
    }

    #[test]
    fn networks_need_a_prefix_and_no_host_bits() {
        let check = |value: &str, expected: &str| {
            let found = match parse_network(value) {
                Ok(network) => network.to_string(),
                Err(problem) => problem.to_string(),
            };
            assert!(found.contains(expected), "{value}: {found}");
        };
        check(" 10.0.0.0/8 ", "10.0.0.0/8");
        check("fd00::/64", "fd00::/64");
        check(
            "172.16.11.0/16",
            "172.16.11.0/16 has host bits set; did you mean 172.16.0.0/16?",
        );
        check("fd00::1/64", "did you mean fd00::/64?");
        check("10.0.0.0", "is not a network; write it like 172.16.0.0/16");
        check("10.0.0.0/64", "is not a network");
    }

    #[test]
    fn merging_sorts_and_joins_what_touches() {
        let check = |input: &str, expected: &str| {
            assert_eq!(text(&merge(ranges(input))), expected, "{input}");
        };
        check("", "");
        check("10.0.0.5,10.0.0.3", "10.0.0.3,10.0.0.5");
        check("10.0.0.5,10.0.0.4", "10.0.0.4-10.0.0.5");
        check("10.0.0.1-10.0.0.9,10.0.0.2-10.0.0.3", "10.0.0.1-10.0.0.9");
        check("10.0.0.255,10.0.1.0", "10.0.0.255-10.0.1.0");
        check("255.255.255.255,::", "255.255.255.255,::");
        check(
            "0.0.0.0/0,10.0.0.0/8,255.255.255.255",
            "0.0.0.0-255.255.255.255",
        );
        check("fd00::ffff,fd00::1:0", "fd00::ffff-fd00::1:0");
    }

    #[test]
    fn subtracting_leaves_what_no_hole_covers() {
        let check = |from: &str, holes: &str, expected: &str| {
            let left = subtract(&merge(ranges(from)), &merge(ranges(holes)));
            assert_eq!(text(&left), expected, "{from} without {holes}");
        };
        check("10.0.0.1-10.0.0.9", "", "10.0.0.1-10.0.0.9");
        check("10.0.0.1-10.0.0.9", "10.0.0.1", "10.0.0.2-10.0.0.9");
        check("10.0.0.1-10.0.0.9", "10.0.0.9", "10.0.0.1-10.0.0.8");
        check("10.0.0.1-10.0.0.9", "10.0.0.0/28", "");
        check("10.0.0.1-10.0.0.9", "10.0.1.0/24", "10.0.0.1-10.0.0.9");
        check(
            "10.0.0.1-10.0.0.9,10.0.0.20",
            "10.0.0.3,10.0.0.5-10.0.0.20",
            "10.0.0.1-10.0.0.2,10.0.0.4",
        );
        check(
            "10.0.0.1-10.0.0.5,10.0.0.8-10.0.0.9",
            "10.0.0.4-10.0.0.8",
            "10.0.0.1-10.0.0.3,10.0.0.9",
        );
        check(
            "0.0.0.0/0",
            "0.0.0.0,255.255.255.255",
            "0.0.0.1-255.255.255.254",
        );
        check("10.0.0.1,fd00::1", "fd00::/64", "10.0.0.1");
    }
}
