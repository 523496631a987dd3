//! Bridges and their ports (`RTM_NEWLINK`, bridge(8), net/bridge/br_netlink.c).

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoBridge, InfoBridgePort, InfoData, InfoKind, InfoPortData, InfoPortKind, LinkAttribute,
    LinkInfo, LinkMessage,
};
use serde::{Deserialize, Serialize};

use super::{Result, RouteSocket};

/// The kind's name in the kernel.
pub const BRIDGE: &str = "bridge";

/// What a port does that others do not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgePort {
    /// Whether frames go back by the port that they came from (`IFLA_BRPORT_MODE`).
    pub hairpin: bool,
    /// Whether it reaches no other port that is isolated (`IFLA_BRPORT_ISOLATED`, Linux 4.18).
    pub isolated: bool,
}

impl RouteSocket {
    /// Makes a bridge without ports, down.
    pub fn create_bridge(&self, name: &str, has_vlan_filtering: bool) -> Result<()> {
        // A kernel without VLANs of ports refuses to be asked for none (`br_changelink`).
        let data = match has_vlan_filtering {
            true => vec![InfoBridge::VlanFiltering(true)],
            false => Vec::new(),
        };
        let mut message = LinkMessage::default();
        message.attributes = vec![
            LinkAttribute::IfName(name.to_owned()),
            LinkAttribute::LinkInfo(vec![
                LinkInfo::Kind(InfoKind::Bridge),
                LinkInfo::Data(InfoData::Bridge(data)),
            ]),
        ];
        self.change(
            || match has_vlan_filtering {
                true => format!("create bridge {name} with VLAN filtering"),
                false => format!("create bridge {name}"),
            },
            RouteNetlinkMessage::NewLink(message),
            NLM_F_CREATE | NLM_F_EXCL,
        )
    }

    /// Sets the MTU of a bridge, in bytes, for good: its ports change it until somebody has
    /// (`BROPT_MTU_SET_BY_USER`, net/bridge/br_device.c), and the kernel does not see who sets what is there.
    pub fn set_bridge_mtu(&self, index: u32, (now, mtu): (u32, u32)) -> Result<()> {
        if now == mtu {
            self.set_link_mtu(index, mtu.saturating_sub(1))?;
        }
        self.set_link_mtu(index, mtu)
    }

    /// Makes a link a port of a bridge.
    pub fn add_to_bridge(
        &self,
        (index, name): (u32, &str),
        (bridge, bridge_name): (u32, &str),
    ) -> Result<()> {
        self.set_link(index, LinkAttribute::Controller(bridge), || {
            format!("make {name} a port of the bridge {bridge_name}")
        })
    }

    /// Sets what a port does. Only `RTM_NEWLINK` takes it.
    pub fn set_bridge_port(&self, (index, name): (u32, &str), port: BridgePort) -> Result<()> {
        let data = vec![
            InfoBridgePort::HairpinMode(port.hairpin),
            InfoBridgePort::Isolated(port.isolated),
        ];
        let mut message = LinkMessage::default();
        message.header.index = index;
        message.attributes = vec![LinkAttribute::LinkInfo(vec![
            LinkInfo::PortKind(InfoPortKind::Bridge),
            LinkInfo::PortData(InfoPortData::BridgePort(data)),
        ])];
        self.change(
            || format!("set hairpin and isolation of the bridge port {name}"),
            RouteNetlinkMessage::NewLink(message),
            0,
        )
    }
}

/// Whether a bridge's ports have VLANs of their own (`IFLA_BR_VLAN_FILTERING`). A kernel that has none does not say.
pub(super) fn has_vlan_filtering(data: &[InfoBridge]) -> bool {
    data.contains(&InfoBridge::VlanFiltering(true))
}

/// What the kernel shows of a port.
pub(super) fn decode(data: &[InfoBridgePort]) -> BridgePort {
    let mut port = BridgePort::default();
    for item in data {
        match item {
            InfoBridgePort::HairpinMode(enabled) => port.hairpin = *enabled,
            InfoBridgePort::Isolated(enabled) => port.isolated = *enabled,
            _ => {}
        }
    }
    port
}
