//! Links that are made on another link: macvlan, ipvlan, IPoIB, VLAN (`RTM_NEWLINK`).

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoBond, InfoData, InfoIpVlan, InfoIpoib, InfoKind, InfoMacVlan, InfoPortData, InfoVlan,
    IpVlanMode, IpoibMode, LinkAttribute, LinkInfo, LinkMessage, MacVlanMode, VlanFlags,
    VlanProtocol,
};

use super::bond::BOND_MODES;
use super::bridge;
use super::link::Link;
use super::{Error, Result, RouteSocket};

/// The kind of child that is made on a parent link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Child<'a> {
    /// `macvlan` (drivers/net/macvlan.c)
    Macvlan {
        /// One of [`MACVLAN_MODES`].
        mode: &'a str,
        /// Its hardware address.
        mac: &'a [u8],
        /// `IFLA_MACVLAN_BC_QUEUE_LEN`
        broadcast_queue_length: Option<u32>,
    },
    /// `ipvlan` (drivers/net/ipvlan)
    Ipvlan {
        /// One of [`IPVLAN_MODES`].
        mode: &'a str,
    },
    /// `ipoib` (drivers/infiniband/ulp/ipoib)
    Ipoib {
        /// `IFLA_IPOIB_PKEY`; none: the parent's.
        partition_key: Option<u16>,
        /// One of [`IPOIB_MODES`]; none: the kernel's default.
        mode: Option<&'a str>,
        /// `IFLA_IPOIB_UMCAST`
        user_multicast: Option<bool>,
    },
    /// `vlan` (net/8021q); without an MTU and a hardware address of its own it has its parent's.
    Vlan {
        /// From 1 to 4094.
        id: u16,
        /// Whether the tag is that of IEEE 802.1ad, not that of IEEE 802.1Q.
        is_802_1ad: bool,
        /// Some of [`VLAN_FLAGS`], each with whether it is to be set; the others are as the kernel has them.
        flags: &'a BTreeMap<String, bool>,
        /// Its hardware address.
        mac: Option<&'a [u8]>,
    },
}

/// Flags of a VLAN, in the words of ip-link(8).
pub const VLAN_FLAGS: [(&str, VlanFlags); 5] = [
    ("reorder_hdr", VlanFlags::ReorderHdr),
    ("gvrp", VlanFlags::Gvrp),
    ("mvrp", VlanFlags::Mvrp),
    ("loose_binding", VlanFlags::LooseBinding),
    ("bridge_binding", VlanFlags::BridgeBinding),
];

/// The kind's name of a VLAN in the kernel.
pub const VLAN: &str = "vlan";

/// Modes of a macvlan, in the words of ip-link(8).
pub const MACVLAN_MODES: [(&str, MacVlanMode); 4] = [
    ("private", MacVlanMode::Private),
    ("vepa", MacVlanMode::Vepa),
    ("bridge", MacVlanMode::Bridge),
    ("passthru", MacVlanMode::Passthrough),
];

/// Modes of an ipvlan, in the words of ip-link(8).
pub const IPVLAN_MODES: [(&str, IpVlanMode); 3] = [
    ("l2", IpVlanMode::L2),
    ("l3", IpVlanMode::L3),
    ("l3s", IpVlanMode::L3S),
];

/// Modes of an IPoIB link, in the words of ip-link(8).
pub const IPOIB_MODES: [(&str, IpoibMode); 2] = [
    ("datagram", IpoibMode::Datagram),
    ("connected", IpoibMode::Connected),
];

