//! Values that the host, its tools, components and other programs share. They know nothing
//! of a kernel, a component or a file, and need no standard library.
#![no_std]

extern crate alloc;

pub mod arguments;
mod device_id;
mod device_kind;
pub mod driver;
mod family;
mod guid;
mod hardware_address;
mod mac;
pub mod names;
mod network;
mod next_hop;
pub mod octets;
mod pattern;
mod pci_address;
pub mod range;
mod rule_selectors;
pub mod similar;
pub mod text;
mod time;

pub use device_id::{AuxiliaryName, Device, DeviceId};
pub use device_kind::DeviceKind;
pub use family::Family;
pub use guid::Guid;
pub use hardware_address::HardwareAddress;
pub use mac::Mac;
pub use network::IpNetwork;
pub use next_hop::NextHop;
pub use pattern::Pattern;
pub use pci_address::PciAddress;
pub use range::AddressRange;
pub use rule_selectors::{PortRange, RuleSelectors};
pub use time::Utc;

/// Why a text is not the value that it should be. It does not say where the text was, which
/// the caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseError {
    /// What the text should be, with an example: `six bytes in hexadecimal, as in …`.
    pub expected: &'static str,
}

impl core::fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(formatter, "is not {}", self.expected)
    }
}

impl core::error::Error for ParseError {}
