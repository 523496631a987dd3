//! Sets a sysctl of the pod's interface (Documentation/networking/ip-sysctl).

use plumb_values::arguments::{check_sysctl, check_word};
use serde::{Deserialize, Serialize};

use super::sysctl_change::{self, FAMILIES};
use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::sysctl::Sysctl;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetLinkSysctl {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// `ipv4` or `ipv6`
    pub family: String,
    /// Last part of `net.ipv4.conf.INTERFACE.NAME`.
    pub name: String,
    /// What to write.
    pub value: String,
    /// Whether a kernel without it is an error.
    pub required: bool,
    /// Whether it must stay as it is set while the pod lives: else its programs and later plugins may change it.
    #[serde(default)]
    pub kept: bool,
    /// What it was; none: the kernel does not have it.
    pub before: Option<String>,
    /// What the kernel showed when it was set; none where that is not known, and in records of earlier releases.
    #[serde(default)]
    pub after: Option<String>,
}

impl SetLinkSysctl {
    /// A sysctl that is set where the kernel has it.
    pub fn optional(link: LinkNumber, family: &str, name: &str, value: &str) -> Self {
        Self {
            link,
            family: family.to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
            required: false,
            kept: false,
            before: None,
            after: None,
        }
    }

    /// The same, which CHECK looks after.
    pub fn kept(link: LinkNumber, family: &str, name: &str, value: &str) -> Self {
        Self {
            kept: true,
            ..Self::optional(link, family, name, value)
        }
    }

    fn sysctl<'a>(&'a self, machine: &'a Machine<'_>) -> Sysctl<'a> {
        Sysctl::of_link(&self.family, machine.link_name(self.link), &self.name)
    }
}

impl Reversible for SetLinkSysctl {
    fn check_record(&self) -> Checked {
        check_word("family", &self.family, &FAMILIES)?;
        let values = [&self.before, &self.after].into_iter().flatten();
        let mut values = values.chain([&self.value]);
        values.try_for_each(|value| check_sysctl(&self.name, value))
    }

    fn describe(&self) -> String {
        format!(
            "set sysctl net.{}.conf.INTERFACE.{} = {}",
            self.family, self.name, self.value
        )
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

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        if !self.kept || self.before.is_none() {
            return Ok(());
        }
        let sysctl = self.sysctl(machine);
        match sysctl.read(machine.pod.netns()?)? {
            Some(now) if now != self.value => Err(difference(format!(
                "sysctl {sysctl} is {now} in the pod, where ADD left {}",
                self.value
            ))),
            _ => Ok(()),
        }
    }
}
