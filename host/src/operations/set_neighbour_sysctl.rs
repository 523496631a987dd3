//! Sets a sysctl of the neighbours of the pod's interface (`net.FAMILY.neigh.INTERFACE.NAME`, arp(7)): how long the kernel
//! believes in them, and how often it asks.

use plumb_values::arguments::{check_sysctl, check_word};
use serde::{Deserialize, Serialize};

use super::sysctl_change::{self, FAMILIES};
use super::{Lifetime, LinkNumber, Reversible};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::sysctl::Sysctl;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetNeighbourSysctl {
    /// The interface, see [`LinkNumber`].
    pub link: LinkNumber,
    /// `ipv4` or `ipv6`
    pub family: String,
    /// Last part of `net.ipv4.neigh.INTERFACE.NAME`.
    pub name: String,
    /// What to write.
    pub value: String,
    /// Whether a kernel without it is an error.
    pub required: bool,
    /// What it was; none: the kernel does not have it.
    pub before: Option<String>,
    /// What the kernel showed when it was set; none where that is not known.
    pub after: Option<String>,
}

impl SetNeighbourSysctl {
    fn sysctl<'a>(&'a self, machine: &'a Machine<'_>) -> Sysctl<'a> {
        Sysctl::of_neighbours(&self.family, machine.link_name(self.link), &self.name)
    }
}

impl Reversible for SetNeighbourSysctl {
    fn check_record(&self) -> Checked {
        check_word("family", &self.family, &FAMILIES)?;
        let values = [&self.before, &self.after].into_iter().flatten();
        let mut values = values.chain([&self.value]);
        values.try_for_each(|value| check_sysctl(&self.name, value))
    }

    fn describe(&self) -> String {
        let sysctl = Sysctl::of_neighbours(&self.family, "INTERFACE", &self.name);
        format!("set sysctl {sysctl} = {}", self.value)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        self.before = sysctl_change::before(&self.sysctl(machine), self.required, machine)?;
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        self.after = sysctl_change::set(&self.sysctl(machine), &self.value, machine)?;
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let left = self.after.as_ref().unwrap_or(&self.value);
        match &self.before {
            Some(before) if !machine.has_lost(self.link) => {
                sysctl_change::restore(&self.sysctl(machine), left, before, machine)
            }
            _ => Ok(()),
        }
    }

    /// The pod's programs and later plugins of the chain may set another value, as for
    /// [`SetLinkSysctl`](super::SetLinkSysctl).
    fn verify(&self, _machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        Ok(())
    }
}
