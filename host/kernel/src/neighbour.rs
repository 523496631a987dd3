//! Neighbour entries (`RTM_NEWNEIGH`, rtnetlink(7)).

use std::net::IpAddr;

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::neighbour::{
    NeighbourAddress, NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState,
};
use netlink_packet_route::route::RouteType;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;
use plumb_values::HardwareAddress;

use super::address::family;
use super::route_answer::RouteAnswer;
use super::{Result, RouteSocket};

/// What the kernel knows of a neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// Nothing.
    None,
    /// It has asked and not heard yet.
    Asked,
    /// It has asked as often as it does, and heard nothing.
    Unanswered,
    /// Where it is: by its answer, or by somebody's word.
    Known,
}

/// What the kernel holds of a neighbour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// How sure it is (`NUD_*`, linux/neighbour.h).
    pub state: NeighbourState,
    /// Where it is; empty while nobody knows.
    pub mac: HardwareAddress,
}

impl Entry {
    /// In the words of ip-neighbour(8).
    pub fn word(&self) -> &'static str {
        match self.state {
            NeighbourState::Incomplete => "incomplete",
            NeighbourState::Reachable => "reachable",
            NeighbourState::Stale => "stale",
            NeighbourState::Delay => "delay",
            NeighbourState::Probe => "probe",
            NeighbourState::Failed => "failed",
            NeighbourState::Noarp => "noarp",
            NeighbourState::Permanent => "permanent",
            _ => "unknown",
        }
    }
}

impl RouteSocket {
    /// Has the kernel ask for a neighbour (`NTF_USE`), as it would for a packet: by ARP, by neighbour discovery, or over
    /// InfiniBand as that does it. It asks at once, and again after `retrans_time_ms`.
    pub fn ask_for_neighbour(&self, index: u32, address: IpAddr) -> Result<()> {
        let mut message = message(index, address);
        message.header.flags = NeighbourFlags::Use;
        self.change(
            || format!("ask for neighbour {address} on the interface of index {index}"),
            RouteNetlinkMessage::NewNeighbour(message),
            NLM_F_CREATE | NLM_F_REPLACE,
        )
    }

    /// What the kernel knows of a neighbour.
    pub fn neighbour(&self, index: u32, address: IpAddr) -> Result<Knowledge> {
        let entry = self.neighbour_entry(index, address)?;
        Ok(match entry.map(|entry| entry.state) {
            None | Some(NeighbourState::None) => Knowledge::None,
            Some(NeighbourState::Incomplete) => Knowledge::Asked,
            Some(NeighbourState::Failed) => Knowledge::Unanswered,
            Some(_) => Knowledge::Known,
        })
    }

    /// The entry that the kernel has of a neighbour. Asking for it sends nothing.
    pub fn neighbour_entry(&self, index: u32, address: IpAddr) -> Result<Option<Entry>> {
        let answers = self.get(
            || format!("read neighbour {address} of the interface of index {index}"),
            RouteNetlinkMessage::GetNeighbour(message(index, address)),
        );
        let answers = match answers {
            Err(error) if error.errno() == Some(Errno::ENOENT) => return Ok(None),
            answers => answers?,
        };
        Ok(answers.iter().find_map(|answer| match answer {
            RouteAnswer::Neighbour(message) => Some(Entry {
                state: message.header.state,
                mac: decode(message)
                    .map(|(_, mac)| mac)
                    .unwrap_or_default()
                    .into(),
            }),
            _ => None,
        }))
    }

    /// Has the kernel forget what it has learnt of a neighbour; true when it knew anything. A permanent entry stays.
    pub fn forget_neighbour(&self, index: u32, address: IpAddr) -> Result<bool> {
        if self
            .neighbours(index)?
            .iter()
            .any(|(found, _)| *found == address)
        {
            return Ok(false);
        }
        self.remove_neighbour(index, address)
    }

