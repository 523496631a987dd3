//! Addresses with the length of their prefix.

use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use crate::{AddressRange, Family, ParseError};

/// An address with the length of its prefix, such as `10.0.0.5/24`: an interface's address, or
/// the network that it is in. Host bits may be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpNetwork {
    /// The address.
    pub address: IpAddr,
    /// 0 to 32 for IPv4, 0 to 128 for IPv6; see
    /// [`check_network`](crate::arguments::check_network).
    pub prefix_length: u8,
}

impl IpNetwork {
    /// All addresses of a family, the destination of a default route.
    pub const fn everything(family: Family) -> Self {
        Self {
            address: family.unspecified(),
            prefix_length: 0,
        }
    }

    /// The family of its addresses.
    pub const fn family(&self) -> Family {
        Family::of(self.address)
    }

    /// All of its addresses, the first and the last included.
    pub fn range(&self) -> AddressRange {
        AddressRange::network(self.address, self.prefix_length)
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.prefix_length)
    }
}

impl FromStr for IpNetwork {
    type Err = ParseError;

    /// Reads `10.0.0.5/24` or `fd00::5/64`.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text).ok_or(ParseError {
            expected: "an address with the length of its prefix, as in 10.0.0.5/24",
        })
    }
}

fn parse(text: &str) -> Option<IpNetwork> {
    let (address, prefix_length) = text.split_once('/')?;
    let network = IpNetwork {
        address: address.parse().ok()?,
        // u8's own parser takes a sign, too.
        prefix_length: prefix_length
            .bytes()
            .all(|digit| digit.is_ascii_digit())
            .then(|| prefix_length.parse().ok())??,
    };
    (network.prefix_length <= network.family().bits()).then_some(network)
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_network_survives_text_with_its_host_bits() {
        for text in ["10.0.0.5/24", "0.0.0.0/0", "10.0.0.5/32", "fd00::5/128"] {
            assert_eq!(text.parse::<IpNetwork>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "/",
            "10.0.0.5",
            "10.0.0.5/",
            "10.0.0.5/+8",
            "10.0.0.5/33",
            "fd00::/129",
            "10.0.0/8",
            "10.0.0.5/8/8",
        ] {
            assert!(text.parse::<IpNetwork>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn everything_of_a_family_is_what_a_default_route_goes_to() {
        assert_eq!(IpNetwork::everything(Family::Ipv4).to_string(), "0.0.0.0/0");
        assert_eq!(IpNetwork::everything(Family::Ipv6).to_string(), "::/0");
    }

    #[test]
    fn its_range_has_both_ends() {
        let network: IpNetwork = "10.0.0.5/30".parse().unwrap();
        assert_eq!(network.range().to_string(), "10.0.0.4-10.0.0.7");
        assert_eq!(network.family(), Family::Ipv4);
    }
}
