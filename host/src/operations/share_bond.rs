//! Uses several interfaces of the node as one (drivers/net/bonding), for all pods whose networks ask for it.

use std::collections::BTreeSet;

use nix::errno::Errno;
use plumb_values::arguments::check_word;
use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::{Lifetime, Reversible, difference, shared_link};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::bond::{BOND, BOND_MODES, Bond, HASH_POLICIES, LACP_RATES};
use crate::kernel::link::Link;
use crate::machine::Machine;
use crate::mark::{Mark, TEMPORARY_NAME};
use crate::{Code, Error, Result};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareBond {
    /// Its name.
    pub name: String,
    /// One of [`BOND_MODES`].
    pub mode: String,
    /// How often the members' carrier is looked at, in milliseconds.
    pub interval: u32,
    /// One of [`HASH_POLICIES`].
    pub hash_policy: Option<String>,
    /// One of [`LACP_RATES`].
    pub lacp_rate: Option<String>,
    /// The member that is preferred.
    pub primary: Option<String>,
    /// The interfaces. Which of them were up before is in the bond's own mark.
    pub members: Vec<String>,
    /// Whether it stays when the last pod has gone.
    pub keep: bool,
}

impl ShareBond {
    /// What an interface of the name has that the bond would not; none: it is the bond.
    fn difference(&self, link: &Link, machine: &Machine<'_>) -> Result<Option<String>> {
        if link.kind.as_deref() != Some(BOND) {
            let kind = link.kind.as_deref().unwrap_or("device");
            return Ok(Some(format!("it is no bond, but a {kind}")));
        }
        let mode = link.mode.unwrap_or("unknown");
        if mode != self.mode {
            return Ok(Some(format!("its mode is {mode} instead of {}", self.mode)));
        }
        let host = &machine.node.kernel.host;
        let links = host.links()?;
        let mut wanted: BTreeSet<String> = BTreeSet::new();
        for name in &self.members {
            // It may be known by another of its names.
            let own_name = host.link_by_name(name)?.map(|member| member.name);
            wanted.insert(own_name.unwrap_or_else(|| name.clone()));
        }
        let members = links
            .into_iter()
            .filter(|member| member.controller == Some(link.index));
        let found: BTreeSet<String> = members.map(|member| member.name).collect();
        if found == wanted {
            return Ok(None);
        }
        let list = |names: BTreeSet<String>| match names.is_empty() {
            true => "nothing".to_owned(),
            false => names.into_iter().collect::<Vec<_>>().join(", "),
        };
        Ok(Some(format!(
            "its members are {} instead of {}",
            list(found),
            list(wanted)
        )))
    }

    /// The interfaces, if none of them has something that would be lost.
    fn free_members(&self, machine: &Machine<'_>) -> Result<Vec<Link>> {
        let host = &machine.node.kernel.host;
        let links = host.links()?;
        let mut members = Vec::new();
        for name in &self.members {
            let member = host.require_link(name, "the host")?;
            if let Some(index) = member.controller {
                let controller = links.iter().find(|link| link.index == index);
                let controller = controller.map_or("another interface", |link| link.name.as_str());
                return Err(self.is_taken(name, &format!("it is a member of {controller} already")));
            }
            let is_on_it = |link: &&Link| link.below() == Some(member.index);
            if let Some(upper) = links.iter().find(is_on_it) {
                return Err(self.is_taken(name, &format!("{} is on it", upper.name)));
            }
            if let Some(user) = shared_link::user(&member.name, machine)? {
                return Err(self.is_taken(name, &format!("{user} has something on it")));
            }
            members.push(member);
        }
        Ok(members)
    }

    fn is_taken(&self, member: &str, why: &str) -> Error {
        Error::new(
            Code::IN_USE,
            format!(
                "{member} cannot become a member of the bond {}: {why}",
                self.name
            ),
        )
    }

    fn make(&self, machine: &Machine<'_>) -> Result<()> {
        let host = &machine.node.kernel.host;
        let members = self.free_members(machine)?;
        let place = |name: &String| self.members.iter().position(|member| member == name);
        let primary = self.primary.as_ref().and_then(place);
        let settings = Bond {
            mode: &self.mode,
            interval: self.interval,
            hash_policy: self.hash_policy.as_deref(),
            lacp_rate: self.lacp_rate.as_deref(),
            primary: primary.and_then(|place| Some(members.get(place)?.index)),
        };
        host.create_bond(TEMPORARY_NAME, settings)
            .map_err(|error| match error.errno() {
                Some(Errno::EOPNOTSUPP) => Error::from(error).with_details(
                    "the kernel has no bonds, or modprobe bonding fails on this node",
                ),
                _ => error.into(),
            })?;
        let up = members.iter().filter(|member| member.up);
        let mark = Mark {
            keep: self.keep,
            were_up: up.map(|member| member.name.clone()).collect(),
        };
        let bond = shared_link::mark(&mark, host)?;
        // It gives its own to its members.
        if let Some(mtu) = members.iter().map(|member| member.mtu).min() {
            host.set_link_mtu(bond.index, mtu)?;
        }
        for member in &members {
            if member.up {
                host.set_link_up(member.index, false)?;
            }
            host.add_to_bond((member.index, &member.name), bond.index)?;
        }
        host.rename_link(bond.index, &self.name)?;
        Ok(host.set_link_up(bond.index, true)?)
    }
}

impl Reversible for ShareBond {
    fn check_record(&self) -> Checked {
        check_link_name(&self.name)?;
        self.members
            .iter()
            .chain(&self.primary)
            .try_for_each(|member| check_link_name(member))?;
        check_word("bond mode", &self.mode, &BOND_MODES.map(|(word, _)| word))?;
        if let Some(policy) = &self.hash_policy {
            check_word("hash policy", policy, &HASH_POLICIES.map(|(word, _)| word))?;
        }
        match &self.lacp_rate {
            Some(rate) => check_word("lacp rate", rate, &LACP_RATES.map(|(word, _)| word)),
            None => Ok(()),
        }
    }

    fn describe(&self) -> String {
        let mut text = format!(
            "share bond {} of {}, mode {}, miimon {}",
            self.name,
            self.members.join(", "),
            self.mode,
            self.interval
        );
        if let Some(policy) = &self.hash_policy {
            text += &format!(", xmit_hash_policy {policy}");
        }
        if let Some(rate) = &self.lacp_rate {
            text += &format!(", lacp_rate {rate}");
        }
        if let Some(primary) = &self.primary {
            text += &format!(", primary {primary}");
        }
        text + match self.keep {
            true => "; it stays",
            false => "; it goes with the last pod",
        }
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Boot
    }

    /// What is there is looked at under the lock, or it would be another by then.
    fn prepare(&mut self, _machine: &Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let difference = |link: &Link| self.difference(link, machine);
        shared_link::share((&self.name, self.keep), machine, difference, || {
            self.make(machine)
        })
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        shared_link::remove_unused_of(&[&self.name], machine)
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let host = &machine.node.kernel.host;
        let what = format!("the bond of {}", self.members.join(", "));
        let Some(link) = host.link_by_name(&self.name)? else {
            return Err(difference(format!(
                "the node has lost {}, {what}",
                self.name
            )));
        };
        let problem = self.difference(&link, machine)?;
        shared_link::verify(&link, &self.name, &what, problem)
    }
}
