//! Hardware addresses of links of any kind.

use alloc::vec::Vec;
use core::fmt;
use core::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::{Guid, Mac, octets};

/// What a link has as its hardware address (`IFLA_ADDRESS`): six bytes on Ethernet, twenty on
/// InfiniBand, four on an IPv4 tunnel, none where a link has none. It is used as its bytes;
/// its text is `02:00:5e:10:00:01`, and serde has the numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HardwareAddress(Vec<u8>);

impl HardwareAddress {
    /// The Ethernet address, if it is as long as one.
    pub fn mac(&self) -> Option<Mac> {
        Mac::try_from(self.0.as_slice()).ok()
    }

    /// The GUID of the port below an IPoIB link (RFC 4391, section 9.1.1): the last eight of
    /// the twenty bytes. None for other links.
    pub fn port_guid(&self) -> Option<Guid> {
        let bytes = <&[u8; 20]>::try_from(self.0.as_slice()).ok()?;
        Guid::try_from(&bytes[12..]).ok()
    }
}

impl Deref for HardwareAddress {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for HardwareAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        octets::display(&self.0, formatter)
    }
}

impl From<Vec<u8>> for HardwareAddress {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<HardwareAddress> for Vec<u8> {
    fn from(address: HardwareAddress) -> Self {
        address.0
    }
}

impl From<Mac> for HardwareAddress {
    fn from(mac: Mac) -> Self {
        Self(mac.bytes().to_vec())
    }
}

#[cfg(test)]
mod tests;
