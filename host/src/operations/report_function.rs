//! Puts a function without a netdev into the result.

use plumb_values::HardwareAddress;
use plumb_values::names::check_pci_address;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::pci;
use crate::kernel::virtual_function::Settings;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportFunction {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// PCI address.
    pub address: String,
    /// The hardware address it was given; none: the one that it has.
    pub mac: Option<Vec<u8>>,
}

impl Reversible for ReportFunction {
    fn check_record(&self) -> Checked {
        check_pci_address(&self.address)
    }

    fn describe(&self) -> String {
        format!(
            "report PCI function {}, which a program drives",
            self.address
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Function
    }

    fn replaces_link(&self) -> bool {
        true
    }

    fn function(&self) -> Option<(&str, Settings)> {
        Some((&self.address, Settings::default()))
    }

    fn prepare(&mut self, _machine: &Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let known = machine.outcome.original(&self.address)?.settings.mac();
        let own = known
            .filter(|mac| !mac.is_zero())
            .map(HardwareAddress::from);
        let mac = self.mac.clone().map(HardwareAddress::from).or(own);
        machine.outcome.interface(self.link).reported_mac = mac;
        machine.outcome.interface(self.link).pci_address = Some(self.address.clone());
        Ok(())
    }

    fn undo(&self, _machine: &mut Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let before = machine.outcome.original(&self.address)?.driver.clone();
        let function = pci::function(&machine.node.kernel.sysfs, &self.address)?;
        let now = function.and_then(|function| function.driver);
        if now == before {
            return Ok(());
        }
        let text = |driver: &Option<String>| driver.clone().unwrap_or_else(|| "none".to_owned());
        Err(difference(format!(
            "the driver of PCI function {} is {}, not {}",
            self.address,
            text(&now),
            text(&before)
        )))
    }
}
