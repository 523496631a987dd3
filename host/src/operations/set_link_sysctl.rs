//! Sets a sysctl of the pod's interface (Documentation/networking/ip-sysctl).

use plumb_values::arguments::{check_sysctl, check_word};
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::sysctl;
use crate::machine::Machine;
use crate::{Code, Error, Result};

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
        }
    }

    /// The same, which CHECK looks after.
    pub fn kept(link: LinkNumber, family: &str, name: &str, value: &str) -> Self {
        Self {
            kept: true,
            ..Self::optional(link, family, name, value)
        }
    }
}

impl Reversible for SetLinkSysctl {
    fn check_record(&self) -> Checked {
        check_word("family", &self.family, &["ipv4", "ipv6"])?;
        check_sysctl(&self.name, &self.value)?;
        self.before
            .as_deref()
            .map_or(Ok(()), |before| check_sysctl(&self.name, before))
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
        let interface = machine.link_name(self.link);
        self.before = sysctl::read(machine.pod.netns()?, &self.family, interface, &self.name)?;
        if self.required && self.before.is_none() {
            return Err(Error::new(
                Code::NOT_AVAILABLE,
                format!(
                    "the kernel has no sysctl net.{}.conf.{interface}.{}, which the network needs",
                    self.family, self.name
                ),
            ));
        }
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        if self.before.is_none() || self.before.as_ref() == Some(&self.value) {
            return Ok(());
        }
        let interface = machine.link_name(self.link);
        Ok(sysctl::write(
            machine.pod.netns()?,
            &self.family,
            interface,
            &self.name,
            &self.value,
        )?)
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let interface = machine.link_name(self.link);
        let netns = machine.pod.netns()?;
        let now = sysctl::read(netns, &self.family, interface, &self.name)?;
        match (&self.before, now) {
            (Some(before), Some(now)) if *before != now => Ok(sysctl::write(
                netns,
                &self.family,
                interface,
                &self.name,
                before,
            )?),
            _ => Ok(()),
        }
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        if !self.kept || self.before.is_none() {
            return Ok(());
        }
        let interface = machine.link_name(self.link);
        let now = sysctl::read(machine.pod.netns()?, &self.family, interface, &self.name)?;
        match now {
            Some(now) if now != self.value => Err(difference(format!(
                "sysctl net.{}.conf.{interface}.{} is {now} in the pod, where ADD left {}",
                self.family, self.name, self.value
            ))),
            _ => Ok(()),
        }
    }
}
