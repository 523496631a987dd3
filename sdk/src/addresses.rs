//! Conversions between the contract's addresses and the standard library's.

use std::fmt::{Display, Formatter, Result};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{IpAddress, IpNetwork};

impl From<IpAddr> for IpAddress {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::Ipv4(address.octets().into()),
            IpAddr::V6(address) => Self::Ipv6(address.segments().into()),
        }
    }
}

impl From<IpAddress> for IpAddr {
    fn from(address: IpAddress) -> Self {
        match address {
            IpAddress::Ipv4(octets) => Self::V4(Ipv4Addr::from(<[u8; 4]>::from(octets))),
            IpAddress::Ipv6(groups) => Self::V6(Ipv6Addr::from(<[u16; 8]>::from(groups))),
        }
    }
}

impl Display for IpAddress {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        IpAddr::from(*self).fmt(formatter)
    }
}

impl Display for IpNetwork {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        write!(formatter, "{}/{}", self.address, self.prefix_length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_their_byte_order() {
        for text in ["10.1.2.3", "fd00:1:2:3:4:5:6:7"] {
            let address: IpAddr = text.parse().unwrap();
            let converted = IpAddress::from(address);
            assert_eq!(IpAddr::from(converted), address);
            assert_eq!(converted.to_string(), text);
        }
        assert_eq!(
            IpAddress::from(IpAddr::from([10, 1, 2, 3])),
            IpAddress::Ipv4((10, 1, 2, 3))
        );
    }

    #[test]
    fn a_network_is_written_with_its_prefix() {
        let network = IpNetwork {
            address: IpAddress::Ipv4((10, 0, 0, 5)),
            prefix_length: 24,
        };
        assert_eq!(network.to_string(), "10.0.0.5/24");
    }
}