    /// Adds a permanent entry (`NUD_PERMANENT`).
    pub fn add_neighbour(&self, index: u32, address: IpAddr, mac: &[u8]) -> Result<()> {
        let mut message = message(index, address);
        message.header.state = NeighbourState::Permanent;
        message
            .attributes
            .push(NeighbourAttribute::LinkLayerAddress(mac.to_vec()));
        self.change(
            || format!("add neighbour {address} to the interface of index {index}"),
            RouteNetlinkMessage::NewNeighbour(message),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }

    /// Removes the permanent entry with this hardware address; true when it was there. What
    /// the kernel has learnt since, or somebody else has set, stays.
    pub fn delete_neighbour(&self, index: u32, address: IpAddr, mac: &[u8]) -> Result<bool> {
        let entries = self.neighbours(index)?;
        let is_this = |(found, at): &(IpAddr, Vec<u8>)| *found == address && at == mac;
        if !entries.iter().any(is_this) {
            return Ok(false);
        }
        self.remove_neighbour(index, address)
    }

    /// Removes an entry, whatever it is; true when it was there.
    fn remove_neighbour(&self, index: u32, address: IpAddr) -> Result<bool> {
        let deleted = self.change(
            || format!("delete neighbour {address} from the interface of index {index}"),
            RouteNetlinkMessage::DelNeighbour(message(index, address)),
            0,
        );
        match deleted {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.errno(), Some(Errno::ENOENT | Errno::ENODEV)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The permanent entries of one interface: address and hardware address.
    pub fn neighbours(&self, index: u32) -> Result<Vec<(IpAddr, Vec<u8>)>> {
        let mut request = NeighbourMessage::default();
        request.attributes.push(NeighbourAttribute::IfIndex(index));
        let answers = self.dump(
            || format!("list the neighbours of the interface of index {index}"),
            RouteNetlinkMessage::GetNeighbour(request),
        )?;
        Ok(answers
            .into_iter()
            .filter_map(|answer| match answer {
                RouteAnswer::Neighbour(message)
                    if message.header.ifindex == index
                        && message.header.state == NeighbourState::Permanent =>
                {
                    decode(&message)
                }
                _ => None,
            })
            .collect())
    }

    /// Whether the interface takes frames for this hardware address beside its own (`dev_uc_add`): a macvlan that is up
    /// enters its own there, whatever namespace it is in.
    pub fn takes_frames_for(&self, index: u32, mac: &[u8]) -> Result<bool> {
        let mut request = NeighbourMessage::default();
        request.header.family = AddressFamily::Bridge;
        request.header.ifindex = index;
        let answers = self.dump(
            || format!("list the hardware addresses of the interface of index {index}"),
            RouteNetlinkMessage::GetNeighbour(request),
        );
        let answers = match answers {
            Err(error) if error.errno() == Some(Errno::ENODEV) => return Ok(false),
            answers => answers?,
        };
        Ok(answers.into_iter().any(|answer| match answer {
            RouteAnswer::Neighbour(message) => {
                let is_it = |attribute: &NeighbourAttribute| {
                    matches!(attribute, NeighbourAttribute::LinkLayerAddress(found) if found == mac)
                };
                message.header.ifindex == index && message.attributes.iter().any(is_it)
            }
            _ => false,
        }))
    }
}

fn message(index: u32, address: IpAddr) -> NeighbourMessage {
    let mut message = NeighbourMessage::default();
    message.header.family = family(address);
    message.header.ifindex = index;
    message.header.kind = RouteType::Unspec;
    let destination = match address {
        IpAddr::V4(address) => NeighbourAddress::Inet(address),
        IpAddr::V6(address) => NeighbourAddress::Inet6(address),
    };
    message
        .attributes
        .push(NeighbourAttribute::Destination(destination));
    message
}

fn decode(message: &NeighbourMessage) -> Option<(IpAddr, Vec<u8>)> {
    let mut address = None;
    let mut mac = Vec::new();
    for attribute in &message.attributes {
        match attribute {
            NeighbourAttribute::Destination(NeighbourAddress::Inet(found)) => {
                address = Some(IpAddr::V4(*found));
            }
            NeighbourAttribute::Destination(NeighbourAddress::Inet6(found)) => {
                address = Some(IpAddr::V6(*found));
            }
            NeighbourAttribute::LinkLayerAddress(found) => mac.clone_from(found),
            _ => {}
        }
    }
    Some((address?, mac))
}
