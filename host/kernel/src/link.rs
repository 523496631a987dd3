//! Network interfaces (`RTM_NEWLINK`, `RTM_GETLINK`, `RTM_DELLINK`, rtnetlink(7)).

use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{DefaultNla, NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    LinkAttribute, LinkExtentMask, LinkFlags, LinkMessage, LinkXdp, Prop,
};
use nix::errno::Errno;
use plumb_values::HardwareAddress;
use serde::{Deserialize, Serialize};

use super::bridge::BridgePort;
use super::create_link::decode_kind;
use super::route_answer::RouteAnswer;
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
    /// The number of the namespace in which the link below it lies, where that is another one (`IFLA_LINK_NETNSID`).
    pub parent_namespace: Option<u32>,
    /// Mode of a macvlan, ipvlan, IPoIB link or bond, in the words of ip-link(8).
    pub mode: Option<&'static str>,
    /// Number of a VLAN of IEEE 802.1Q (`IFLA_VLAN_ID`).
    pub vlan: Option<u16>,
    /// Number of a VLAN of IEEE 802.1ad (`IFLA_VLAN_ID`).
    pub service_vlan: Option<u16>,
    /// Whether a bridge's ports have VLANs of their own (`IFLA_BR_VLAN_FILTERING`).
    pub vlan_filtering: bool,
    /// What kind of a port of a bridge it is, where it is one.
    pub bridge_port: Option<BridgePort>,
    /// Index of the bond, bridge or the like that it is a member of (`IFLA_MASTER`).
    pub controller: Option<u32>,
    /// Partition key of an IPoIB link (`IFLA_IPOIB_PKEY`).
    pub partition_key: Option<u16>,
    /// Text that an administrator gave it (`IFLA_IFALIAS`).
    pub alias: Option<String>,
    /// Further names (`IFLA_ALT_IFNAME`).
    pub alternative_names: Vec<String>,
    /// The hardware address that its driver gave it when it was made, and that nobody can change
    /// (`IFLA_PERM_ADDRESS`, Linux 5.6); empty where there is none.
    pub permanent_address: HardwareAddress,
    /// `IFF_*` (linux/if.h), those of [`FREE_FLAGS`].
    pub flags: u32,
    /// `IFLA_GROUP`
    pub group: u32,
    /// Packets (`IFLA_TXQLEN`).
    pub queue_length: u32,
    /// The address by which all others on the link are reached (`IFLA_BROADCAST`).
    pub broadcast: HardwareAddress,
    /// `IF_LINK_MODE_*` (linux/if.h)
    pub link_mode: u8,
    /// What it may hand on at once.
    pub segmentation: Segmentation,
    /// The ways in which XDP programs are attached (`XDP_FLAGS_*`, linux/if_link.h).
    pub xdp_modes: Vec<u32>,
}

/// How much a link takes or hands on at once, before it is cut into packets; none where the kernel does not say, as those
/// before 6.3 of the last two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segmentation {
    /// Bytes (`IFLA_GSO_MAX_SIZE`). To set it sets that for IPv4, too.
    pub gso_bytes: Option<u32>,
    /// Packets (`IFLA_GSO_MAX_SEGS`).
    pub gso_packets: Option<u32>,
    /// Bytes (`IFLA_GRO_MAX_SIZE`). To set it sets that for IPv4, too.
    pub gro_bytes: Option<u32>,
    /// Bytes (`IFLA_GSO_IPV4_MAX_SIZE`).
    pub gso_ipv4_bytes: Option<u32>,
    /// Bytes (`IFLA_GRO_IPV4_MAX_SIZE`).
    pub gro_ipv4_bytes: Option<u32>,
}

