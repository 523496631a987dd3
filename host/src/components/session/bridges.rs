//! What a flavour may record of bridges of the host that pods share.

use std::sync::Arc;

use plumb_values::arguments::{
    check_mtu, check_shared_bridge, check_shared_bridge_name, check_shared_default,
    check_shared_once,
};
use serde::{Deserialize, Serialize};

use super::authority::Authority;
use super::links::parent_of;
use super::operations::Answer;
use super::{LinkHandle, Recorded};
use crate::components::refusal::Refusal;
use crate::facts::{LinkFacts, Place};
use crate::operations::{Parent, ShareBridge};

/// The operation's name in the contract.
const SHARE_BRIDGE: &str = "share-bridge";

/// Options of `share-bridge`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeOptions {
    /// Bytes; none: 1500, or what the bridge has.
    pub mtu: Option<u32>,
    /// None: no VLANs of ports, or as the bridge has it.
    pub vlan_filtering: Option<bool>,
}

/// What is kept for a `shared-bridge` handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedBridgeHandle {
    /// By which the authority knows that it gave it.
    pub number: u32,
}

/// A bridge that the plan shares.
#[derive(Debug)]
pub(super) struct SharedBridge {
    share: ShareBridge,
    /// As it is, or as it will be made.
    facts: Arc<LinkFacts>,
}

/// What the node's end of a pair will be a port of.
#[derive(Debug)]
pub(super) struct Bridge {
    pub parent: Parent,
    pub facts: Arc<LinkFacts>,
}

impl Bridge {
    /// One that the component was given.
    pub(super) fn of(link: &LinkHandle) -> Self {
        Self {
            parent: parent_of(link),
            facts: Arc::clone(&link.facts),
        }
    }
}

impl Authority {
    /// A bridge of this name, which the configuration or a grant of the operation must mean.
    ///
    /// # Errors
    ///
    /// [`Reason::Denied`](crate::components::refusal::Reason::Denied),
    /// [`Reason::InvalidConfiguration`](crate::components::refusal::Reason::InvalidConfiguration) for an option that is out
    /// of range, for the name of another kind of link, and for a bridge that the plan shares otherwise already.
    pub(super) fn share_bridge(
        &mut self,
        name: String,
        options: BridgeOptions,
    ) -> Answer<SharedBridgeHandle> {
        self.may_record(SHARE_BRIDGE)?;
        check_shared_bridge_name(&name)?;
        options.mtu.map_or(Ok(()), check_mtu)?;
        let share = ShareBridge {
            name,
            mtu: options.mtu,
            vlan_filtering: options.vlan_filtering,
        };
        let found = self.facts.link(Place::Host, &share.name)?;
        let facts = Arc::new(found.unwrap_or_else(|| share.to_come()));
        self.may_share(&share.name, &facts)?;
        check_shared_bridge(&share.name, facts.kind.as_deref())?;
        let mut known = self.shared_bridges.iter();
        if let Some(place) = known.position(|known| known.share.name == share.name) {
            check_shared_once(&share.name, self.shared_bridges[place].share == share)?;
            return self.shared_handle(place);
        }
        let handle = self.shared_handle(self.shared_bridges.len())?;
        self.record(Recorded::Operation(share.clone().into()));
        self.shared_bridges.push(SharedBridge { share, facts });
        Ok(handle)
    }

    /// One that the plan shares.
    pub(super) fn given_bridge(&self, number: u32) -> Answer<Bridge> {
        match self.shared_bridges.get(number as usize) {
            Some(bridge) => Ok(Bridge {
                parent: bridge.share.as_parent(),
                facts: Arc::clone(&bridge.facts),
            }),
            None => Err(self.not_given("shared bridge", number)),
        }
    }

    fn shared_handle(&self, place: usize) -> Answer<SharedBridgeHandle> {
        Ok(SharedBridgeHandle {
            number: self.next_number(place)?,
        })
    }

    fn may_share(&self, name: &str, link: &LinkFacts) -> Answer<()> {
        if self.grants.devices(SHARE_BRIDGE).is_some() {
            self.may_use_link(SHARE_BRIDGE, link)?;
        } else if !self.named.contains(name) {
            return Err(Refusal::denied(format!(
                "bridge {name:?} is not named in the network configuration"
            )));
        }
        let default = self.facts.default_route_link(Place::Host)?;
        let leads = default.is_some_and(|default| default.index == link.index);
        check_shared_default(&self.component, &link.name, !leads || self.is_named(link))
            .map_err(Refusal::denied)
    }
}
