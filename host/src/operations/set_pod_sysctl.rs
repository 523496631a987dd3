//! Sets a sysctl of the pod's namespace that is no interface's: one of `all`, which the kernel combines with that of each
//! interface, or of `default`, which new interfaces begin with (Documentation/networking/ip-sysctl).
//!
//! Several attachments of a pod may set the same one. Each has in its record what it was before the first of them, so that
//! the last to go can restore it, whichever that is. Calls for one container come one after the other (CNI specification,
//! section 2), so nobody sets it meanwhile.

use plumb_values::Family;
use plumb_values::arguments::{SYSCTL_SCOPES, check_pod_sysctl, check_word};
use serde::{Deserialize, Serialize};

use super::other_records::records_of_pod;
use super::sysctl_change::{self, FAMILIES};
use super::{Lifetime, Operation, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::{Checked, State};
use crate::kernel::sysctl::Sysctl;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPodSysctl {
    /// `all` or `default`
    pub scope: String,
    /// `ipv4` or `ipv6`
    pub family: String,
    /// Last part of `net.ipv4.conf.all.NAME`.
    pub name: String,
    /// What to write.
    pub value: String,
    /// Whether a kernel without it is an error.
    pub required: bool,
    /// What it was before any attachment of the pod set it; none: the kernel does not have it.
    pub before: Option<String>,
    /// What the kernel showed when it was set; none where that is not known.
    pub after: Option<String>,
}

impl SetPodSysctl {
    fn sysctl(&self) -> Sysctl<'_> {
        Sysctl::of_link(&self.family, &self.scope, &self.name)
    }

    /// What the kernel shows as long as nobody else has set it.
    fn left(&self) -> &str {
        self.after.as_ref().unwrap_or(&self.value)
    }

    /// The same sysctl as other attachments of the pod have set it, the newest last.
    fn by_others(&self, machine: &Machine<'_>) -> Result<Vec<Self>> {
        let mut found = Vec::new();
        for record in records_of_pod(machine)? {
            for step in record.steps {
                match step.operation {
                    Operation::SetPodSysctl(other)
                        if other.sysctl() == self.sysctl() && step.state != State::Undone =>
                    {
                        found.push(other);
                    }
                    _ => {}
                }
            }
        }
        Ok(found)
    }
}

impl Reversible for SetPodSysctl {
    fn check_record(&self) -> Checked {
        check_word("scope of a sysctl", &self.scope, &SYSCTL_SCOPES)?;
        check_word("family", &self.family, &FAMILIES)?;
        let family = match self.family.as_str() {
            "ipv4" => Family::Ipv4,
            _ => Family::Ipv6,
        };
        let values = [&self.before, &self.after].into_iter().flatten();
        let mut values = values.chain([&self.value]);
        values.try_for_each(|value| check_pod_sysctl(family, &self.name, value))
    }

    fn describe(&self) -> String {
        format!("set sysctl {} = {}", self.sysctl(), self.value)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Netns
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let now = sysctl_change::before(&self.sysctl(), self.required, machine)?;
        let others = self.by_others(machine)?;
        let first = others.into_iter().find_map(|other| other.before);
        self.before = now.map(|now| first.unwrap_or(now));
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        self.after = sysctl_change::set(&self.sysctl(), &self.value, machine)?;
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let others = self.by_others(machine)?;
        let value = match others.last() {
            Some(other) => Some(other.left()),
            None => self.before.as_deref(),
        };
        match value {
            Some(value) => sysctl_change::restore(&self.sysctl(), self.left(), value, machine),
            None => Ok(()),
        }
    }

    /// What another attachment of the pod has set since is right, too.
    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let sysctl = self.sysctl();
        let Some(now) = sysctl.read(machine.pod.netns()?)? else {
            return Ok(());
        };
        if now == self.left() {
            return Ok(());
        }
        let others = self.by_others(machine)?;
        match others.iter().any(|other| other.left() == now) {
            true => Ok(()),
            false => Err(difference(format!(
                "sysctl {sysctl} is {now} in the pod, where ADD left {}",
                self.left()
            ))),
        }
    }
}
