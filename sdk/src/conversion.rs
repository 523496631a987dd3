//! Between the contract's types and those of `plumb_values`, which know how to be parsed,
//! printed and calculated with.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use plumb_values::{AddressRange, Family, Guid, HardwareAddress, IpNetwork, Mac, PciAddress};

use crate::contract::{self, types};

impl From<IpAddr> for types::IpAddress {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::Ipv4(address.octets().into()),
            IpAddr::V6(address) => Self::Ipv6(address.segments().into()),
        }
    }
}

impl From<types::IpAddress> for IpAddr {
    fn from(address: types::IpAddress) -> Self {
        match address {
            types::IpAddress::Ipv4(octets) => Self::V4(Ipv4Addr::from(<[u8; 4]>::from(octets))),
            types::IpAddress::Ipv6(groups) => Self::V6(Ipv6Addr::from(<[u16; 8]>::from(groups))),
        }
    }
}

impl From<IpNetwork> for types::IpNetwork {
    fn from(network: IpNetwork) -> Self {
        Self {
            address: network.address.into(),
            prefix_length: network.prefix_length,
        }
    }
}

impl From<types::IpNetwork> for IpNetwork {
    fn from(network: types::IpNetwork) -> Self {
        Self {
            address: network.address.into(),
            prefix_length: network.prefix_length,
        }
    }
}

impl From<Family> for types::Family {
    fn from(family: Family) -> Self {
        match family {
            Family::Ipv4 => Self::Ipv4,
            Family::Ipv6 => Self::Ipv6,
        }
    }
}

impl From<types::Family> for Family {
    fn from(family: types::Family) -> Self {
        match family {
            types::Family::Ipv4 => Self::Ipv4,
            types::Family::Ipv6 => Self::Ipv6,
        }
    }
}

impl From<AddressRange> for contract::AddressRange {
    fn from(range: AddressRange) -> Self {
        Self {
            first: range.first.into(),
            last: range.last.into(),
        }
    }
}

impl From<contract::AddressRange> for AddressRange {
    fn from(range: contract::AddressRange) -> Self {
        Self {
            first: range.first.into(),
            last: range.last.into(),
        }
    }
}

impl From<Guid> for types::Guid {
    fn from(guid: Guid) -> Self {
        Self {
            number: guid.into(),
        }
    }
}

impl From<types::Guid> for Guid {
    fn from(guid: types::Guid) -> Self {
        guid.number.into()
    }
}

impl From<PciAddress> for types::PciAddress {
    fn from(address: PciAddress) -> Self {
        Self {
            domain: address.domain(),
            bus: address.bus(),
            device: address.device(),
            function: address.function(),
        }
    }
}

impl From<types::PciAddress> for PciAddress {
    fn from(address: types::PciAddress) -> Self {
        let types::PciAddress {
            domain,
            bus,
            device,
            function,
        } = address;
        Self::new(domain, bus, device, function).expect("the host gives addresses that exist")
    }
}

impl From<Mac> for types::HardwareAddress {
    fn from(mac: Mac) -> Self {
        Self::Ethernet((*mac.bytes()).into())
    }
}

impl From<&HardwareAddress> for types::HardwareAddress {
    fn from(address: &HardwareAddress) -> Self {
        if let Some(mac) = address.mac() {
            return mac.into();
        }
        match <&[u8; 20]>::try_from(&address[..]) {
            Ok(bytes) => Self::Infiniband(infiniband(bytes)),
            Err(_) => Self::Other(address.to_vec()),
        }
    }
}

impl From<types::HardwareAddress> for HardwareAddress {
    fn from(address: types::HardwareAddress) -> Self {
        Self::from(match address {
            types::HardwareAddress::Ethernet(octets) => <[u8; 6]>::from(octets).to_vec(),
            types::HardwareAddress::Infiniband(address) => {
                let types::InfinibandAddress {
                    queue_pair,
                    subnet_prefix,
                    port,
                } = address;
                let mut bytes = [0; 20];
                bytes[..4].copy_from_slice(&queue_pair.to_be_bytes());
                bytes[4..12].copy_from_slice(&subnet_prefix.to_be_bytes());
                bytes[12..].copy_from_slice(&port.number.to_be_bytes());
                bytes.to_vec()
            }
            types::HardwareAddress::Other(bytes) => bytes,
        })
    }
}

/// Four bytes of flags and queue pair number, then the port's GID: eight bytes of the subnet's
/// prefix and the GUID (RFC 4391, section 9.1.1).
fn infiniband(bytes: &[u8; 20]) -> types::InfinibandAddress {
    let (queue_pair, gid) = bytes.split_first_chunk().expect("20 bytes have 4");
    let (subnet_prefix, port) = gid.split_first_chunk().expect("16 bytes have 8");
    let port = port.first_chunk().expect("8 bytes are left");
    types::InfinibandAddress {
        queue_pair: u32::from_be_bytes(*queue_pair),
        subnet_prefix: u64::from_be_bytes(*subnet_prefix),
        port: types::Guid {
            number: u64::from_be_bytes(*port),
        },
    }
}

#[cfg(test)]
mod tests;
