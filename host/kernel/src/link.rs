//! Network interfaces (`RTM_NEWLINK`, `RTM_GETLINK`, `RTM_DELLINK`, rtnetlink(7)).

use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{LinkAttribute, LinkExtentMask, LinkFlags, LinkMessage, Prop};
use nix::errno::Errno;
use plumb_values::HardwareAddress;

use super::create_link::decode_kind;
use super::{Error, Result, RouteSocket};

/// `ARPHRD_ETHER` (linux/if_arp.h)
pub const ETHERNET: u16 = 1;
/// `ARPHRD_INFINIBAND` (linux/if_arp.h)
pub const INFINIBAND: u16 = 32;

/// An interface as the kernel shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    pub mac: HardwareAddress,
    /// Bytes.
    pub mtu: u32,
    /// Set up by the administrator.
    pub up: bool,
    /// Has carrier.
    pub carrier: bool,
    /// Index of the link below it (`IFLA_LINK`), in the namespace of that link.
    pub parent: Option<u32>,
    /// Mode of a macvlan, ipvlan or IPoIB link, in the words of ip-link(8).
    pub mode: Option<&'static str>,
    /// Partition key of an IPoIB link (`IFLA_IPOIB_PKEY`).
    pub partition_key: Option<u16>,
    /// Text that an administrator gave it (`IFLA_IFALIAS`).
    pub alias: Option<String>,
    /// Further names (`IFLA_ALT_IFNAME`).
    pub alternative_names: Vec<String>,
}

impl Link {
    /// Whether it is an IPoIB link on another one. A parent of those shows the kind as
    /// well, but no link below it.
    pub fn is_ipoib_child(&self) -> bool {
        self.hardware_type == INFINIBAND && self.parent.is_some()
    }
}

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

    /// Moves the link to another namespace, where it is called `name`. The kernel sets it
    /// down, drops its addresses, and keeps its index where that is free.
    pub fn move_link(&self, link: &Link, netns: BorrowedFd<'_>, name: &str) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = link.index;
        message.attributes = vec![
            LinkAttribute::NetNsFd(netns.as_raw_fd()),
            LinkAttribute::IfName(name.to_owned()),
        ];
        self.change(
            || {
                format!(
                    "move interface {} to another network namespace as {name}",
                    link.name
                )
            },
            RouteNetlinkMessage::SetLink(message),
            0,
        )
    }

    /// Takes a further name from the link.
    pub fn delete_alternative_name(&self, index: u32, name: &str) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes = vec![LinkAttribute::PropList(vec![Prop::AltIfName(
            name.to_owned(),
        )])];
        self.change(
            || format!("take the alternative name {name} from the interface of index {index}"),
            RouteNetlinkMessage::DelLinkProp(message),
            0,
        )
    }

    /// Sets the text that `ip link` shows beside the link (`IFLA_IFALIAS`).
    pub fn set_link_alias(&self, index: u32, alias: &str) -> Result<()> {
        self.set_link(index, LinkAttribute::IfAlias(alias.to_owned()), || {
            format!("set the alias of the interface of index {index}")
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
                plumb_values::octets::text(mac)
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
        mac: HardwareAddress::default(),
        mtu: 0,
        up: flags.contains(LinkFlags::Up),
        carrier: flags.contains(LinkFlags::LowerUp),
        parent: None,
        mode: None,
        partition_key: None,
        alias: None,
        alternative_names: Vec::new(),
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::Address(mac) => link.mac = mac.into(),
            LinkAttribute::Mtu(mtu) => link.mtu = mtu,
            LinkAttribute::Link(parent) => link.parent = Some(parent),
            LinkAttribute::LinkInfo(infos) => decode_kind(&mut link, infos),
            LinkAttribute::IfAlias(alias) => link.alias = Some(alias),
            LinkAttribute::PropList(properties) => {
                link.alternative_names = properties
                    .into_iter()
                    .filter_map(|property| match property {
                        Prop::AltIfName(name) => Some(name),
                        _ => None,
                    })
                    .collect();
            }
            _ => {}
        }
    }
    Some(link)
}
