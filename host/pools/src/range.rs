//! From text to ranges and networks, and what a pool can give out.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_values::range::usable;

use super::{AddressRange, Pool, Problem};

/// All addresses of a network, its first and last included.
pub fn whole(network: IpNetwork) -> AddressRange {
    AddressRange::network(network.ip(), network.prefix())
}

/// Parses `first-last`, one address, or a network in CIDR notation, which stands for
/// all its addresses. Spaces around any part are allowed.
///
/// # Errors
///
/// [`Problem::Range`], [`Problem::Descending`], [`Problem::MixedFamilies`] or, for a
/// network, [`Problem::HostBits`].
pub(super) fn parse_range(entry: &str) -> Result<AddressRange, Problem> {
    let not_a_range = || Problem::Range {
        entry: entry.to_owned(),
    };
    if entry.contains('/') {
        return match parse_network(entry) {
            Err(Problem::Network { .. }) => Err(not_a_range()),
            network => network.map(whole),
        };
    }
    let (first, last) = entry.split_once('-').unwrap_or((entry, entry));
    let parse = |end: &str| end.trim().parse::<IpAddr>().map_err(|_| not_a_range());
    let (first, last) = (parse(first)?, parse(last)?);
    AddressRange::new(first, last).ok_or_else(|| {
        let entry = entry.to_owned();
        match AddressRange::new(last, first) {
            Some(swapped) => Problem::Descending { entry, swapped },
            None => Problem::MixedFamilies { entry },
        }
    })
}

impl Pool {
    /// The addresses that a pod may get, ascending: `ranges` without `excluded`, the gateway, and what no interface may
    /// have ([`AddressRange::reserved`]).
    ///
    /// `disabled` plays no part.
    pub fn usable(&self) -> Vec<AddressRange> {
        usable(
            whole(self.subnet),
            &self.ranges,
            &self.excluded,
            self.gateway,
        )
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
            longer: longer(network.ip()),
        });
    }
    Ok(network)
}

fn canonical(network: IpNetwork) -> IpNetwork {
    IpNetwork::new(network.network(), network.prefix())
        .expect("the prefix length was valid for this family before")
}

/// The network that an address is the first of, with the shortest prefix that people write: 172.16.12.0 is that of
/// 172.16.12.0/24, though a /22 would do. None for an address that is none's.
fn longer(address: IpAddr) -> Option<IpNetwork> {
    let (bits, step, zeros) = match address {
        IpAddr::V4(address) => (32, 8, address.to_bits().trailing_zeros()),
        IpAddr::V6(address) => (128, 16, address.to_bits().trailing_zeros()),
    };
    let exact = bits - zeros.min(bits);
    let rounded = exact.next_multiple_of(step);
    let prefix = if rounded < bits { rounded } else { exact };
    // A network of one or two addresses is nobody's subnet.
    if prefix + 1 >= bits {
        return None;
    }
    IpNetwork::new(address, u8::try_from(prefix).ok()?).ok()
}

#[cfg(test)]
mod tests;
