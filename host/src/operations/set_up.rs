//! Sets the pod's interface up.

use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetUp {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// Whether it was up.
    pub before: bool,
}

impl Reversible for SetUp {
    fn check_record(&self) -> Checked {
        Ok(())
    }

    fn describe(&self) -> String {
        "set the interface up".into()
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    /// How a link that the plan made or moved is, is known; the kernel is asked for that of an earlier plugin.
    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let interface = machine.outcome.interfaces.get(&self.link);
        let made = interface.and_then(|interface| interface.made.as_ref());
        self.before = match made {
            Some(link) => link.up,
            None => {
                let link = machine.find_link(self.link)?;
                link.is_some_and(|link| link.up)
            }
        };
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let index = machine.link_index(self.link)?;
        Ok(machine.pod.socket()?.set_link_up(index, true)?)
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        match machine.find_link(self.link)? {
            Some(link) if link.up && !self.before => Ok(pod.set_link_up(link.index, false)?),
            _ => Ok(()),
        }
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let index = machine.link_index(self.link)?;
        match machine.pod.socket()?.link_by_index(index)? {
            Some(link) if link.up => Ok(()),
            _ => Err(difference(format!(
                "interface {} of the pod is down",
                machine.link_name(self.link)
            ))),
        }
    }
}
