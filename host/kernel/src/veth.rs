//! Pairs of interfaces, of which each sends what the other receives (`RTM_NEWLINK`, veth(4)).

use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoKind, InfoVeth, LinkAttribute, LinkInfo, LinkMessage,
};

use super::{Result, RouteSocket};

/// The kind's name in the kernel.
pub const VETH: &str = "veth";

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its hardware address. Stated for both, or udev may give them others in the moment after.
    pub mac: &'a [u8],
}

impl RouteSocket {
    /// Makes a pair, both down: one end in this socket's namespace, the other one in `into`.
    pub fn create_veth(
        &self,
        here: End<'_>,
        there: End<'_>,
        mtu: u32,
        into: BorrowedFd<'_>,
    ) -> Result<()> {
        let end = |end: End<'_>| {
            vec![
                LinkAttribute::IfName(end.name.to_owned()),
                LinkAttribute::Address(end.mac.to_vec()),
                LinkAttribute::Mtu(mtu),
            ]
        };
        let mut peer = LinkMessage::default();
        peer.attributes = end(there);
        peer.attributes
            .push(LinkAttribute::NetNsFd(into.as_raw_fd()));
        let mut message = LinkMessage::default();
        message.attributes = end(here);
        message.attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(InfoKind::Veth),
            LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
        ]));
        self.change(
            || {
                format!(
                    "create the pair of {} and the pod's {}",
                    here.name, there.name
                )
            },
            RouteNetlinkMessage::NewLink(message),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }
}
