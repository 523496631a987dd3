//! Changes settings of a virtual function through the physical one, and binds its driver
//! again when the driver must read them.

use plumb_values::Guid;
use plumb_values::driver::is_for_user_space;
use plumb_values::names::check_pci_address;
use serde::{Deserialize, Serialize};

use super::{Lifetime, Reversible, difference};
use crate::cni::previous::Previous;
use crate::functions::{self, Found, Original, RdmaLock, rebind};
use crate::journal::Checked;
use crate::kernel::virtual_function::Settings;
use crate::machine::Machine;
use crate::{Error, Result};

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetVirtualFunction {
    /// PCI address.
    pub address: String,
    /// The settings it gets.
    pub settings: Settings,
    /// Whether the driver is bound again when the GUID or the address has changed.
    pub rebind: bool,
}

impl SetVirtualFunction {
    fn must_rebind(&self, changed: &Settings, original: &Original) -> Option<String> {
        let is_read_by_driver = changed.have_guid() || changed.mac().is_some();
        original
            .driver
            .clone()
            .filter(|driver| !is_for_user_space(driver))
            .filter(|_| self.rebind && is_read_by_driver)
    }

    /// What the kernel said, with what it most often means.
    fn refusal(&self, is_of_mac: bool, error: crate::kernel::Error) -> Error {
        use nix::errno::Errno;
        let hint = match error.errno() {
            Some(Errno::EOPNOTSUPP | Errno::EPROTONOSUPPORT) => {
                "the adapter's driver does not support it: leave the setting out"
            }
            Some(Errno::EPERM | Errno::EACCES | Errno::EINVAL) if is_of_mac => {
                "the adapter's driver does not take this address now: some want the virtual function to be trusted \
                 first (`ip link set PF vf NUMBER trust on`), or its own driver to be unbound"
            }
            Some(Errno::EINVAL) => {
                "the adapter's driver does not take this value; rates need a physical function \
                 that is up, and are at most its speed"
            }
            _ => return error.into(),
        };
        Error::from(error).with_details(hint)
    }

    /// The node's and the port's GUID that the physical function holds for this one. Zero
    /// is how it says that it was never given one.
    fn held_guids(
        &self,
        machine: &Machine<'_>,
        number: u32,
    ) -> Result<(Option<Guid>, Option<Guid>)> {
        let (Some(_), Some(parent)) = (
            self.settings.port_guid(),
            functions::parent_link(&machine.node.kernel, &self.address)?,
        ) else {
            return Ok((None, None));
        };
        let held = machine
            .node
            .kernel
            .host
            .virtual_function(parent.index, number)?;
        let held = held.unwrap_or_default();
        let known = |guid: Option<Guid>| guid.filter(|guid| !guid.is_zero());
        Ok((known(held.node_guid()), known(held.port_guid())))
    }

    /// The GUID that the netdev shows, which is the port's.
    fn shown_guid(&self, machine: &Machine<'_>) -> Result<Option<Guid>> {
        let found = functions::find_link(
            &machine.node.kernel,
            machine.pod.netns.as_deref(),
            &self.address,
        )?;
        Ok(found.and_then(|found| match found {
            Found::Host(link) | Found::Pod(link) => link.mac.port_guid(),
        }))
    }
}

impl Reversible for SetVirtualFunction {
    fn check_record(&self) -> Checked {
        check_pci_address(&self.address)
    }

    fn describe(&self) -> String {
        let settings: Vec<_> = self
            .settings
            .changes(0)
            .iter()
            .map(ToString::to_string)
            .collect();
        let rebind = if self.rebind {
            ", rebind its driver"
        } else {
            ""
        };
        format!(
            "set {} on virtual function {}{rebind}",
            settings.join(", "),
            self.address
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Function
    }

    fn function(&self) -> Option<(&str, Settings)> {
        Some((&self.address, self.settings.clone()))
    }

    fn hardware_addresses(&self) -> Vec<Vec<u8>> {
        let mac = self.settings.mac().map(|mac| mac.bytes().to_vec());
        let guid = self.settings.port_guid();
        mac.into_iter()
            .chain(guid.map(|guid| guid.bytes().to_vec()))
            .collect()
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        functions::require_parent_link(&machine.node.kernel, &self.address).map(drop)
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let original = machine.outcome.original(&self.address)?.clone();
        let parent = functions::require_parent_link(&machine.node.kernel, &self.address)?;
        let number = original.number.unwrap_or_default();
        let changed = self.settings.differing_from(&original.settings);
        for change in changed.changes(number) {
            let is_of_mac = change.is_of_mac();
            machine
                .node
                .kernel
                .host
                .set_virtual_function((parent.index, &parent.name), number, change)
                .map_err(|error| self.refusal(is_of_mac, error))?;
        }
        let Some(driver) = self.must_rebind(&changed, &original) else {
            return Ok(());
        };
        let lock = RdmaLock::take(&machine.node.state, &self.address)?;
        rebind(
            &machine.node.kernel,
            &self.address,
            &driver,
            original.link.is_some(),
            original.rdma_devices.len(),
            &lock,
        )?;
        if let (Some(shown), Some(wanted)) = (self.shown_guid(machine)?, self.settings.port_guid())
            && shown != wanted
        {
            machine.node.trace.warning(format_args!(
                "virtual function {} shows GUID {} and not {} after its driver was bound again: \
                 does the subnet manager allow it?",
                self.address, shown, wanted
            ));
        }
        Ok(())
    }

    /// The undo of the hold restores the settings.
    fn undo(&self, _machine: &mut Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let original = machine.outcome.original(&self.address)?;
        let guids = (self.settings.node_guid(), self.settings.port_guid());
        let wanted = self.settings.without_guids();
        let now = original.read_settings(&machine.node.kernel, &self.address, &wanted)?;
        if let Some(change) = wanted.differing_from(&now).changes(0).first() {
            return Err(difference(format!(
                "virtual function {} does not have {change} any more",
                self.address
            )));
        }
        let held = self.held_guids(machine, original.number.unwrap_or_default())?;
        let shown = self.shown_guid(machine)?;
        for (what, wanted, now) in [
            ("node GUID", guids.0, held.0),
            ("port GUID", guids.1, held.1),
            ("port GUID", guids.1, shown),
        ] {
            if let (Some(wanted), Some(now)) = (wanted, now)
                && wanted != now
            {
                return Err(difference(format!(
                    "virtual function {} has the {what} {now}, not {wanted}",
                    self.address
                )));
            }
        }
        Ok(())
    }
}
