//! Works on an interface that an earlier plugin of the chain gave the pod: it changes nothing by itself, and says which
//! interface the other operations of the record are about.
//!
//! The interface stays that one by its index, whatever name root in the pod gives it, and another one in its place is nothing
//! of ours. It is the earlier plugin's to remove: DEL runs a chain backward (CNI specification, section 3), so it is there
//! when the changes are taken back, or has gone with all of them.

use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::machine::Machine;
use crate::{Code, Error, Result};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsePreviousLink {
    /// The number that the record's other operations have for it.
    pub link: LinkNumber,
    /// Its name in the pod.
    pub name: String,
    /// Its index there, once it was looked up.
    pub index: Option<u32>,
}

impl Reversible for UsePreviousLink {
    fn check_record(&self) -> Checked {
        check_link_name(&self.name)
    }

    fn describe(&self) -> String {
        format!("work on interface {} of an earlier plugin", self.name)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    fn uses_link(&self) -> Option<(LinkNumber, &str, Option<u32>)> {
        Some((self.link, &self.name, self.index))
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let link = machine.pod.socket()?.link_by_name(&self.name)?;
        let Some(link) = link else {
            return Err(Error::new(
                Code::NOT_AVAILABLE,
                format!(
                    "the pod has no interface {} any more, which prevResult lists: the plugin before did not keep it",
                    self.name
                ),
            ));
        };
        self.index = Some(link.index);
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let interface = machine.outcome.interface(self.link);
        interface.name = Some(self.name.clone());
        interface.index = self.index;
        Ok(())
    }

    fn undo(&self, _machine: &mut Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        match machine.find_link(self.link)? {
            Some(_) => Ok(()),
            None => Err(difference(format!(
                "the pod has lost its interface {}, which an earlier plugin of the chain made",
                self.name
            ))),
        }
    }
}