impl RouteSocket {
    /// Makes a child of a link, given by index and name, down, called `name`; in the
    /// namespace `into`, else in this socket's.
    pub fn create_child(
        &self,
        (parent, parent_name): (u32, &str),
        child: Child<'_>,
        name: &str,
        mtu: Option<u32>,
        into: Option<BorrowedFd<'_>>,
    ) -> Result<()> {
        let mut attributes = vec![
            LinkAttribute::IfName(name.to_owned()),
            LinkAttribute::Link(parent),
        ];
        attributes.extend(into.map(|netns| LinkAttribute::NetNsFd(netns.as_raw_fd())));
        attributes.extend(mtu.map(LinkAttribute::Mtu));
        let (kind, data) = match child {
            Child::Macvlan {
                mode,
                mac,
                broadcast_queue_length,
            } => {
                attributes.push(LinkAttribute::Address(mac.to_vec()));
                let mode = InfoMacVlan::Mode(mode_value(&MACVLAN_MODES, mode)?);
                let queue = broadcast_queue_length.map(InfoMacVlan::BcQueueLen);
                let data = std::iter::once(mode).chain(queue).collect();
                (InfoKind::MacVlan, InfoData::MacVlan(data))
            }
            Child::Ipvlan { mode } => {
                let mode = InfoIpVlan::Mode(mode_value(&IPVLAN_MODES, mode)?);
                (InfoKind::IpVlan, InfoData::IpVlan(vec![mode]))
            }
            Child::Ipoib {
                partition_key,
                mode,
                user_multicast,
            } => {
                let mode = mode
                    .map(|mode| mode_value(&IPOIB_MODES, mode))
                    .transpose()?;
                let data = [
                    partition_key.map(InfoIpoib::Pkey),
                    mode.map(InfoIpoib::Mode),
                    user_multicast.map(|handled| InfoIpoib::UmCast(handled.into())),
                ];
                let data = data.into_iter().flatten().collect();
                (InfoKind::Ipoib, InfoData::Ipoib(data))
            }
            Child::Vlan {
                id,
                is_802_1ad,
                flags,
                mac,
            } => {
                attributes.extend(mac.map(|mac| LinkAttribute::Address(mac.to_vec())));
                let protocol = match is_802_1ad {
                    true => VlanProtocol::Ieee8021Ad,
                    false => VlanProtocol::Ieee8021Q,
                };
                let mut data = vec![InfoVlan::Id(id), InfoVlan::Protocol(protocol)];
                let (mut set, mut mask) = (VlanFlags::empty(), VlanFlags::empty());
                for (word, enabled) in flags {
                    let flag = mode_value(&VLAN_FLAGS, word)?;
                    mask |= flag;
                    set.set(flag, *enabled);
                }
                if !mask.is_empty() {
                    data.push(InfoVlan::Flags((set, mask)));
                }
                (InfoKind::Vlan, InfoData::Vlan(data))
            }
        };
        let kind_name = kind.to_string();
        attributes.push(LinkAttribute::LinkInfo(vec![
            LinkInfo::Kind(kind),
            LinkInfo::Data(data),
        ]));
        let mut message = LinkMessage::default();
        message.attributes = attributes;
        self.change(
            || format!("create {kind_name} {name} on {parent_name}"),
            RouteNetlinkMessage::NewLink(message),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }
}

pub(super) fn mode_value<T: Copy>(modes: &[(&str, T)], mode: &str) -> Result<T> {
    modes
        .iter()
        .find_map(|(name, value)| (*name == mode).then_some(*value))
        .ok_or_else(|| Error::Decode {
            what: format!("encode the mode {mode:?}"),
            reason: "it is unknown".into(),
        })
}

/// What `IFLA_LINKINFO` says of a link.
pub(super) fn decode_kind(link: &mut Link, infos: Vec<LinkInfo>) {
    for info in infos {
        match info {
            LinkInfo::Kind(kind) => link.kind = Some(kind.to_string()),
            LinkInfo::Data(InfoData::MacVlan(data)) => {
                link.mode = data.iter().find_map(|item| match item {
                    InfoMacVlan::Mode(mode) => mode_name(&MACVLAN_MODES, mode),
                    _ => None,
                });
            }
            LinkInfo::Data(InfoData::IpVlan(data)) => {
                link.mode = data.iter().find_map(|item| match item {
                    InfoIpVlan::Mode(mode) => mode_name(&IPVLAN_MODES, mode),
                    _ => None,
                });
            }
            LinkInfo::Data(InfoData::Bond(data)) => {
                link.mode = data.iter().find_map(|item| match item {
                    InfoBond::Mode(mode) => mode_name(&BOND_MODES, mode),
                    _ => None,
                });
            }
            LinkInfo::Data(InfoData::Vlan(data)) => {
                let id = data.iter().find_map(|item| match item {
                    InfoVlan::Id(id) => Some(*id),
                    _ => None,
                });
                let protocol = data.iter().find_map(|item| match item {
                    InfoVlan::Protocol(protocol) => Some(*protocol),
                    _ => None,
                });
                match protocol {
                    None | Some(VlanProtocol::Ieee8021Q) => link.vlan = id,
                    Some(VlanProtocol::Ieee8021Ad) => link.service_vlan = id,
                    Some(_) => {}
                }
            }
            LinkInfo::Data(InfoData::Bridge(data)) => {
                link.vlan_filtering = bridge::has_vlan_filtering(&data);
            }
            LinkInfo::PortData(InfoPortData::BridgePort(data)) => {
                link.bridge_port = Some(bridge::decode(&data));
            }
            LinkInfo::Data(InfoData::Ipoib(data)) => {
                for item in data {
                    match item {
                        InfoIpoib::Mode(mode) => link.mode = mode_name(&IPOIB_MODES, &mode),
                        InfoIpoib::Pkey(key) => link.partition_key = Some(key),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
}

fn mode_name<T: PartialEq>(modes: &[(&'static str, T)], mode: &T) -> Option<&'static str> {
    modes
        .iter()
        .find_map(|(name, value)| (value == mode).then_some(*name))
}
