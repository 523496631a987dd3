//! Adds a permanent neighbour entry on the pod's interface.

use std::net::IpAddr;

use plumb_values::arguments::check_hardware_address;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::machine::Machine;
use crate::{Code, Error, Result, octets};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddNeighbour {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// The neighbour's address.
    pub address: IpAddr,
    /// Its hardware address.
    pub mac: Vec<u8>,
}

impl Reversible for AddNeighbour {
    fn check_record(&self) -> Checked {
        check_hardware_address(&self.mac)
    }

    fn describe(&self) -> String {
        format!(
            "add neighbour {} at {}",
            self.address,
            octets::text(&self.mac)
        )
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
        let entries = machine.pod.socket()?.neighbours(index)?;
        match entries.iter().any(|(address, _)| *address == self.address) {
            false => Ok(()),
            true => Err(Error::new(
                Code::ALREADY_EXISTS,
                format!(
                    "interface {} of the pod has a permanent neighbour {} already, from an earlier plugin of the chain",
                    machine.link_name(self.link),
                    self.address
                ),
            )),
        }
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let index = machine.link_index(self.link)?;
        let pod = machine.pod.socket()?;
        Ok(pod.add_neighbour(index, self.address, &self.mac)?)
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        if let Some(link) = machine.find_link(self.link)? {
            pod.delete_neighbour(link.index, self.address, &self.mac)?;
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let index = machine.link_index(self.link)?;
        let neighbours = machine.pod.socket()?.neighbours(index)?;
        if neighbours.contains(&(self.address, self.mac.clone())) {
            return Ok(());
        }
        Err(difference(format!(
            "interface {} of the pod has lost its neighbour {}",
            machine.link_name(self.link),
            self.address
        )))
    }
}
