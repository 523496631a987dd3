//! Sets how many packets the queue of the pod's interface takes (`txqueuelen`, ip-link(8)).

use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetQueueLength {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// Packets.
    pub length: u32,
    /// What it was, in packets.
    pub before: Option<u32>,
}

impl Reversible for SetQueueLength {
    fn check_record(&self) -> Checked {
        Ok(())
    }

    fn describe(&self) -> String {
        format!("set queue length {}", self.length)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let link = machine
            .pod
            .socket()?
            .link_by_index(machine.link_index(self.link)?)?;
        self.before = link.map(|link| link.queue_length);
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let index = machine.link_index(self.link)?;
        let pod = machine.pod.socket()?;
        Ok(pod.set_link_queue_length(index, self.length)?)
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        if let (Some(link), Some(length)) = (machine.find_link(self.link)?, self.before) {
            pod.set_link_queue_length(link.index, length)?;
        }
        Ok(())
    }

    /// The pod's programs may set another one.
    fn verify(&self, _machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        Ok(())
    }
}
