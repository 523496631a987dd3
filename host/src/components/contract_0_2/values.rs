//! Values of 0.2 from and to the host's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnetwork::IpNetwork;
use plumb_values::{Guid, HardwareAddress, PciAddress};

use super::bindings::types;
use crate::components::refusal::{Reason, Refusal};
use crate::components::session::network_of;
use crate::octets;
use crate::pools::Family;

/// An address of the contract.
pub(super) fn address(address: types::IpAddress) -> IpAddr {
    match address {
        types::IpAddress::Ipv4((a, b, c, d)) => IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        types::IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => {
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h))
        }
    }
}

/// An address for the contract.
pub(super) fn to_address(address: IpAddr) -> types::IpAddress {
    match address {
        IpAddr::V4(address) => types::IpAddress::Ipv4(address.octets().into()),
        IpAddr::V6(address) => types::IpAddress::Ipv6(address.segments().into()),
    }
}

/// A network of the contract; its prefix may be out of range.
pub(super) fn network(network: types::IpNetwork) -> Result<IpNetwork, Refusal> {
    network_of(address(network.address), network.prefix_length)
}

/// A network for the contract.
pub(super) fn to_network(network: IpNetwork) -> types::IpNetwork {
    types::IpNetwork {
        address: to_address(network.ip()),
        prefix_length: network.prefix(),
    }
}

/// A family of the contract.
pub(super) fn family(family: types::Family) -> Family {
    match family {
        types::Family::Ipv4 => Family::Ipv4,
        types::Family::Ipv6 => Family::Ipv6,
    }
}

/// A family for the contract.
pub(super) fn to_family(family: Family) -> types::Family {
    match family {
        Family::Ipv4 => types::Family::Ipv4,
        Family::Ipv6 => types::Family::Ipv6,
    }
}

/// The bytes of a hardware address, as the kernel has them.
pub(super) fn hardware_address(address: types::HardwareAddress) -> Vec<u8> {
    match address {
        types::HardwareAddress::Ethernet((a, b, c, d, e, f)) => vec![a, b, c, d, e, f],
        types::HardwareAddress::Infiniband(address) => [
            &address.queue_pair.to_be_bytes()[..],
            &address.subnet_prefix.to_be_bytes(),
            &address.port.number.to_be_bytes(),
        ]
        .concat(),
        types::HardwareAddress::Other(bytes) => bytes,
    }
}

/// A hardware address for the contract.
pub(super) fn to_hardware_address(bytes: &[u8]) -> types::HardwareAddress {
    if let &[a, b, c, d, e, f] = bytes {
        return types::HardwareAddress::Ethernet((a, b, c, d, e, f));
    }
    let Some(port) = HardwareAddress::from(bytes.to_vec()).port_guid() else {
        return types::HardwareAddress::Other(bytes.to_vec());
    };
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))
    };
    types::HardwareAddress::Infiniband(types::InfinibandAddress {
        // Four bytes are a number of 32 bits.
        queue_pair: number(&bytes[..4]) as u32,
        subnet_prefix: number(&bytes[4..12]),
        port: types::Guid {
            number: port.into(),
        },
    })
}

/// A hardware address that is kept as text.
pub(super) fn to_hardware_address_of(text: &str) -> types::HardwareAddress {
    to_hardware_address(&octets::parse(text).unwrap_or_default())
}

/// The bytes of a GUID.
pub(super) fn guid(guid: types::Guid) -> Vec<u8> {
    guid.number.to_be_bytes().to_vec()
}

/// A GUID for the contract; none of a wrong length.
pub(super) fn to_guid(bytes: &[u8]) -> Option<types::Guid> {
    let number = Guid::try_from(bytes).ok()?.into();
    Some(types::Guid { number })
}

/// A PCI address as sysfs writes it; it may be out of range.
pub(super) fn pci_address(address: types::PciAddress) -> String {
    format!(
        "{:04x}:{:02x}:{:02x}.{:x}",
        address.domain, address.bus, address.device, address.function
    )
}

/// A PCI address for the contract; none of a text that is none.
pub(super) fn to_pci_address(text: &str) -> Option<types::PciAddress> {
    let address: PciAddress = text.parse().ok()?;
    Some(types::PciAddress {
        domain: address.domain(),
        bus: address.bus(),
        device: address.device(),
        function: address.function(),
    })
}

/// The words of the contract for reasons.
const REASONS: [(&str, Reason); 8] = [
    ("invalid-configuration", Reason::InvalidConfiguration),
    ("unsupported-field", Reason::UnsupportedField),
    ("invalid-environment", Reason::InvalidEnvironment),
    ("try-again-later", Reason::TryAgainLater),
    ("not-available", Reason::NotAvailable),
    ("not-found", Reason::NotFound),
    ("denied", Reason::Denied),
    ("unsupported-operation", Reason::UnsupportedOperation),
];

impl From<Refusal> for types::Error {
    fn from(refusal: Refusal) -> Self {
        let word = REASONS
            .iter()
            .find(|(_, reason)| *reason == refusal.reason)
            .map(|(word, _)| *word);
        Self {
            code: word.unwrap_or("failed").to_owned(),
            message: refusal.message,
            details: refusal.details,
        }
    }
}

impl From<types::Error> for Refusal {
    /// A word that this host does not know is a failure like any other.
    fn from(error: types::Error) -> Self {
        let code = error.code.as_str();
        let known = REASONS.iter().find(|(word, _)| *word == code);
        let reason = match known {
            Some((_, reason)) => *reason,
            None => Reason::Other(code.parse().unwrap_or_default()),
        };
        Self {
            reason,
            message: error.message,
            details: error.details,
        }
    }
}

#[cfg(test)]
mod tests;
