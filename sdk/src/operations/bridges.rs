//! Bridges of the host that pods share. What passes options is inlined for the reason that `operations` gives.

use super::{PodLink, VethOptions};
use crate::Error;
use crate::contract::operations;

/// How a bridge is made; what is not set is whatever a bridge has that is there.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct BridgeOptions {
    /// Bytes, which stay whatever its ports have; none: 1500.
    pub mtu: Option<u32>,
    /// Whether ports have VLANs of their own (`vlan_filtering`, ip-link(8)); none: they have not. A port that was given none takes
    /// frames without a tag alone.
    pub vlan_filtering: Option<bool>,
}

impl BridgeOptions {
    #[inline(always)]
    pub(super) fn build(&self) -> operations::BridgeOptions {
        let options = operations::BridgeOptions::new();
        if let Some(mtu) = self.mtu {
            options.set_mtu(mtu);
        }
        if let Some(enabled) = self.vlan_filtering {
            options.set_vlan_filtering(enabled);
        }
        options
    }
}

/// A bridge of the host that pods share, made by [`share_bridge`](super::share_bridge).
#[derive(Debug)]
pub struct SharedBridge(pub(super) operations::SharedBridge);

impl SharedBridge {
    /// Makes a pair of interfaces as [`create_veth`](super::create_veth) does, whose node's end is a port of this bridge. The grant
    /// of `create-veth` must allow it as well.
    #[inline(always)]
    pub fn create_veth(&self, options: &VethOptions) -> Result<PodLink, Error> {
        let options = options.build(None);
        options.set_shared_bridge(&self.0);
        Ok(PodLink(operations::create_veth(options)?))
    }
}
