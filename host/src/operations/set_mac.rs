//! Sets the hardware address of the pod's interface.

use std::time::Duration;

use nix::errno::Errno;
use plumb_values::HardwareAddress;
use plumb_values::arguments::check_hardware_address;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible};
use crate::cni::previous::Previous;
use crate::functions::parent_link;
use crate::journal::Checked;
use crate::machine::Machine;
use crate::{Error, Result, octets};

/// How long a virtual function may refuse an address: some drivers learn only later which one
/// the physical function was given, and accept no other.
const SETTLING: Duration = Duration::from_secs(2);

/// What a driver says that has asked the physical function, and was told no (`igbvf_set_mac`): it will be told the same
/// again.
const FINAL: Errno = Errno::EADDRNOTAVAIL;

/// The refusal, with what the adapter wants first as far as it shows: igb, for one, lets a virtual function whose address
/// the physical one has set use no other and not even this one before it is trusted, until its driver is bound again.
fn explain(machine: &Machine<'_>, address: &str, error: crate::kernel::Error) -> Error {
    let wish = match is_trusted(machine, address) {
        Ok(Some(false)) => format!(
            "the physical function does not trust PCI function {address}, and its driver takes no address before that: \
             add \"trust\": \"on\" to the network, or leave \"mac\" out"
        ),
        Ok(_) => format!(
            "the driver of PCI function {address} does not take this address: leave \"mac\" out, or use another"
        ),
        Err(error) => format!("whether PCI function {address} is trusted is not known: {error}"),
    };
    Error::from(error).with_details(wish)
}

/// What the physical function says; none where it does not.
fn is_trusted(machine: &Machine<'_>, address: &str) -> Result<Option<bool>> {
    let kernel = &machine.node.kernel;
    let number = machine.outcome.original(address)?.number;
    let (Some(number), Some(parent)) = (number, parent_link(kernel, address)?) else {
        return Ok(None);
    };
    let held = kernel.host.virtual_function(parent.index, number)?;
    Ok(held.and_then(|settings| settings.trust()))
}

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
        let function = machine.outcome.interface(self.link).pci_address.clone();
        let mut refusal = None;
        crate::wait::until(SETTLING, || match pod.set_link_mac(index, &self.mac) {
            Ok(()) => {
                refusal = None;
                Ok(Some(()))
            }
            Err(error) => {
                let is_final = function.is_none() || error.errno() == Some(FINAL);
                refusal = Some(error);
                Ok(is_final.then_some(()))
            }
        })?;
        if let Some(error) = refusal {
            return Err(match function {
                Some(address) => explain(machine, &address, error),
                None => error.into(),
            });
        }
        if machine.has_made(self.link)
            && let Some(link) = machine.pod.socket()?.link_by_index(index)?
        {
            machine.outcome.made(self.link, link);
        }
        Ok(())
    }

    /// Whoever has set another one since meant it.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        let link = machine.find_link(self.link)?;
        let ours = link.filter(|link| link.mac[..] == self.mac[..]);
        if let (Some(link), Some(mac)) = (ours, &self.before) {
            pod.set_link_mac(link.index, mac)?;
        }
        Ok(())
    }

    /// The creation of the link compares the address with the chain's result.
    fn verify(&self, _machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        Ok(())
    }
}
