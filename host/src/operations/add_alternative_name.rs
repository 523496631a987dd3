//! Gives the pod's interface a further name (`IFLA_ALT_IFNAME`, ip-link(8)).

use plumb_values::names::check_alternative_name;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::machine::Machine;
use crate::{Code, Error, Result};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddAlternativeName {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// The further name.
    pub name: String,
    /// Whether the interface had it before.
    pub had: bool,
}

impl Reversible for AddAlternativeName {
    fn check_record(&self) -> Checked {
        check_alternative_name(&self.name)
    }

    fn describe(&self) -> String {
        format!("add alternative name {}", self.name)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    /// The names of a namespace are one set: no link may have it, as its first or as a further one.
    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let Some(holder) = machine.pod.socket()?.link_by_name(&self.name)? else {
            return Ok(());
        };
        self.had = holder.index == machine.link_index(self.link)? && holder.name != self.name;
        match self.had {
            true => Ok(()),
            false => Err(Error::new(
                Code::ALREADY_EXISTS,
                format!(
                    "the pod's interface {} has the name {} already, which {} is to have as well",
                    holder.name,
                    self.name,
                    machine.link_name(self.link)
                ),
            )),
        }
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        if self.had {
            return Ok(());
        }
        let index = machine.link_index(self.link)?;
        let pod = machine.pod.socket()?;
        Ok(pod.add_alternative_name(index, &self.name)?)
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        match machine.find_link(self.link)? {
            Some(link) if !self.had && link.alternative_names.contains(&self.name) => {
                let pod = machine.pod.socket()?;
                Ok(pod.delete_alternative_name(link.index, &self.name)?)
            }
            _ => Ok(()),
        }
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let index = machine.link_index(self.link)?;
        match machine.pod.socket()?.link_by_index(index)? {
            Some(link) if link.alternative_names.contains(&self.name) => Ok(()),
            _ => Err(difference(format!(
                "interface {} of the pod has lost its alternative name {}",
                machine.link_name(self.link),
                self.name
            ))),
        }
    }
}
