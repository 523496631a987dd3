//! Interfaces of the host that are taken as they are: a bridge that gets a port, a netdev that moves.

use alloc::format;
use alloc::string::String;

use crate::names::{NAME_IN_THE_MAKING, check_link_name};

/// Bytes that a bridge or a pair of interfaces carries without an MTU of its own (`ETH_DATA_LEN`, linux/if_ether.h).
pub const ETHERNET_MTU: u32 = 1500;

/// `ARPHRD_LOOPBACK` (linux/if_arp.h)
const LOOPBACK: u16 = 772;

/// Kinds whose ports or members would be left behind.
const CONTROLLERS: [&str; 4] = ["bridge", "bond", "team", "vrf"];

/// Checks what the node's end of a pair is to be a port of, by its name, its kind and its place.
pub fn check_bridge(name: &str, kind: Option<&str>, is_in_pod: bool) -> Result<(), String> {
    if is_in_pod {
        return Err(format!(
            "create-veth needs a bridge of the host, and {name} is in the pod"
        ));
    }
    match kind {
        Some("bridge") => Ok(()),
        kind => Err(format!(
            "create-veth needs a bridge, and {name} is none, but a {}",
            kind.unwrap_or("device")
        )),
    }
}

/// Checks that a pair without a bridge has no settings of a bridge's port.
pub fn check_port_settings(has_settings: bool) -> Result<(), String> {
    match has_settings {
        false => Ok(()),
        true => Err(
            "create-veth needs a bridge for hairpin or isolation: set-bridge or set-shared-bridge states it"
                .into(),
        ),
    }
}

/// Checks that the node's end of a pair is to be a port of one bridge.
pub fn check_one_bridge(has_bridge: bool, has_shared_bridge: bool) -> Result<(), String> {
    match has_bridge && has_shared_bridge {
        false => Ok(()),
        true => Err(
            "create-veth has both set-bridge and set-shared-bridge, and an interface is a port of one bridge: leave \
             one of them out"
                .into(),
        ),
    }
}

/// Checks the name of a bridge that pods are to share.
pub fn check_shared_bridge_name(name: &str) -> Result<(), String> {
    check_link_name(name)?;
    match name == NAME_IN_THE_MAKING {
        false => Ok(()),
        true => Err(format!(
            "share-bridge cannot make {name}: plumb calls so what it is making, and removes what it finds of that name"
        )),
    }
}

/// Checks what the host has under the name of a bridge that pods are to share, by its kind.
pub fn check_shared_bridge(name: &str, kind: Option<&str>) -> Result<(), String> {
    match kind {
        Some("bridge") => Ok(()),
        kind => Err(format!(
            "share-bridge needs the name of a bridge, or one that is free, and the host's {name} is a {}",
            kind.unwrap_or("device")
        )),
    }
}

/// Checks that a component may share a bridge: one by which the node's default route leads the network configuration or a
/// grant names, letter for letter.
pub fn check_shared_default(component: &str, name: &str, may: bool) -> Result<(), String> {
    match may {
        true => Ok(()),
        false => Err(format!(
            "component {component} may not share {name}, by which the node's default route leads, and which neither the \
             network configuration nor a grant names letter for letter"
        )),
    }
}

/// Checks that a plan wants one bridge, whose settings it states once.
pub fn check_shared_once(name: &str, is_the_same: bool) -> Result<(), String> {
    match is_the_same {
        true => Ok(()),
        false => Err(format!(
            "share-bridge wants {name} twice, with other settings the second time: each bridge has those of one call"
        )),
    }
}

/// Checks that an interface can be moved into the pod by itself: by its name, its place, its `ARPHRD_*`, its kind, and the
/// PCI address below it.
pub fn check_movable(
    name: &str,
    is_in_pod: bool,
    hardware_type: u16,
    kind: Option<&str>,
    pci_address: Option<&str>,
) -> Result<(), String> {
    if is_in_pod {
        return Err(format!(
            "move-netdev needs an interface of the host, and {name} is in the pod already"
        ));
    }
    if hardware_type == LOOPBACK {
        return Err(format!(
            "move-netdev cannot move {name}: each network namespace has a loopback of its own"
        ));
    }
    if let Some(address) = pci_address {
        return Err(format!(
            "{name} is the interface of PCI function {address}: move-link moves it"
        ));
    }
    match kind.filter(|kind| CONTROLLERS.contains(kind)) {
        None => Ok(()),
        Some(kind) => Err(format!(
            "move-netdev cannot move {name}: it is a {kind}, whose members would stay behind"
        )),
    }
}

/// Checks that an interface that is to move is none by which the node's default route leads: `leading` are the names of
/// those, and of what lies below them.
pub fn check_not_default(name: &str, leading: &[&str]) -> Result<(), String> {
    match leading.contains(&name) {
        false => Ok(()),
        true => Err(format!(
            "move-netdev may not move {name}, by which the node's default route leads: the node would be lost"
        )),
    }
}
