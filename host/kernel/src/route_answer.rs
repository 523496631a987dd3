//! What rtnetlink answers with, as far as it is read here.
//!
//! The packet crate's own list of messages reads every kind that there is, traffic control's too, and of a link each of
//! some fifty attributes with all that lies in them. A pod with rails is asked for its links by each ADD.

use netlink_packet_core::{
    DecodeError, ErrorContext, NetlinkDeserializable, NetlinkHeader, NlaBuffer, NlasIterator,
    Parseable, ParseableParametrized,
};
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::{LinkAttribute, LinkHeader, LinkMessage};
use netlink_packet_route::neighbour::NeighbourMessage;
use netlink_packet_route::nsid::NsidMessage;
use netlink_packet_route::route::RouteMessage;
use netlink_packet_route::rule::RuleMessage;
use nix::libc;

/// An object that the kernel shows.
pub enum RouteAnswer {
    /// `RTM_NEWLINK`, with the attributes of [`READ_OF_A_LINK`].
    Link(LinkMessage),
    /// `RTM_NEWADDR`
    Address(AddressMessage),
    /// `RTM_NEWROUTE`
    Route(RouteMessage),
    /// `RTM_NEWNEIGH`
    Neighbour(NeighbourMessage),
    /// `RTM_NEWRULE`
    Rule(RuleMessage),
    /// `RTM_NEWNSID`
    NamespaceNumber(NsidMessage),
    /// Nothing that anybody here asks for.
    Other,
}

/// Those of which [`Link`](super::link::Link) and the settings of virtual functions are made (linux/if_link.h).
const READ_OF_A_LINK: [u16; 21] = [
    libc::IFLA_ADDRESS,
    libc::IFLA_BROADCAST,
    libc::IFLA_IFNAME,
    libc::IFLA_MTU,
    libc::IFLA_LINK,
    libc::IFLA_MASTER,
    libc::IFLA_TXQLEN,
    libc::IFLA_LINKMODE,
    libc::IFLA_LINKINFO,
    libc::IFLA_IFALIAS,
    libc::IFLA_VFINFO_LIST,
    libc::IFLA_GROUP,
    libc::IFLA_LINK_NETNSID,
    libc::IFLA_GSO_MAX_SEGS,
    libc::IFLA_GSO_MAX_SIZE,
    libc::IFLA_XDP,
    libc::IFLA_PROP_LIST,
    libc::IFLA_PERM_ADDRESS,
    GRO_MAX_SIZE,
    GSO_IPV4_MAX_SIZE,
    GRO_IPV4_MAX_SIZE,
];
/// `IFLA_GRO_MAX_SIZE`, `IFLA_GSO_IPV4_MAX_SIZE` and `IFLA_GRO_IPV4_MAX_SIZE` (linux/if_link.h)
const GRO_MAX_SIZE: u16 = 58;
const GSO_IPV4_MAX_SIZE: u16 = 63;
const GRO_IPV4_MAX_SIZE: u16 = 64;

/// Bytes of `struct ifinfomsg` (linux/rtnetlink.h), before the attributes.
const LINK_HEADER_BYTES: usize = 16;

impl NetlinkDeserializable for RouteAnswer {
    type Error = DecodeError;

    fn deserialize(header: &NetlinkHeader, payload: &[u8]) -> Result<Self, DecodeError> {
        Ok(match header.message_type {
            libc::RTM_NEWLINK => Self::Link(link(payload).context("a link")?),
            libc::RTM_NEWADDR => {
                Self::Address(AddressMessage::parse(payload).context("an address")?)
            }
            libc::RTM_NEWROUTE => Self::Route(RouteMessage::parse(payload).context("a route")?),
            libc::RTM_NEWNEIGH => {
                Self::Neighbour(NeighbourMessage::parse(payload).context("a neighbour")?)
            }
            libc::RTM_NEWRULE => Self::Rule(RuleMessage::parse(payload).context("a rule")?),
            libc::RTM_NEWNSID => {
                Self::NamespaceNumber(NsidMessage::parse(payload).context("a namespace's number")?)
            }
            _ => Self::Other,
        })
    }
}

fn link(payload: &[u8]) -> Result<LinkMessage, DecodeError> {
    let mut message = LinkMessage::default();
    message.header = LinkHeader::parse(payload)?;
    let family = message.header.interface_family;
    for attribute in NlasIterator::new(&payload[LINK_HEADER_BYTES..]) {
        let attribute: NlaBuffer<&[u8]> = attribute?;
        if READ_OF_A_LINK.contains(&attribute.kind()) {
            let attribute = LinkAttribute::parse_with_param(&attribute, family)?;
            message.attributes.push(attribute);
        }
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend((4 + value.len() as u16).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    fn header(message_type: u16) -> NetlinkHeader {
        let mut header = NetlinkHeader::default();
        header.message_type = message_type;
        header
    }

    #[test]
    fn a_link_has_what_is_read_of_it_and_garbage_elsewhere_in_it_is_nobodys_business() {
        let mut payload = vec![0; LINK_HEADER_BYTES];
        payload[4..8].copy_from_slice(&7u32.to_ne_bytes());
        payload.extend(attribute(libc::IFLA_IFNAME, b"net1\0"));
        payload.extend(attribute(libc::IFLA_STATS64, &[0xff; 3]));
        payload.extend(attribute(libc::IFLA_MTU, &9000u32.to_ne_bytes()));
        let Ok(RouteAnswer::Link(message)) =
            RouteAnswer::deserialize(&header(libc::RTM_NEWLINK), &payload)
        else {
            panic!("it is a link");
        };
        assert_eq!(message.header.index, 7);
        assert_eq!(
            message.attributes,
            [
                LinkAttribute::IfName("net1".to_owned()),
                LinkAttribute::Mtu(9000)
            ]
        );
    }

    #[test]
    fn a_link_that_is_cut_off_is_an_error() {
        let mut payload = vec![0; LINK_HEADER_BYTES - 1];
        let answer = RouteAnswer::deserialize(&header(libc::RTM_NEWLINK), &payload);
        assert!(answer.is_err());
        payload.push(0);
        payload.extend(&attribute(libc::IFLA_IFNAME, b"net1\0")[..6]);
        let answer = RouteAnswer::deserialize(&header(libc::RTM_NEWLINK), &payload);
        assert!(answer.is_err());
    }
}
