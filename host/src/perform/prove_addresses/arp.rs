//! Who has an IPv4 address, by ARP: over Ethernet (RFC 826) and over InfiniBand (RFC 4391, section 9), asked as RFC 5227
//! says for an address that is not one's own yet.

use std::net::Ipv4Addr;

use crate::kernel::link::Link;
use crate::kernel::packet::Packet;

use super::Question;

/// `ETH_P_ARP` (linux/if_ether.h)
pub const PROTOCOL: u16 = 0x0806;
/// `ETH_P_IP` (linux/if_ether.h)
const IPV4: u16 = 0x0800;
const REQUEST: u16 = 1;
/// Bytes before the addresses.
const FIXED: usize = 8;

/// The question who has the address (an "ARP Probe"): nobody learns an address of the one who asks.
pub fn probe(link: &Link, address: Ipv4Addr) -> Question {
    request(link, Ipv4Addr::UNSPECIFIED, address)
}

/// Tells all that the address is where the link is (an "ARP Announcement").
pub fn announcement(link: &Link, address: Ipv4Addr) -> Question {
    request(link, address, address)
}

fn request(link: &Link, sender: Ipv4Addr, target: Ipv4Addr) -> Question {
    let length = u8::try_from(link.mac.len()).unwrap_or_default();
    let mut packet = link.hardware_type.to_be_bytes().to_vec();
    packet.extend_from_slice(&IPV4.to_be_bytes());
    packet.extend_from_slice(&[length, 4]);
    packet.extend_from_slice(&REQUEST.to_be_bytes());
    packet.extend_from_slice(&link.mac);
    packet.extend_from_slice(&sender.octets());
    packet.extend(std::iter::repeat_n(0, link.mac.len()));
    packet.extend_from_slice(&target.octets());
    Question {
        destination: link.broadcast.to_vec(),
        packet,
    }
}

/// Who says in a packet that the address is theirs, or asks for it at this moment to make it theirs (RFC 5227, section
/// 2.1.1).
pub fn user(packet: &Packet, link: &Link, address: Ipv4Addr) -> Option<Vec<u8>> {
    let length = link.mac.len();
    let (fixed, addresses) = packet.payload.split_at_checked(FIXED)?;
    let is_ours =
        fixed[2..4] == IPV4.to_be_bytes() && fixed[4..6] == [u8::try_from(length).ok()?, 4];
    let (sender, rest) = addresses.split_at_checked(length)?;
    let (sender_address, rest) = rest.split_at_checked(4)?;
    let target_address = rest.get(length..length + 4)?;
    let is_probe = fixed[6..8] == REQUEST.to_be_bytes()
        && sender_address == [0; 4]
        && target_address == address.octets();
    let is_user = sender_address == address.octets() || is_probe;
    (is_ours && is_user && *sender != *link.mac).then(|| sender.to_vec())
}

#[cfg(test)]
mod tests;
