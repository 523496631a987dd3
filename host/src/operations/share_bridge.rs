//! Makes a bridge of the node (net/bridge), for all pods whose networks ask for it.

use nix::errno::Errno;
use plumb_values::arguments::{ETHERNET_MTU, check_mtu, check_shared_bridge_name};
use serde::{Deserialize, Serialize};

use super::{Lifetime, Parent, Reversible, difference, shared_link};
use crate::cni::previous::Previous;
use crate::facts::LinkFacts;
use crate::journal::Checked;
use crate::kernel::bridge::BRIDGE;
use crate::kernel::link::Link;
use crate::kernel::{Netns, sysctl};
use crate::machine::Machine;
use crate::mark::{Mark, TEMPORARY_NAME};
use crate::{Error, Result};

/// What CHECK and errors call it.
const WHAT: &str = "the bridge that pods share";

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareBridge {
    /// Its name.
    pub name: String,
    /// Bytes; none: [`ETHERNET_MTU`], or what a bridge has that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtu: Option<u32>,
    /// Whether its ports have VLANs of their own; none: they have not, or as a bridge has it that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vlan_filtering: Option<bool>,
}

impl ShareBridge {
    /// What is known of the bridge before it is made, for those who judge the links of a plan.
    pub fn to_come(&self) -> LinkFacts {
        LinkFacts::to_come(&self.name, BRIDGE, self.mtu.unwrap_or(ETHERNET_MTU))
    }

    /// The bridge as what ports are made of, with an index that is known when it is there.
    pub fn as_parent(&self) -> Parent {
        Parent {
            name: self.name.clone(),
            ..Parent::default()
        }
    }

    /// What an interface of the name has that the bridge would not; none: it is the bridge.
    fn difference(&self, link: &Link) -> Option<String> {
        if link.kind.as_deref() != Some(BRIDGE) {
            let kind = link.kind.as_deref().unwrap_or("device");
            return Some(format!("it is no bridge, but a {kind}"));
        }
        if let Some(mtu) = self.mtu.filter(|mtu| *mtu != link.mtu) {
            return Some(format!("its mtu is {} instead of {mtu}", link.mtu));
        }
        let words = |enabled: bool| if enabled { "on" } else { "off" };
        let wanted = self.vlan_filtering?;
        (wanted != link.vlan_filtering).then(|| {
            format!(
                "its VLAN filtering is {} instead of {}",
                words(link.vlan_filtering),
                words(wanted)
            )
        })
    }

    fn make(&self, machine: &Machine<'_>) -> Result<()> {
        let host = &machine.node.kernel.host;
        let has_vlan_filtering = self.vlan_filtering.unwrap_or_default();
        host.create_bridge(TEMPORARY_NAME, has_vlan_filtering)
            .map_err(|error| match (error.errno(), has_vlan_filtering) {
                (Some(Errno::EOPNOTSUPP), false) => Error::from(error).with_details(
                    "the kernel has no bridges, or modprobe bridge fails on this node",
                ),
                (Some(Errno::EOPNOTSUPP), true) => Error::from(error).with_details(
                    "the kernel has no bridges or no VLANs of their ports (CONFIG_BRIDGE_VLAN_FILTERING), or modprobe \
                     bridge fails on this node",
                ),
                _ => error.into(),
            })?;
        let made = shared_link::mark(&Mark::default(), host)?;
        host.set_bridge_mtu(made.index, (made.mtu, self.mtu.unwrap_or(ETHERNET_MTU)))?;
        keep_node_out()?;
        host.rename_link(made.index, &self.name)?;
        Ok(host.set_link_up(made.index, true)?)
    }
}

/// Any pod on a bridge could give the node addresses and a default route by router advertisements. Without IPv6 the node takes
/// none, and has no address there. A kernel without it has no such sysctl.
fn keep_node_out() -> Result<()> {
    let netns = Netns::current()?;
    if sysctl::read(&netns, "ipv6", TEMPORARY_NAME, "disable_ipv6")?.is_some() {
        sysctl::write(&netns, "ipv6", TEMPORARY_NAME, "disable_ipv6", "1")?;
    }
    Ok(())
}

impl Reversible for ShareBridge {
    fn check_record(&self) -> Checked {
        check_shared_bridge_name(&self.name)?;
        self.mtu.map_or(Ok(()), check_mtu)
    }

    fn describe(&self) -> String {
        let mut text = format!("share bridge {}", self.name);
        if let Some(mtu) = self.mtu {
            text += &format!(", mtu {mtu}");
        }
        match self.vlan_filtering {
            Some(true) => text += ", VLAN filtering on",
            Some(false) => text += ", VLAN filtering off",
            None => {}
        }
        text + "; it goes with the last pod"
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Boot
    }

    /// What is there is looked at under the lock, or it would be another by then.
    fn prepare(&mut self, _machine: &Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let difference = |link: &Link| Ok(self.difference(link));
        shared_link::share((&self.name, false), machine, difference, || {
            self.make(machine)
        })
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        shared_link::remove_unused_of(&[&self.name], machine)
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let Some(link) = machine.node.kernel.host.link_by_name(&self.name)? else {
            return Err(difference(format!(
                "the node has lost {}, {WHAT}",
                self.name
            )));
        };
        shared_link::verify(&link, &self.name, WHAT, self.difference(&link))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bridge() -> Link {
        Link {
            name: "br-pods".to_owned(),
            kind: Some(BRIDGE.to_owned()),
            mtu: 1500,
            up: true,
            ..Link::default()
        }
    }

    fn wanted(mtu: Option<u32>, vlan_filtering: Option<bool>) -> ShareBridge {
        ShareBridge {
            name: "br-pods".to_owned(),
            mtu,
            vlan_filtering,
        }
    }

    #[test]
    fn a_bridge_is_held_against_what_is_stated_alone() {
        let filtering = Link {
            vlan_filtering: true,
            mtu: 9000,
            ..bridge()
        };
        for (share, link, expected) in [
            (wanted(None, None), bridge(), None),
            (wanted(None, None), filtering.clone(), None),
            (wanted(Some(1500), Some(false)), bridge(), None),
            (wanted(Some(9000), Some(true)), filtering.clone(), None),
            (
                wanted(Some(9000), None),
                bridge(),
                Some("its mtu is 1500 instead of 9000"),
            ),
            (
                wanted(None, Some(true)),
                bridge(),
                Some("its VLAN filtering is off instead of on"),
            ),
            (
                wanted(None, Some(false)),
                filtering,
                Some("its VLAN filtering is on instead of off"),
            ),
        ] {
            assert_eq!(share.difference(&link).as_deref(), expected, "{share:?}");
        }
    }

    #[test]
    fn what_is_no_bridge_is_another() {
        for (kind, expected) in [
            (Some("bond"), "it is no bridge, but a bond"),
            (None, "it is no bridge, but a device"),
        ] {
            let link = Link {
                kind: kind.map(str::to_owned),
                ..bridge()
            };
            let difference = wanted(None, None).difference(&link);
            assert_eq!(difference.as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_plan_says_what_is_stated_and_how_long_it_lasts() {
        let share = wanted(Some(9000), Some(true));
        assert_eq!(
            share.describe(),
            "share bridge br-pods, mtu 9000, VLAN filtering on; it goes with the last pod"
        );
        assert_eq!(
            wanted(None, None).describe(),
            "share bridge br-pods; it goes with the last pod"
        );
    }
}
