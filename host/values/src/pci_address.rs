//! Addresses of PCI functions.

use core::fmt;
use core::str::FromStr;

use alloc::string::String;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ParseError;

/// Where a PCI function is: domain, bus, device and function, such as `0000:3b:00.2`.
///
/// Two texts of one address, `0000:3B:00.2` and `0000:3b:00.2`, are one value, and its text
/// is the kernel's own (`pci_name`): lower case, the domain with four digits or as many as it
/// needs. So it may be a part of a path. Serde has the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PciAddress {
    domain: u32,
    bus: u8,
    device: u8,
    function: u8,
}

/// Devices of a bus.
const DEVICES: u8 = 32;
/// Functions of a device.
const FUNCTIONS: u8 = 8;

impl PciAddress {
    /// The address of these numbers; none when `device` is above 31 or `function` above 7.
    pub const fn new(domain: u32, bus: u8, device: u8, function: u8) -> Option<Self> {
        if device >= DEVICES || function >= FUNCTIONS {
            return None;
        }
        Some(Self {
            domain,
            bus,
            device,
            function,
        })
    }

    /// Which of the node's PCI hierarchies.
    pub const fn domain(&self) -> u32 {
        self.domain
    }

    /// The bus in its domain.
    pub const fn bus(&self) -> u8 {
        self.bus
    }

    /// The device on its bus, 0 to 31.
    pub const fn device(&self) -> u8 {
        self.device
    }

    /// The function of its device, 0 to 7.
    pub const fn function(&self) -> u8 {
        self.function
    }
}

impl FromStr for PciAddress {
    type Err = ParseError;

    /// Reads `DOMAIN:BUS:DEVICE.FUNCTION` in hexadecimal of any letter case, with a domain of
    /// four to eight digits.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        parse(text).ok_or(ParseError {
            expected: "a PCI address like 0000:3b:00.2",
        })
    }
}

fn parse(text: &str) -> Option<PciAddress> {
    let (domain, rest) = text.split_once(':')?;
    let (bus, rest) = rest.split_once(':')?;
    let (device, function) = rest.split_once('.')?;
    PciAddress::new(
        hexadecimal(domain, 4, 8)?,
        hexadecimal(bus, 2, 2)?.try_into().ok()?,
        hexadecimal(device, 2, 2)?.try_into().ok()?,
        hexadecimal(function, 1, 1)?.try_into().ok()?,
    )
}

fn hexadecimal(text: &str, shortest: usize, longest: usize) -> Option<u32> {
    // from_str_radix takes a sign, too.
    let is_hexadecimal = (shortest..=longest).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hexadecimal.then(|| u32::from_str_radix(text, 16).ok())?
}

impl fmt::Display for PciAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            domain,
            bus,
            device,
            function,
        } = self;
        write!(
            formatter,
            "{domain:04x}:{bus:02x}:{device:02x}.{function:x}"
        )
    }
}

impl Serialize for PciAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PciAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|error| de::Error::custom(alloc::format!("{text:?} {error}")))
    }
}

#[cfg(test)]
mod tests;