impl Segmentation {
    /// The attributes that set it, in the order in which the kernel looks at them.
    fn attributes(&self) -> Vec<LinkAttribute> {
        [
            self.gso_bytes.map(LinkAttribute::GsoMaxSize),
            self.gso_packets.map(LinkAttribute::GsoMaxSegs),
            self.gro_bytes.map(LinkAttribute::GroMaxSize),
            self.gso_ipv4_bytes.map(LinkAttribute::GsoIpv4MaxSize),
            self.gro_ipv4_bytes.map(LinkAttribute::GroIpv4MaxSize),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The flags that can be set beside `IFF_UP` (`__dev_change_flags`, net/core/dev.c).
pub const FREE_FLAGS: LinkFlags = LinkFlags::Debug
    .union(LinkFlags::Notrailers)
    .union(LinkFlags::Noarp)
    .union(LinkFlags::Promisc)
    .union(LinkFlags::Allmulti)
    .union(LinkFlags::Multicast)
    .union(LinkFlags::Portsel)
    .union(LinkFlags::Automedia)
    .union(LinkFlags::Dynamic);

/// The flags that show a link what is not for it: `IFF_PROMISC` and `IFF_ALLMULTI` (linux/if.h).
pub const PROMISCUOUS: u32 = LinkFlags::Promisc.union(LinkFlags::Allmulti).bits();

/// `XDP_FLAGS_SKB_MODE`, `XDP_FLAGS_DRV_MODE` and `XDP_FLAGS_HW_MODE` (linux/if_link.h).
const XDP_MODES: [u32; 3] = [1 << 1, 1 << 2, 1 << 3];

impl Link {
    /// Whether nobody is asked for hardware addresses on it (`IFF_NOARP`), as on an ipvlan of mode l3.
    pub fn has_no_arp(&self) -> bool {
        self.flags & LinkFlags::Noarp.bits() != 0
    }

    /// Index of the link that it lies on, where that is in the same namespace. The ends of a pair name each other, and none is
    /// below the other.
    pub fn below(&self) -> Option<u32> {
        let is_end = matches!(self.kind.as_deref(), Some("veth" | "netkit" | "vxcan"));
        self.parent
            .filter(|_| self.parent_namespace.is_none() && !is_end)
    }

    /// Whether it is an IPoIB link on another one. A parent of those shows the kind as
    /// well, but no link below it.
    pub fn is_ipoib_child(&self) -> bool {
        self.hardware_type == INFINIBAND && self.parent.is_some()
    }
}

/// Longest other name of a link (`ALTIFNAMSIZ` less the zero, linux/if.h).
const ALTERNATIVE_NAME_BYTES: usize = 127;

/// `IFLA_ALT_IFNAME` (linux/if_link.h)
const ALTERNATIVE_NAME: u16 = 53;

impl RouteSocket {
    /// The link of this name, or of this other name, if there is one.
    pub fn link_by_name(&self, name: &str) -> Result<Option<Link>> {
        let mut message = LinkMessage::default();
        message.attributes.push(match name.len() {
            // `IFNAMSIZ` less the zero (linux/if.h). It finds links by their other names as well.
            0..=15 => LinkAttribute::IfName(name.to_owned()),
            16..=ALTERNATIVE_NAME_BYTES => {
                let text = [name.as_bytes(), b"\0"].concat();
                LinkAttribute::Other(DefaultNla::new(ALTERNATIVE_NAME, text))
            }
            // The kernel would not look for it.
            _ => return Ok(None),
        });
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
        self.change(
            || format!("take the alternative name {name} from the interface of index {index}"),
            RouteNetlinkMessage::DelLinkProp(further_name(index, name)),
            0,
        )
    }

    /// Sets the text that `ip link` shows beside the link (`IFLA_IFALIAS`).
    pub fn set_link_alias(&self, index: u32, alias: &str) -> Result<()> {
        self.set_link(index, LinkAttribute::IfAlias(alias.to_owned()), || {
            format!("set the alias of the interface of index {index}")
        })
    }

    /// Gives the link a further name.
    pub fn add_alternative_name(&self, index: u32, name: &str) -> Result<()> {
        self.change(
            || format!("give the alternative name {name} to the interface of index {index}"),
            RouteNetlinkMessage::NewLinkProp(further_name(index, name)),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }

    /// Sets the group (`IFLA_GROUP`).
    pub fn set_link_group(&self, index: u32, group: u32) -> Result<()> {
        self.set_link(index, LinkAttribute::Group(group), || {
            format!("set group {group} on the interface of index {index}")
        })
    }

    /// Sets the length of the transmit queue in packets.
    pub fn set_link_queue_length(&self, index: u32, length: u32) -> Result<()> {
        self.set_link(index, LinkAttribute::TxQueueLen(length), || {
            format!("set queue length {length} on the interface of index {index}")
        })
    }

    /// Sets the flags of [`FREE_FLAGS`].
    pub fn set_link_flags(&self, index: u32, flags: u32) -> Result<()> {
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.header.change_mask = FREE_FLAGS;
        message.header.flags = LinkFlags::from_bits_retain(flags) & FREE_FLAGS;
        self.change(
            || format!("set flags {flags:#x} on the interface of index {index}"),
            RouteNetlinkMessage::SetLink(message),
            0,
        )
    }

    /// Sets the address by which all others on the link are reached.
    pub fn set_link_broadcast(&self, index: u32, address: &[u8]) -> Result<()> {
        self.set_link(index, LinkAttribute::Broadcast(address.to_vec()), || {
            format!(
                "set broadcast address {} on the interface of index {index}",
                plumb_values::octets::text(address)
            )
        })
    }

    /// Sets `IF_LINK_MODE_*`.
    pub fn set_link_mode(&self, index: u32, mode: u8) -> Result<()> {
        self.set_link(index, LinkAttribute::Mode(mode.into()), || {
            format!("set link mode {mode} on the interface of index {index}")
        })
    }

    /// Sets how much the link takes or hands on at once.
    pub fn set_link_segmentation(&self, index: u32, segmentation: &Segmentation) -> Result<()> {
        for attribute in segmentation.attributes() {
            self.set_link(index, attribute, || {
                format!("set {segmentation:?} on the interface of index {index}")
            })?;
        }
        Ok(())
    }

    /// Takes the XDP program of one mode from the link.
    pub fn detach_xdp(&self, index: u32, mode: u32) -> Result<()> {
        let none = vec![LinkXdp::Fd(-1), LinkXdp::Flags(mode)];
        self.set_link(index, LinkAttribute::Xdp(none), || {
            format!("take the XDP program from the interface of index {index}")
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

    pub(super) fn set_link(
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

/// What `RTM_NEWLINKPROP` and `RTM_DELLINKPROP` say of one further name.
fn further_name(index: u32, name: &str) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message.attributes = vec![LinkAttribute::PropList(vec![Prop::AltIfName(
        name.to_owned(),
    )])];
    message
}

/// The way in which a program is attached.
fn xdp_mode(program: &LinkXdp) -> Option<u32> {
    let [generic, driver, hardware] = XDP_MODES;
    match program {
        LinkXdp::SkbProgId(_) => Some(generic),
        LinkXdp::DrvProgId(_) => Some(driver),
        LinkXdp::HwProgId(_) => Some(hardware),
        _ => None,
    }
}

/// Counters are most of an answer, and nobody here reads them.
fn without_statistics() -> LinkAttribute {
    LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats])
}

fn decode(answer: RouteAnswer) -> Option<Link> {
    let RouteAnswer::Link(message) = answer else {
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
        parent_namespace: None,
        mode: None,
        vlan: None,
        service_vlan: None,
        vlan_filtering: false,
        bridge_port: None,
        controller: None,
        partition_key: None,
        alias: None,
        alternative_names: Vec::new(),
        permanent_address: HardwareAddress::default(),
        flags: (flags & FREE_FLAGS).bits(),
        group: 0,
        queue_length: 0,
        broadcast: HardwareAddress::default(),
        link_mode: 0,
        segmentation: Segmentation::default(),
        xdp_modes: Vec::new(),
    };
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name = name,
            LinkAttribute::Address(mac) => link.mac = mac.into(),
            LinkAttribute::Group(group) => link.group = group,
            LinkAttribute::TxQueueLen(length) => link.queue_length = length,
            LinkAttribute::Broadcast(address) => link.broadcast = address.into(),
            LinkAttribute::Mode(mode) => link.link_mode = mode.into(),
            LinkAttribute::GsoMaxSize(size) => link.segmentation.gso_bytes = Some(size),
            LinkAttribute::GsoMaxSegs(count) => link.segmentation.gso_packets = Some(count),
            LinkAttribute::GroMaxSize(size) => link.segmentation.gro_bytes = Some(size),
            LinkAttribute::GsoIpv4MaxSize(size) => link.segmentation.gso_ipv4_bytes = Some(size),
            LinkAttribute::GroIpv4MaxSize(size) => link.segmentation.gro_ipv4_bytes = Some(size),
            LinkAttribute::Xdp(programs) => {
                link.xdp_modes = programs.iter().filter_map(xdp_mode).collect();
            }
            LinkAttribute::PermAddress(mac) => link.permanent_address = mac.into(),
            LinkAttribute::Mtu(mtu) => link.mtu = mtu,
            LinkAttribute::Link(parent) => link.parent = Some(parent),
            LinkAttribute::Controller(controller) => {
                link.controller = Some(controller).filter(|index| *index > 0);
            }
            LinkAttribute::LinkNetNsId(number) => {
                link.parent_namespace = u32::try_from(number).ok()
            }
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
