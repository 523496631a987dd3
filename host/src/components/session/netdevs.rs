//! What a flavour may record of VLANs, pairs and netdevs of the host, and of an interface's queues.

use std::collections::BTreeMap;

use plumb_values::arguments::{
    ETHERNET_MTU, VLAN_FLAGS, check_bridge, check_channel_counts, check_movable, check_mtu,
    check_not_default, check_one_bridge, check_port_settings, check_ring_sizes, check_unicast,
    check_vlan_child, check_word,
};
use plumb_values::names::check_alternative_name;
use serde::{Deserialize, Serialize};

use super::authority::Authority;
use super::bridges::Bridge;
use super::links::parent_of;
use super::{LinkHandle, PodLinkHandle};
use crate::components::refusal::Refusal;
use crate::facts::Place;
use crate::kernel::bridge::BridgePort;
use crate::operations::{
    AddAlternativeName, CreateVeth, CreateVlan, MoveNetdev, Operation, SetChannels, SetQueueLength,
    SetRings,
};
use crate::policy::links_of_default_route;

/// `ETH_P_8021Q` (linux/if_ether.h)
const CUSTOMER_TAG: u16 = 0x8100;

/// Options of `create-vlan`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VlanOptions {
    /// From 1 to 4094.
    pub id: u16,
    /// None: that of 802.1Q.
    pub protocol: Option<u16>,
    /// In the words of ip-link(8).
    pub flags: BTreeMap<String, bool>,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// None: the parent's.
    pub mac: Option<Vec<u8>>,
    /// None: the requested one.
    pub name: Option<String>,
}

/// Options of `create-veth`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VethOptions {
    /// The number of its handle.
    pub bridge: Option<u32>,
    /// The number of its handle.
    pub shared_bridge: Option<u32>,
    /// What the port of the bridge does.
    pub port: BridgePort,
    /// Bytes; none: the bridge's.
    pub mtu: Option<u32>,
    /// None: a random locally administered one.
    pub mac: Option<Vec<u8>>,
    /// None: the requested one.
    pub name: Option<String>,
}

/// Numbers of `set-rings`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingSizes {
    /// Packets.
    pub receive: Option<u32>,
    /// Packets.
    pub transmit: Option<u32>,
}

/// Numbers of `set-channels`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelCounts {
    /// Queues that only receive.
    pub receive: Option<u32>,
    /// Queues that only transmit.
    pub transmit: Option<u32>,
    /// Those that do both.
    pub combined: Option<u32>,
}

type Answer<T> = Result<T, Refusal>;

/// Each is the operation of the same name in the contract.
///
/// # Errors
///
/// [`Reason::Denied`](crate::components::refusal::Reason::Denied) without a grant,
/// [`Reason::InvalidConfiguration`](crate::components::refusal::Reason::InvalidConfiguration) for an argument that is
/// out of range.
impl Authority {
    pub(super) fn create_vlan(
        &mut self,
        parent: &LinkHandle,
        options: VlanOptions,
    ) -> Answer<PodLinkHandle> {
        let own = options.name.as_deref();
        self.create("create-vlan", own, |authority, link, name| {
            authority.may_use_parent("create-vlan", parent)?;
            let protocol = options.protocol.unwrap_or(CUSTOMER_TAG);
            check_vlan_child(options.id, protocol)?;
            for flag in options.flags.keys() {
                check_word("vlan flag", flag, &VLAN_FLAGS)?;
            }
            authority.child_of(link, "vlan", parent, options.mtu)?;
            options.mac.as_deref().map_or(Ok(()), check_unicast)?;
            Ok(Operation::CreateVlan(CreateVlan {
                link,
                parent: parent_of(parent),
                id: options.id,
                protocol,
                flags: options.flags.clone(),
                mtu: options.mtu,
                mac: options.mac.clone(),
                name,
                temporary_name: String::new(),
                index: None,
            }))
        })
    }

