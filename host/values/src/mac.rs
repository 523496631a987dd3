//! Hardware addresses of Ethernet.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{ParseError, octets};

/// An Ethernet address (EUI-48, IEEE 802). Its text is `02:00:5e:10:00:01`; serde has the six
/// numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mac([u8; 6]);

impl Mac {
    /// The address of these bytes, in the order in which they are sent.
    pub const fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// The address of the locally administered range (bit 1 of the first byte set, bit 0
    /// clear) that random bytes make.
    pub const fn local(mut random: [u8; 6]) -> Self {
        random[0] = (random[0] & 0xfc) | 0x02;
        Self(random)
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; 6] {
        &self.0
    }

    /// Whether it is that of a group of stations, which no interface can have.
    pub const fn is_multicast(&self) -> bool {
        self.0[0] & 1 == 1
    }

    /// Whether all of it is 0: for a virtual function "none was set", for an interface an
    /// address that it cannot have.
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 6]
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        octets::display(&self.0, formatter)
    }
}

impl FromStr for Mac {
    type Err = ParseError;

    /// Reads `02:00:5e:10:00:01`, `02-00-5e-10-00-01` or `0200.5e10.0001`, in any letter case.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let bytes = octets::parse_array(text).ok_or(ParseError {
            expected: "six bytes in hexadecimal, as in 02:00:00:00:00:01",
        })?;
        Ok(Self(bytes))
    }
}

impl From<[u8; 6]> for Mac {
    fn from(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }
}

impl TryFrom<&[u8]> for Mac {
    type Error = core::array::TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, Self::Error> {
        bytes.try_into().map(Self)
    }
}

#[cfg(test)]
mod tests;
