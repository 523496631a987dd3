//! Ports of a bridge (`RTM_NEWLINK`, bridge(8), net/bridge/br_netlink.c).

use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    InfoBridgePort, InfoPortData, InfoPortKind, LinkAttribute, LinkInfo, LinkMessage,
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
