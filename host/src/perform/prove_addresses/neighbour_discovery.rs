//! Who has an IPv6 address, by neighbour discovery (RFC 4861), asked as for a tentative address (duplicate address
//! detection, RFC 4862, section 5.4).
//!
//! The kernel does the same for an address that it is given, but takes one to two seconds, does not say who has it, and has the
//! address by then.

use std::net::Ipv6Addr;

use crate::kernel::link::{INFINIBAND, Link};
use crate::kernel::packet::Packet;

use super::Question;

/// `ETH_P_IPV6` (linux/if_ether.h)
pub const PROTOCOL: u16 = 0x86dd;
/// Bytes of the header of IPv6 (RFC 8200, section 3), and where in it the sender is.
const HEADER: usize = 40;
const SENDER: std::ops::Range<usize> = 8..24;
/// `IPPROTO_ICMPV6`
const ICMPV6: u8 = 58;
/// A router would have made it less: who receives it knows that it comes from a neighbour.
const HOP_LIMIT: u8 = 255;
/// Types of ICMPv6 (RFC 4861, section 4).
const SOLICITATION: u8 = 135;
const ADVERTISEMENT: u8 = 136;
/// The flag by which neighbours take the new hardware address for the one they know (RFC 4861, section 4.4).
const OVERRIDE: u8 = 0x20;
/// The group of all neighbours (RFC 4291, section 2.7.1).
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);
/// Where in a message the target is, and where options begin.
const TARGET: std::ops::Range<usize> = 8..24;
/// The option with the target's hardware address (RFC 4861, section 4.6.1).
const TARGET_ADDRESS: u8 = 2;

/// The group that whoever has the address listens to (RFC 4291, section 2.7.1).
fn group(address: Ipv6Addr) -> Ipv6Addr {
    let mut octets = [0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0];
    octets[13..].copy_from_slice(&address.octets()[13..]);
    octets.into()
}

/// The hardware address of a group: over Ethernet (RFC 2464, section 7), over InfiniBand in the scope and the partition
/// of the broadcast group (RFC 4391, section 4).
fn destination(link: &Link, group: Ipv6Addr) -> Vec<u8> {
    let group = group.octets();
    if link.hardware_type != INFINIBAND {
        return [&[0x33, 0x33], &group[12..]].concat();
    }
    let mut destination = link.broadcast.to_vec();
    destination.resize(20, 0);
    destination[6..8].copy_from_slice(&[0x60, 0x1b]);
    destination[10..].copy_from_slice(&group[6..]);
    destination
}

/// The question who has the address, from nobody.
pub fn probe(link: &Link, address: Ipv6Addr) -> Question {
    let mut message = vec![SOLICITATION, 0, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(&address.octets());
    let group = group(address);
    Question {
        destination: destination(link, group),
        packet: packet(Ipv6Addr::UNSPECIFIED, group, message),
    }
}

/// Tells all that the address is where the link is (an unsolicited advertisement, RFC 4861, section 7.2.6).
pub fn announcement(link: &Link, address: Ipv6Addr) -> Question {
    let mut message = vec![ADVERTISEMENT, 0, 0, 0, OVERRIDE, 0, 0, 0];
    message.extend_from_slice(&address.octets());
    let size = (2 + padding(link.mac.len()) + link.mac.len()).next_multiple_of(8);
    let units = u8::try_from(size / 8).unwrap_or_default();
    message.extend_from_slice(&[TARGET_ADDRESS, units]);
    message.extend(std::iter::repeat_n(0, padding(link.mac.len())));
    message.extend_from_slice(&link.mac);
    Question {
        destination: destination(link, ALL_NODES),
        packet: packet(address, ALL_NODES, message),
    }
}

fn packet(sender: Ipv6Addr, destination: Ipv6Addr, mut message: Vec<u8>) -> Vec<u8> {
    let sum = checksum(sender, destination, &message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let length = u16::try_from(message.len()).unwrap_or_default();
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend_from_slice(&length.to_be_bytes());
    packet.extend_from_slice(&[ICMPV6, HOP_LIMIT]);
    packet.extend_from_slice(&sender.octets());
    packet.extend_from_slice(&destination.octets());
    packet.extend_from_slice(&message);
    packet
}

/// The checksum of a message (RFC 8200, section 8.1), whose own is zero.
fn checksum(sender: Ipv6Addr, destination: Ipv6Addr, message: &[u8]) -> u16 {
    let length = u32::try_from(message.len()).unwrap_or_default();
    let mut bytes = [sender.octets(), destination.octets()].concat();
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&[0, 0, 0, ICMPV6]);
    bytes.extend_from_slice(message);
    let words = bytes
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |byte| u32::from(*byte)));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

/// Who says in a packet that the address is theirs, or asks for it at this moment to make it theirs. InfiniBand's
/// packets do not say who asks.
pub fn user(packet: &Packet, link: &Link, address: Ipv6Addr) -> Option<Vec<u8>> {
    let (header, message) = packet.payload.split_at_checked(HEADER)?;
    let is_neighbours = header[6] == ICMPV6 && header[7] == HOP_LIMIT;
    if !is_neighbours || message.get(TARGET)? != address.octets() {
        return None;
    }
    let sender = packet.sender.as_deref();
    let user = match message[0] {
        ADVERTISEMENT => target_address(&message[TARGET.end..], link.mac.len())
            .or(sender)
            .unwrap_or_default(),
        SOLICITATION if header[SENDER] == [0; 16] => sender?,
        _ => return None,
    };
    (*user != *link.mac).then(|| user.to_vec())
}

/// Bytes of zeroes before the hardware address in an option: InfiniBand's has two (RFC 4391, section 9.3).
fn padding(length: usize) -> usize {
    if length == 20 { 2 } else { 0 }
}

/// The hardware address in the options of an advertisement.
fn target_address(mut options: &[u8], length: usize) -> Option<&[u8]> {
    let padding = padding(length);
    while let [kind, units, ..] = *options {
        let size = usize::from(units) * 8;
        if size == 0 || size > options.len() {
            return None;
        }
        let (option, rest) = options.split_at(size);
        if kind == TARGET_ADDRESS {
            return option.get(2 + padding..2 + padding + length);
        }
        options = rest;
    }
    None
}

#[cfg(test)]
mod tests;