    pub(super) fn create_veth(&mut self, options: VethOptions) -> Answer<PodLinkHandle> {
        let bridge = match (options.bridge, options.shared_bridge) {
            (Some(number), _) => Some(Bridge::of(&self.given(number)?)),
            (None, Some(number)) => Some(self.given_bridge(number)?),
            (None, None) => None,
        };
        let own = options.name.as_deref();
        self.create("create-veth", own, |authority, link, name| {
            check_one_bridge(options.bridge.is_some(), options.shared_bridge.is_some())?;
            if let Some(bridge) = &bridge {
                let (facts, is_in_pod) = (&bridge.facts, bridge.parent.in_pod);
                if !is_in_pod {
                    authority.may_use_link("create-veth", facts)?;
                }
                check_bridge(&facts.name, facts.kind.as_deref(), is_in_pod)?;
            } else {
                check_port_settings(options.port != BridgePort::default())?;
            }
            options.mtu.map_or(Ok(()), check_mtu)?;
            options.mac.as_deref().map_or(Ok(()), check_unicast)?;
            let mtu = bridge
                .as_ref()
                .map_or(ETHERNET_MTU, |bridge| bridge.facts.mtu);
            Ok(Operation::CreateVeth(CreateVeth {
                link,
                name,
                mtu: options.mtu.unwrap_or(mtu),
                mac: options.mac.clone().unwrap_or_default(),
                bridge: bridge.map(|bridge| bridge.parent),
                port: options.port,
                is_reported: true,
                ..CreateVeth::default()
            }))
        })
    }

    pub(super) fn move_netdev(
        &mut self,
        link: &LinkHandle,
        name: Option<&str>,
    ) -> Answer<PodLinkHandle> {
        self.create("move-netdev", name, |authority, number, name| {
            authority.may_use_parent("move-netdev", link)?;
            let facts = &link.facts;
            check_movable(
                &facts.name,
                link.place == Place::Pod,
                facts.hardware_type,
                facts.kind.as_deref(),
                facts.pci.as_deref(),
            )?;
            let leading = links_of_default_route(authority.facts.as_ref())?;
            let leading: Vec<&str> = leading.iter().map(|link| link.name.as_str()).collect();
            check_not_default(&facts.name, &leading).map_err(Refusal::denied)?;
            Ok(Operation::MoveNetdev(MoveNetdev {
                link: number,
                netdev: parent_of(link),
                name,
                original: None,
                index: None,
            }))
        })
    }

    pub(super) fn set_queue_length(&mut self, link: PodLinkHandle, packets: u32) -> Answer<()> {
        let operation = SetQueueLength {
            link: link.number,
            length: packets,
            before: None,
        };
        self.add("set-queue-length", Operation::SetQueueLength(operation))
    }

    pub(super) fn add_alternative_name(&mut self, link: PodLinkHandle, name: String) -> Answer<()> {
        check_alternative_name(&name)?;
        let operation = AddAlternativeName {
            link: link.number,
            name,
            had: false,
        };
        self.add(
            "add-alternative-name",
            Operation::AddAlternativeName(operation),
        )
    }

    pub(super) fn set_rings(&mut self, link: PodLinkHandle, sizes: RingSizes) -> Answer<()> {
        check_ring_sizes(sizes.receive, sizes.transmit)?;
        let operation = SetRings {
            link: link.number,
            receive: sizes.receive,
            transmit: sizes.transmit,
            before: None,
        };
        self.add("set-rings", Operation::SetRings(operation))
    }

    pub(super) fn set_channels(
        &mut self,
        link: PodLinkHandle,
        counts: ChannelCounts,
    ) -> Answer<()> {
        check_channel_counts(counts.receive, counts.transmit, counts.combined)?;
        let operation = SetChannels {
            link: link.number,
            receive: counts.receive,
            transmit: counts.transmit,
            combined: counts.combined,
            before: None,
        };
        self.add("set-channels", Operation::SetChannels(operation))
    }
}
