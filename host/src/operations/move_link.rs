//! Moves the netdev of a PCI function, or of an auxiliary device, into the pod.

use std::os::fd::AsFd;

use plumb_values::Device;
use plumb_values::names::{check_device_id, check_link_name, check_pci_address};
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, child, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::functions::{Found, wait_for_link};
use crate::journal::Checked;
use crate::kernel::virtual_function::Settings;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveLink {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// PCI address of the function, or the auxiliary device's name.
    pub address: String,
    /// Its name in the pod.
    pub name: String,
    /// Its index in the pod, once it is there.
    pub index: Option<u32>,
}

impl Reversible for MoveLink {
    fn check_record(&self) -> Checked {
        check_device_id(&self.address)?;
        check_link_name(&self.name)
    }

    fn describe(&self) -> String {
        format!(
            "move the interface of {} into the pod as {}",
            Device(&self.address),
            self.name
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Function
    }

    fn function(&self) -> Option<(&str, Settings)> {
        Some((&self.address, Settings::default()))
    }

    fn makes_link(&self) -> Option<(LinkNumber, &str)> {
        Some((self.link, &self.name))
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        child::require_free_name(machine, &self.name)
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let netns = machine.pod.netns()?;
        let pod = machine.pod.socket()?;
        let host = &machine.node.kernel.host;
        match wait_for_link(&machine.node.kernel, netns, &self.address)? {
            Found::Host(link) => {
                // udev gives a second name, which would be in the way of the first.
                if link.alternative_names.contains(&self.name) {
                    host.delete_alternative_name(link.index, &self.name)?;
                }
                host.move_link(&link, netns.as_fd(), &self.name)?;
            }
            Found::Pod(link) => {
                pod.set_link_up(link.index, false)?;
                pod.rename_link(link.index, &self.name)?;
            }
        }
        let link = pod.require_link(&self.name, &netns.path().to_string_lossy())?;
        self.index = Some(link.index);
        machine.outcome.made(self.link, link);
        // The result has a key for the one and none for the other (CNI specification 1.1.0, `pciID`).
        let is_pci = check_pci_address(&self.address).is_ok();
        machine.outcome.interface(self.link).pci_address = is_pci.then(|| self.address.clone());
        Ok(())
    }

    /// The undo of the hold fetches the netdev.
    fn undo(&self, _machine: &mut Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()> {
        let name = &self.name;
        let netns = machine.pod.netns()?;
        let place = netns.path().display().to_string();
        let Some(link) = machine.pod.socket()?.link_by_name(name)? else {
            return Err(difference(format!(
                "the pod {place} has no interface {name} any more"
            )));
        };
        if let Some(found) = netns.sysfs()?.link_function(name)?
            && found != self.address
        {
            return Err(difference(format!(
                "interface {name} of the pod {place} is that of {}, not {}",
                Device(&found),
                self.address
            )));
        }
        machine.outcome.interface(self.link).index = Some(link.index);
        child::verify_mac(&link, &place, expected)
    }
}
