//! Makes a VLAN on an interface of the node (net/8021q), for all pods whose networks ask for it.

use std::collections::BTreeMap;

use nix::errno::Errno;
use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::{Lifetime, Reversible, difference, shared_link};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::create_link::{Child, VLAN};
use crate::kernel::link::Link;
use crate::machine::Machine;
use crate::mark::{Mark, TEMPORARY_NAME};
use crate::{Code, Error, Result};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareVlan {
    /// Its name.
    pub name: String,
    /// The name of the interface that it is on.
    pub parent: String,
    /// From 1 to 4094.
    pub id: u16,
    /// Whether it stays when the last pod has gone.
    pub keep: bool,
}

impl ShareVlan {
    fn parent(&self, machine: &Machine<'_>) -> Result<Link> {
        let host = &machine.node.kernel.host;
        Ok(host.require_link(&self.parent, "the host")?)
    }

    /// What an interface of the name has that the VLAN would not; none: it is the VLAN.
    fn difference(&self, link: &Link, parent: &Link, machine: &Machine<'_>) -> Option<String> {
        if link.kind.as_deref() != Some(VLAN) {
            let kind = link.kind.as_deref().unwrap_or("device");
            return Some(format!("it is no VLAN, but a {kind}"));
        }
        if link.vlan != Some(self.id) {
            let found = link
                .vlan
                .map_or("none of IEEE 802.1Q".to_owned(), |id| format!("VLAN {id}"));
            return Some(format!("it is {found} instead of VLAN {}", self.id));
        }
        if link.below() != Some(parent.index) {
            let host = &machine.node.kernel.host;
            let below = link.below();
            let below = below.and_then(|index| host.link_by_index(index).ok().flatten());
            let below = below.map_or("another interface".to_owned(), |below| below.name);
            return Some(format!("it is on {below} instead of {}", self.parent));
        }
        None
    }

    fn make(&self, parent: &Link, machine: &Machine<'_>) -> Result<()> {
        let host = &machine.node.kernel.host;
        if !parent.up {
            return Err(Error::new(
                Code::NOT_AVAILABLE,
                format!(
                    "{} is down, and a VLAN on it cannot be up: ip link set {} up",
                    self.parent, self.parent
                ),
            ));
        }
        let below = (parent.index, self.parent.as_str());
        let child = Child::Vlan {
            id: self.id,
            is_802_1ad: false,
            flags: &BTreeMap::new(),
            mac: None,
        };
        host.create_child(below, child, TEMPORARY_NAME, None, None)
            .map_err(|error| self.refusal(error, parent, machine))?;
        let mark = Mark {
            keep: self.keep,
            ..Mark::default()
        };
        let made = shared_link::mark(&mark, host)?;
        host.rename_link(made.index, &self.name)?;
        Ok(host.set_link_up(made.index, true)?)
    }

    /// Says what would help. The kernel has one VLAN of a number on an interface, whatever it is called.
    fn refusal(&self, error: crate::kernel::Error, parent: &Link, machine: &Machine<'_>) -> Error {
        let links = machine.node.kernel.host.links().unwrap_or_default();
        let is_same =
            |link: &&Link| link.vlan == Some(self.id) && link.below() == Some(parent.index);
        match (error.errno(), links.iter().find(is_same)) {
            (Some(Errno::EEXIST), Some(same)) => Error::new(
                Code::ALREADY_EXISTS,
                format!(
                    "VLAN {} of {} is there already, and is called {} instead of {}",
                    self.id, self.parent, same.name, self.name
                ),
            )
            .with_details(format!(
                "ip link property add dev {} altname {} lets networks use it",
                same.name, self.name
            )),
            (Some(Errno::EOPNOTSUPP), _) => Error::from(error)
                .with_details("the kernel has no VLANs, or modprobe 8021q fails on this node"),
            _ => error.into(),
        }
    }
}

impl Reversible for ShareVlan {
    fn check_record(&self) -> Checked {
        check_link_name(&self.name)?;
        check_link_name(&self.parent)
    }

    fn describe(&self) -> String {
        let end = match self.keep {
            true => "it stays",
            false => "it goes with the last pod",
        };
        format!(
            "share VLAN {} of {} as {}; {end}",
            self.id, self.parent, self.name
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Boot
    }

    /// What is there is looked at under the lock, or it would be another by then.
    fn prepare(&mut self, _machine: &Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let _lock = shared_link::lock(machine)?;
        let host = &machine.node.kernel.host;
        let parent = self.parent(machine)?;
        let Some(link) = host.link_by_name(&self.name)? else {
            return self.make(&parent, machine);
        };
        if let Some(difference) = self.difference(&link, &parent, machine) {
            return Err(shared_link::is_another(&self.name, &difference));
        }
        shared_link::use_found(&link, &self.name, self.keep, host)
    }

    /// What is below it may have waited for it to go.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        shared_link::remove_unused_of(&[&self.name, &self.parent], machine)
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let host = &machine.node.kernel.host;
        let what = format!("VLAN {} of {}", self.id, self.parent);
        let (Some(link), Some(parent)) = (
            host.link_by_name(&self.name)?,
            host.link_by_name(&self.parent)?,
        ) else {
            return Err(difference(format!(
                "the node has lost {}, which is {what}",
                self.name
            )));
        };
        let problem = self.difference(&link, &parent, machine);
        shared_link::verify(&link, &self.name, &what, problem)
    }
}
