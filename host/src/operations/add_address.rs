//! Adds an address to the pod's interface.

use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::machine::Machine;
use crate::{Code, Error, Result};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddAddress {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// With the prefix that it gets.
    pub address: IpNetwork,
}

impl Reversible for AddAddress {
    fn check_record(&self) -> Checked {
        Ok(())
    }

    fn describe(&self) -> String {
        format!("add address {}", self.address)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    /// One that an earlier plugin's interface has already is nothing that an undo may take.
    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        if machine.has_made(self.link) {
            return Ok(());
        }
        let index = machine.link_index(self.link)?;
        match machine
            .pod
            .socket()?
            .addresses(index)?
            .contains(&self.address)
        {
            false => Ok(()),
            true => Err(Error::new(
                Code::ALREADY_EXISTS,
                format!(
                    "interface {} of the pod has the address {} already, from an earlier plugin of the chain",
                    machine.link_name(self.link),
                    self.address
                ),
            )),
        }
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let index = machine.link_index(self.link)?;
        Ok(machine.pod.socket()?.add_address(index, self.address)?)
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        if let Some(link) = machine.find_link(self.link)? {
            pod.delete_address(link.index, self.address)?;
        }
        Ok(())
    }

    /// Only an address that the result of the chain still lists must be there.
    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()> {
        let is_listed = expected
            .addresses
            .iter()
            .any(|listed| listed.address == self.address);
        let index = machine.link_index(self.link)?;
        if !is_listed || machine.pod.addresses(index)?.contains(&self.address) {
            return Ok(());
        }
        Err(difference(format!(
            "interface {} of the pod has lost its address {}",
            machine.link_name(self.link),
            self.address
        )))
    }
}
