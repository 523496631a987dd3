//! GUIDs of InfiniBand nodes and ports.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{ParseError, octets};

/// A GUID (an EUI-64; IBA specification, section 4.1), most significant byte first. Its text
/// is `02:00:00:00:00:00:00:01`; serde has the eight numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Guid([u8; 8]);

impl Guid {
    /// What a GUID is set to so that the firmware gives the port one of its own.
    pub const UNSET: Self = Self([0xff; 8]);

    /// The GUID of these bytes.
    pub const fn new(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// Whether all of it is 0, as drivers show it for a fresh virtual function. No port can
    /// have it.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 8]
    }

    /// Whether it is that of a group. No port can have it.
    pub const fn is_multicast(&self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Parses four groups of sixteen bits, as sysfs writes a GUID: `0200:0000:0000:0001`.
    pub fn parse_groups(text: &str) -> Option<Self> {
        let mut groups = text.split(':');
        let mut guid = [0; 8];
        for bytes in guid.chunks_exact_mut(2) {
            let group = groups.next()?;
            if group.len() != 4 || !group.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            bytes.copy_from_slice(&u16::from_str_radix(group, 16).ok()?.to_be_bytes());
        }
        groups.next().is_none().then_some(Self(guid))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        octets::display(&self.0, formatter)
    }
}

impl FromStr for Guid {
    type Err = ParseError;

    /// Reads eight bytes with `:` or `-` between them, or pairs of them with `.`, in any letter case.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bytes = octets::parse_array(text).ok_or(ParseError {
            expected: "eight bytes in hexadecimal, as in 02:00:00:00:00:00:00:01",
        })?;
        Ok(Self(bytes))
    }
}

impl From<[u8; 8]> for Guid {
    fn from(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

/// A number whose most significant byte is the first.
impl From<u64> for Guid {
    fn from(number: u64) -> Self {
        Self(number.to_be_bytes())
    }
}

impl From<Guid> for u64 {
    fn from(guid: Guid) -> Self {
        Self::from_be_bytes(guid.0)
    }
}

impl TryFrom<&[u8]> for Guid {
    type Error = core::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

#[cfg(test)]
mod tests;
