//! Sets the hardware address of the pod's interface.

use std::time::Duration;

use plumb_values::HardwareAddress;
use plumb_values::arguments::check_hardware_address;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::machine::Machine;
use crate::octets;

/// How long a virtual function may refuse an address: some drivers learn only later which one
/// the physical function was given, and accept no other.
const SETTLING: Duration = Duration::from_secs(2);

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetMac {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// Six bytes.
    pub mac: Vec<u8>,
    /// What it was.
    pub before: Option<HardwareAddress>,
}

impl Reversible for SetMac {
    fn check_record(&self) -> Checked {
        check_hardware_address(&self.mac)
    }

    fn describe(&self) -> String {
        format!("set hardware address {}", octets::text(&self.mac))
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    fn hardware_addresses(&self) -> Vec<Vec<u8>> {
        vec![self.mac.clone()]
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let link = machine
            .pod
            .socket()?
            .link_by_index(machine.link_index(self.link)?)?;
        self.before = link.map(|link| link.mac);
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let index = machine.link_index(self.link)?;
        let pod = machine.pod.socket()?;
        let is_moved = machine.outcome.interface(self.link).pci_address.is_some();
        let mut refusal = None;
        crate::wait::until(SETTLING, || match pod.set_link_mac(index, &self.mac) {
            Ok(()) => {
                refusal = None;
                Ok(Some(()))
            }
            Err(error) if is_moved => {
                refusal = Some(error);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        })?;
        if let Some(error) = refusal {
            return Err(error.into());
        }
        if let Some(link) = machine.pod.socket()?.link_by_index(index)? {
            machine.outcome.made(self.link, link);
        }
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        if let (Some(link), Some(mac)) = (machine.find_link(self.link)?, &self.before) {
            pod.set_link_mac(link.index, mac)?;
        }
        Ok(())
    }

    /// The creation of the link compares the address with the chain's result.
    fn verify(&self, _machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        Ok(())
    }
}
