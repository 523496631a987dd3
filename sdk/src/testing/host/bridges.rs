//! Bridges that pods share, of the interface `operations`.

use std::cell::Cell;

use plumb_values::arguments::{
    ETHERNET_MTU, check_mtu, check_shared_bridge, check_shared_bridge_name, check_shared_default,
    check_shared_once,
};

use super::facts::Link;
use super::{error, invalid};
use crate::bindings::flavour::plumb::cni::{facts::Place, types};
use crate::operations;
use crate::testing::session::{self, Session};
use crate::testing::{LinkFacts, Operation, link};

#[derive(Debug, Default)]
pub struct BridgeOptions {
    mtu: Cell<Option<u32>>,
    vlan_filtering: Cell<Option<bool>>,
}

impl BridgeOptions {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn set_mtu(&self, bytes: u32) {
        self.mtu.set(Some(bytes));
    }

    pub fn set_vlan_filtering(&self, enabled: bool) {
        self.vlan_filtering.set(Some(enabled));
    }
}

/// As it is, or as it will be made.
#[derive(Debug)]
pub struct SharedBridge(pub(super) Link);

pub fn share_bridge(name: &str, options: BridgeOptions) -> Result<SharedBridge, types::Error> {
    session::with(|session| {
        session.may_record("share-bridge")?;
        check_shared_bridge_name(name).map_err(invalid)?;
        let (mtu, vlan_filtering) = (options.mtu.get(), options.vlan_filtering.get());
        mtu.map_or(Ok(()), check_mtu).map_err(invalid)?;
        let found = session.links(Place::Host).find(|link| link.name == name);
        let facts = found.cloned().unwrap_or_else(|| LinkFacts {
            kind: Some("bridge".to_owned()),
            mtu: mtu.unwrap_or(ETHERNET_MTU),
            ..link(name)
        });
        session
            .may_share(&facts)
            .map_err(|sentence| error("denied", sentence))?;
        check_shared_bridge(name, facts.kind.as_deref()).map_err(invalid)?;
        let options = operations::BridgeOptions {
            mtu,
            vlan_filtering,
        };
        match session.shared(name) {
            Some(known) => check_shared_once(name, *known == options).map_err(invalid)?,
            None => session.plan.push(Operation::ShareBridge {
                name: name.to_owned(),
                options,
            }),
        }
        let place = Place::Host;
        Ok(SharedBridge(Link { place, facts }))
    })
}

impl Session {
    /// Checks that the configuration names a bridge, or the grant means it; that of the default route letter for letter.
    fn may_share(&self, bridge: &LinkFacts) -> Result<(), String> {
        let name = &bridge.name;
        if !self.has_patterns_for("share-bridge") && !self.names(name) {
            return Err(format!(
                "bridge {name:?} is not named in the network configuration"
            ));
        }
        self.may_use_parent("share-bridge", Place::Host, bridge)?;
        let mut routes = self.node().default_routes.iter();
        let leads = routes.any(|(place, by)| *place == Place::Host && by == name);
        check_shared_default(self.component(), name, !leads || self.is_named(bridge))
    }

    /// The options of a bridge that the plan shares already.
    fn shared(&self, name: &str) -> Option<&operations::BridgeOptions> {
        self.plan.iter().find_map(|step| match step {
            Operation::ShareBridge {
                name: known,
                options,
            } if known == name => Some(options),
            _ => None,
        })
    }
}
