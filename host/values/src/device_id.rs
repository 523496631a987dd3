//! What a device plugin gives to a pod, as `deviceID` names it.

use core::fmt;
use core::str::FromStr;

use alloc::borrow::ToOwned;
use alloc::string::String;

use crate::{ParseError, PciAddress};

/// Longest name of an auxiliary device: what a driver matches (`AUXILIARY_NAME_SIZE` less the zero,
/// linux/mod_devicetable.h), a dot, and a number of 32 bits.
const NAME_BYTES: usize = 39 + 1 + 10;

/// A PCI function, or a part of one that has a driver of its own.
///
/// The text of either may be a part of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceId {
    /// A PCI function.
    Pci(PciAddress),
    /// A device of the auxiliary bus, such as a scalable function.
    Auxiliary(AuxiliaryName),
}

/// The name of a device of the kernel's auxiliary bus: the module that made it, its kind, and its number, as in
/// `mlx5_core.sf.4` (`auxiliary_device_add`, drivers/base/auxiliary.c).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuxiliaryName(String);

impl AuxiliaryName {
    /// Whether this text is such a name.
    pub fn is_one(text: &str) -> bool {
        let mut parts = text.splitn(3, '.');
        let (module, kind, number) = (parts.next(), parts.next(), parts.next());
        text.len() <= NAME_BYTES
            && module.is_some_and(is_word)
            && kind.is_some_and(is_word)
            // The kernel writes it with %d: one device has one name.
            && number.is_some_and(|number| number == "0" || is_number(number))
    }
}

fn is_word(part: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    !part.is_empty() && part.bytes().all(is_plain)
}

fn is_number(part: &str) -> bool {
    !part.starts_with('0') && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

impl FromStr for AuxiliaryName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match Self::is_one(text) {
            true => Ok(Self(text.to_owned())),
            false => Err(ParseError {
                expected: "the name of an auxiliary device like mlx5_core.sf.4",
            }),
        }
    }
}

impl FromStr for DeviceId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        // No name of a module has a colon.
        match text.parse() {
            Ok(address) => Ok(Self::Pci(address)),
            Err(_) => text.parse().map(Self::Auxiliary).map_err(|_| ParseError {
                expected: "a PCI address like 0000:3b:00.2 or the name of an auxiliary device like mlx5_core.sf.4",
            }),
        }
    }
}

impl fmt::Display for AuxiliaryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pci(address) => address.fmt(formatter),
            Self::Auxiliary(name) => name.fmt(formatter),
        }
    }
}

/// A device in a sentence, by the text of its [`DeviceId`]: `PCI function 0000:3b:00.2`.
#[derive(Debug, Clone, Copy)]
pub struct Device<'a>(pub &'a str);

impl fmt::Display for Device<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match AuxiliaryName::is_one(self.0) {
            true => "auxiliary device ",
            false => "PCI function ",
        })?;
        formatter.write_str(self.0)
    }
}

#[cfg(test)]
mod tests;
