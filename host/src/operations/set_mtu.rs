//! Sets the MTU of the pod's interface.

use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetMtu {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// Bytes.
    pub mtu: u32,
    /// What it was, in bytes.
    pub before: Option<u32>,
}

impl Reversible for SetMtu {
    fn check_record(&self) -> Checked {
        Ok(())
    }

    fn describe(&self) -> String {
        format!("set mtu {}", self.mtu)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let link = machine
            .pod
            .socket()?
            .link_by_index(machine.link_index(self.link)?)?;
        self.before = link.map(|link| link.mtu);
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let index = machine.link_index(self.link)?;
        machine.pod.socket()?.set_link_mtu(index, self.mtu)?;
        if let Some(made) = &mut machine.outcome.interface(self.link).made {
            made.mtu = self.mtu;
        }
        Ok(())
    }

    /// Whoever has set another one since meant it.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        let link = machine.find_link(self.link)?;
        if let (Some(link), Some(mtu)) = (link.filter(|link| link.mtu == self.mtu), self.before) {
            pod.set_link_mtu(link.index, mtu)?;
        }
        Ok(())
    }

    /// A later plugin of the chain (tuning) may set another one, and nothing shows who did.
    fn verify(&self, _machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        Ok(())
    }
}
