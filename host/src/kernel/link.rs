//! Network interfaces (`RTM_NEWLINK`, `RTM_GETLINK`, `RTM_DELLINK`, rtnetlink(7)).

use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoData, InfoIpVlan, InfoKind, InfoMacVlan, IpVlanMode, LinkAttribute, LinkExtentMask,
    LinkFlags, LinkInfo, LinkMessage, MacVlanMode,
};
use nix::errno::Errno;

use super::{Error, Result, RouteSocket};

/// `ARPHRD_ETHER` (linux/if_arp.h)
pub const ETHERNET: u16 = 1;

/// An interface as the kernel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its index in its namespace.
    pub index: u32,
    /// Its name there.
    pub name: String,
    /// `ARPHRD_*` (linux/if_arp.h).
    pub hardware_type: u16,
    /// `IFLA_INFO_KIND`, such as `macvlan`; hardware has none.
    pub kind: Option<String>,
    /// The hardware address; empty where a link has none.
    pub mac: Vec<u8>,
    /// Bytes.
    pub mtu: u32,
    /// Set up by the administrator.
    pub up: bool,
    /// Has carrier.
    pub carrier: bool,
    /// Index of the link below it (`IFLA_LINK`), in the namespace of that link.
    pub parent: Option<u32>,
    /// Mode of a macvlan or ipvlan, in the words of ip-link(8).
    pub mode: Option<&'static str>,
}

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
}

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

impl RouteSocket {
    /// The link of this name, if there is one.
    pub fn link_by_name(&self, name: &str) -> Result<Option<Link>> {
        let mut message = LinkMessage::default();
        message
            .attributes
            .push(LinkAttribute::IfName(name.to_owned()));
        self.one_link(message, || format!("look for interface {name}"))
    }

    /// The link of this index, if there is one.
    pub fn link_by_index(&self, index: u32) -> Result<Option<Link>> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        self.one_link(message, || {
            format!("look for the interface of index {index}")
        })
    }

    fn one_link(
        &self,
        mut message: LinkMessage,
        what: impl Fn() -> String,
    ) -> Result<Option<Link>> {
        message.attributes.push(without_statistics());
        match self.get(what, RouteNetlinkMessage::GetLink(message)) {
            Ok(answers) => Ok(answers.into_iter().find_map(decode)),
            Err(error) if error.errno() == Some(Errno::ENODEV) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All links.
    ///
    /// Without `RTEXT_FILTER_VF`, so that no message has to hold all virtual functions
    /// of a physical one: with sixteen of them that fails with EMSGSIZE.
    pub fn links(&self) -> Result<Vec<Link>> {
        let mut message = LinkMessage::default();
        message.attributes.push(without_statistics());
        let message = RouteNetlinkMessage::GetLink(message);
        let answers = self.dump(|| "list the interfaces".into(), message)?;
        Ok(answers.into_iter().filter_map(decode).collect())
    }

    /// The link of this name, or the error that lists those there are.
    pub fn require_link(&self, name: &str, place: &str) -> Result<Link> {
        match self.link_by_name(name)? {
            Some(link) => Ok(link),
            None => Err(Error::NoLink {
                name: name.to_owned(),
                place: place.to_owned(),
                present: self.links()?.into_iter().map(|link| link.name).collect(),
            }),
        }
    }

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

    /// Removes the link of this index; true when it was there.
    pub fn delete_link(&self, index: u32) -> Result<bool> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        let deleted = self.change(
            || format!("delete the interface of index {index}"),
            RouteNetlinkMessage::DelLink(message),
            0,
        );
        match deleted {
            Ok(()) => Ok(true),
            Err(error) if error.errno() == Some(Errno::ENODEV) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Renames the link; it must be down.
    pub fn rename_link(&self, index: u32, name: &str) -> Result<()> {
        self.set_link(index, LinkAttribute::IfName(name.to_owned()), || {
            format!("rename the interface of index {index} to {name}")
        })
    }

    /// Sets the MTU in bytes.
    pub fn set_link_mtu(&self, index: u32, mtu: u32) -> Result<()> {
        self.set_link(index, LinkAttribute::Mtu(mtu), || {
            format!("set mtu {mtu} on the interface of index {index}")
        })
    }

    /// Sets the hardware address.
    pub fn set_link_mac(&self, index: u32, mac: &[u8]) -> Result<()> {
        self.set_link(index, LinkAttribute::Address(mac.to_vec()), || {
            format!(
                "set hardware address {} on the interface of index {index}",
                crate::mac::text(mac)
            )
        })
    }

    /// Sets the link up or down.
    pub fn set_link_up(&self, index: u32, up: bool) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.change_mask = LinkFlags::Up;
        if up {
            message.header.flags = LinkFlags::Up;
        }
        let direction = if up { "up" } else { "down" };
        self.change(
            || format!("set the interface of index {index} {direction}"),
            RouteNetlinkMessage::SetLink(message),
            0,
        )
    }

    fn set_link(
        &self,
        index: u32,
        attribute: LinkAttribute,
        what: impl Fn() -> String,
    ) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes.push(attribute);
        self.change(what, RouteNetlinkMessage::SetLink(message), 0)
    }
}

/// Counters are most of an answer, and nobody here reads them.
fn without_statistics() -> LinkAttribute {
    LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats])
}

fn mode_value<T: Copy>(modes: &[(&str, T)], mode: &str) -> Result<T> {
    modes
        .iter()
        .find_map(|(name, value)| (*name == mode).then_some(*value))
        .ok_or_else(|| Error::Decode {
            what: format!("encode the mode {mode:?}"),
            reason: "it is unknown".into(),
        })
}

fn decode(message: RouteNetlinkMessage) -> Option<Link> {
    let RouteNetlinkMessage::NewLink(message) = message else {
        return None;
    };
    let flags = message.header.flags;
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        hardware_type: message.header.link_layer_type.into(),
        kind: None,
        mac: Vec::new(),
        mtu: 0,
        up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        parent: None,
        mode: None,
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::Address(mac) => link.mac = mac,
            LinkAttribute::Mtu(mtu) => link.mtu = mtu,
            LinkAttribute::Link(parent) => link.parent = Some(parent),
            LinkAttribute::LinkInfo(infos) => decode_kind(&mut link, infos),
            _ => {}
        }
    }
    Some(link)
}

fn decode_kind(link: &mut Link, infos: Vec<LinkInfo>) {
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
            _ => {}
        }
    }
}

fn mode_name<T: PartialEq>(modes: &[(&'static str, T)], mode: &T) -> Option<&'static str> {
    modes
        .iter()
        .find_map(|(name, value)| (value == mode).then_some(*name))
}
