//! How VLANs and pairs of interfaces are made. What is not set is left to the host. What passes options is inlined for the
//! reason that `operations` gives.

use plumb_values::Mac;

use super::VlanProtocol;
use crate::contract::operations;
use crate::facts::Link;

/// How a VLAN is made: [`VlanOptions::new`] and what differs from it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct VlanOptions {
    /// 1 to 4094.
    pub id: u16,
    /// The Ethertype of its tag.
    pub protocol: VlanProtocol,
    /// Whether programs are shown packets without their tag (`VLAN_FLAG_REORDER_HDR`); none: the kernel's default, which is
    /// yes.
    pub reorder_header: Option<bool>,
    /// Whether switches are told of it by GVRP.
    pub gvrp: bool,
    /// Whether switches are told of it by MVRP.
    pub mvrp: bool,
    /// Whether it is up while its parent is down.
    pub loose_binding: bool,
    /// Whether it has carrier as the ports of its number have in the bridge below it.
    pub bridge_binding: bool,
    /// Bytes, at most the parent's; none: the parent's.
    pub mtu: Option<u32>,
    /// None: the parent's.
    pub mac: Option<Mac>,
    /// None: the requested one. With a name it is an interface beside that.
    pub name: Option<String>,
}

impl VlanOptions {
    /// A VLAN of 802.1Q.
    pub fn new(id: u16) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }

    #[inline(always)]
    pub(super) fn build(&self) -> operations::VlanOptions {
        let options = operations::VlanOptions::new(self.id);
        if self.protocol != VlanProtocol::Q {
            options.set_protocol(self.protocol as u16);
        }
        if let Some(enabled) = self.reorder_header {
            options.set_flag("reorder_hdr", enabled);
        }
        if self.gvrp {
            options.set_flag("gvrp", true);
        }
        if self.mvrp {
            options.set_flag("mvrp", true);
        }
        if self.loose_binding {
            options.set_flag("loose_binding", true);
        }
        if self.bridge_binding {
            options.set_flag("bridge_binding", true);
        }
        if let Some(mtu) = self.mtu {
            options.set_mtu(mtu);
        }
        if let Some(mac) = self.mac {
            options.set_mac(&mac.into());
        }
        if let Some(name) = &self.name {
            options.set_name(name);
        }
        options
    }
}

/// How a pair of interfaces is made.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct VethOptions {
    /// Whether the bridge sends frames back by the port that they came from.
    pub hairpin: bool,
    /// Whether the port reaches no other port that is isolated as well.
    pub isolated: bool,
    /// Bytes, of both ends; none: the bridge's.
    pub mtu: Option<u32>,
    /// Of the pod's end; none: a random locally administered one.
    pub mac: Option<Mac>,
    /// None: the requested one. With a name it is an interface beside that.
    pub name: Option<String>,
}

impl VethOptions {
    #[inline(always)]
    pub(super) fn build(&self, bridge: Option<&Link>) -> operations::VethOptions {
        let options = operations::VethOptions::new();
        if let Some(bridge) = bridge {
            options.set_bridge(&bridge.0);
        }
        if self.hairpin {
            options.set_hairpin(true);
        }
        if self.isolated {
            options.set_isolated(true);
        }
        if let Some(mtu) = self.mtu {
            options.set_mtu(mtu);
        }
        if let Some(mac) = self.mac {
            options.set_mac(&mac.into());
        }
        if let Some(name) = &self.name {
            options.set_name(name);
        }
        options
    }
}
