//! Adds an address to the pod's interface.

use ipnetwork::IpNetwork;
use serde::{Deserialize, Serialize};

use super::{Lifetime, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddAddress {
    /// With the prefix that it gets.
    pub address: IpNetwork,
}

impl Reversible for AddAddress {
    fn describe(&self) -> String {
        format!("add address {}", self.address)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    fn prepare(&mut self, _machine: &Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let index = machine.pod_link()?;
        Ok(machine.pod_socket()?.add_address(index, self.address)?)
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let name = machine.attachment.interface_name.clone();
        let pod = machine.pod_socket()?;
        if let Some(link) = pod.link_by_name(&name)? {
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
        let index = machine.pod_link()?;
        if !is_listed || machine.pod_addresses(index)?.contains(&self.address) {
            return Ok(());
        }
        Err(difference(format!(
            "interface {} of the pod has lost its address {}",
            machine.attachment.interface_name, self.address
        )))
    }
}
