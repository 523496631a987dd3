//! What a physical function holds for a virtual one. What passes settings is inlined for the reason
//! that `operations` gives.

use plumb_values::{Guid, Mac};

use crate::contract::operations;

/// Whether a virtual function has carrier: `IFLA_VF_LINK_STATE_*` (linux/if_link.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VirtualFunctionLinkState {
    /// As the physical function.
    Auto,
    /// Always.
    Enable,
    /// Never.
    Disable,
}

impl VirtualFunctionLinkState {
    /// The contract's word for it, which is the kernel's.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Enable => "enable",
            Self::Disable => "disable",
        }
    }
}

/// The Ethertype of a VLAN tag.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum VlanProtocol {
    /// 802.1Q
    #[default]
    Q = 0x8100,
    /// 802.1ad
    Ad = 0x88a8,
}

/// A tag that the adapter adds and removes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct VlanTag {
    /// 0 to 4094; 0 clears the tag.
    pub id: u16,
    /// 0 to 7.
    pub priority: u8,
    /// Its Ethertype.
    pub protocol: VlanProtocol,
}

/// Settings of a virtual function that its physical function holds (`IFLA_VF_*`). None leaves a
/// setting as it is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct VirtualFunctionSettings {
    /// Its hardware address.
    pub mac: Option<Mac>,
    /// The tag of its packets.
    pub vlan: Option<VlanTag>,
    /// Mbit/s; 0 is no limit.
    pub minimum_rate: Option<u32>,
    /// Mbit/s; 0 is no limit.
    pub maximum_rate: Option<u32>,
    /// Whether packets from other hardware addresses are dropped.
    pub spoof_check: Option<bool>,
    /// Whether it may do what else only the physical function may.
    pub trust: Option<bool>,
    /// Whether it has carrier.
    pub link_state: Option<VirtualFunctionLinkState>,
    /// Set as node and as port GUID.
    pub guid: Option<Guid>,
    /// Binds the function's driver again when the GUID or the hardware address has changed,
    /// because drivers read them only then. No setting by itself.
    pub rebind: bool,
}

impl VirtualFunctionSettings {
    /// Whether no setting is to be changed.
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        let settings_only = Self {
            rebind: false,
            ..self.clone()
        };
        settings_only == Self::default()
    }

    #[inline(always)]
    pub(super) fn build(&self) -> operations::VirtualFunctionSettings {
        let settings = operations::VirtualFunctionSettings::new();
        if let Some(mac) = self.mac {
            settings.set_mac(&mac.into());
        }
        if let Some(vlan) = self.vlan {
            settings.set_vlan(vlan.id, vlan.priority, vlan.protocol as u16);
        }
        if let Some(rate) = self.minimum_rate {
            settings.set_minimum_rate(rate);
        }
        if let Some(rate) = self.maximum_rate {
            settings.set_maximum_rate(rate);
        }
        if let Some(enabled) = self.spoof_check {
            settings.set_spoof_check(enabled);
        }
        if let Some(enabled) = self.trust {
            settings.set_trust(enabled);
        }
        if let Some(state) = self.link_state {
            settings.set_link_state(state.word());
        }
        if let Some(guid) = self.guid {
            settings.set_guid(guid.into());
        }
        if self.rebind {
            settings.rebind();
        }
        settings
    }
}
