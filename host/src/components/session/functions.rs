//! What a flavour may record of a PCI function that is moved into the pod: its settings, its RDMA devices.

use plumb_values::Device;
use plumb_values::arguments::{
    check_hardware_address, check_rdma_name, check_rdma_name_is_for_one, check_virtual_function,
};
use serde::{Deserialize, Serialize};

use super::PciHandle;
use super::arguments::settings_of;
use super::authority::Authority;
use super::operations::Answer;
use crate::operations::{
    LinkNumber, MoveRdmaDevice, Operation, ReportFunction, SetVirtualFunction,
};

/// A VLAN tag, as it was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vlan {
    /// 0 clears the tag.
    pub id: u16,
    /// 0 to 7.
    pub priority: u8,
    /// Its Ethertype.
    pub protocol: u16,
}

/// Settings of `set-virtual-function`; none leaves one as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct VirtualFunctionSettings {
    /// Six bytes.
    pub mac: Option<Vec<u8>>,
    /// The tag.
    pub vlan: Option<Vlan>,
    /// Mbit/s.
    pub minimum_rate: Option<u32>,
    /// Mbit/s.
    pub maximum_rate: Option<u32>,
    /// Whether source addresses are checked.
    pub spoof_check: Option<bool>,
    /// Whether the function is trusted.
    pub trust: Option<bool>,
    /// `auto`, `enable` or `disable`.
    pub link_state: Option<String>,
    /// Eight bytes, set as node and as port GUID.
    pub guid: Option<Vec<u8>>,
    /// Whether the driver is bound again when the GUID or the hardware address has changed.
    pub rebind: bool,
}

/// Each is the operation of the same name in the contract.
///
/// # Errors
///
/// A refusal without a grant, and for an argument that is out of range.
impl Authority {
    pub(super) fn set_virtual_function(
        &mut self,
        function: &PciHandle,
        settings: &VirtualFunctionSettings,
    ) -> Answer<()> {
        self.may_use_function("set-virtual-function", function)?;
        let is_virtual = function.facts.virtual_function.is_some();
        check_virtual_function(Device(&function.facts.address), is_virtual)?;
        let operation = SetVirtualFunction {
            address: function.facts.address.clone(),
            settings: settings_of(settings)?,
            rebind: settings.rebind,
        };
        self.add(
            "set-virtual-function",
            Operation::SetVirtualFunction(operation),
        )
    }

    pub(super) fn move_rdma_device(
        &mut self,
        function: &PciHandle,
        name: Option<String>,
    ) -> Answer<()> {
        self.may_use_function("move-rdma-device", function)?;
        if let Some(name) = &name {
            let devices = function.facts.rdma_devices.len();
            check_rdma_name(name)?;
            check_rdma_name_is_for_one(name, Device(&function.facts.address), devices)?;
        }
        let operation = MoveRdmaDevice {
            address: function.facts.address.clone(),
            name,
            devices: Vec::new(),
        };
        self.add("move-rdma-device", Operation::MoveRdmaDevice(operation))
    }

    pub(super) fn report_function(
        &mut self,
        function: &PciHandle,
        mac: Option<Vec<u8>>,
    ) -> Answer<()> {
        self.may_use_function("report-function", function)?;
        mac.as_deref().map_or(Ok(()), check_hardware_address)?;
        let operation = ReportFunction {
            link: LinkNumber::default(),
            address: function.facts.address.clone(),
            mac,
        };
        self.add("report-function", Operation::ReportFunction(operation))
    }
}
