//! Everything that plumb can do to a machine: one file an operation, all alike inside.
//!
//! | function | does |
//! |---|---|
//! | `describe` | one line for the plan, the trace and errors |
//! | `prepare` | reads what the undo will need and refuses what cannot work; changes nothing |
//! | `perform` | asks the kernel |
//! | `undo` | takes it back; what is gone already is done already |
//! | `verify` | compares with the kernel, for CHECK |
//!
//! An operation is written into the journal between `prepare` and `perform`, as it is:
//! its fields are what the record holds.

pub mod add_address;
pub mod add_neighbour;
pub mod add_route;
pub mod add_rule;
mod child;
pub mod claim_addresses;
pub mod create_ipoib;
pub mod create_ipvlan;
pub mod create_macvlan;
pub mod delegate_ipam;
pub mod hold_function;
pub mod move_link;
pub mod move_rdma_device;
pub mod report_function;
pub mod set_link_sysctl;
pub mod set_mac;
pub mod set_mtu;
pub mod set_up;
pub mod set_virtual_function;
pub mod write_device_info;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::cni::previous::Previous;
use crate::kernel::virtual_function::Settings;
use crate::machine::Machine;

pub use add_address::AddAddress;
pub use add_neighbour::AddNeighbour;
pub use add_route::AddRoute;
pub use add_rule::AddRule;
pub use child::Parent;
pub use claim_addresses::ClaimAddresses;
pub use create_ipoib::CreateIpoib;
pub use create_ipvlan::CreateIpvlan;
pub use create_macvlan::CreateMacvlan;
pub use delegate_ipam::DelegateIpam;
pub use hold_function::HoldFunction;
pub use move_link::MoveLink;
pub use move_rdma_device::MoveRdmaDevice;
pub use report_function::ReportFunction;
pub use set_link_sysctl::SetLinkSysctl;
pub use set_mac::SetMac;
pub use set_mtu::SetMtu;
pub use set_up::SetUp;
pub use set_virtual_function::SetVirtualFunction;
pub use write_device_info::WriteDeviceInfo;

/// With what the effect of an operation ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// With the interface that the attachment made in the pod.
    PodLink,
    /// With the pod's network namespace.
    Netns,
    /// With the hold of its PCI function: see [`hold_function`].
    Function,
    /// When the machine is started anew.
    Boot,
    /// Never: it lies outside the kernel's network state.
    Unbounded,
}

/// The inside that all operations have.
pub trait Reversible {
    /// One line for the plan, the trace and errors.
    fn describe(&self) -> String;
    /// With what its effect ends by itself.
    fn lifetime(&self) -> Lifetime;
    /// Reads what the undo will need; changes nothing.
    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()>;
    /// Asks the kernel.
    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()>;
    /// Takes it back, whether it was done, half done or not done.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()>;
    /// Compares with the kernel. `expected` is the result of the whole chain: what a
    /// later plugin took out of it on purpose is not missed.
    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()>;
}

/// An operation, as the journal holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// See [`claim_addresses`].
    ClaimAddresses(ClaimAddresses),
    /// See [`delegate_ipam`].
    DelegateIpam(DelegateIpam),
    /// See [`create_macvlan`].
    CreateMacvlan(CreateMacvlan),
    /// See [`create_ipvlan`].
    CreateIpvlan(CreateIpvlan),
    /// See [`hold_function`].
    HoldFunction(Box<HoldFunction>),
    /// See [`set_virtual_function`].
    SetVirtualFunction(Box<SetVirtualFunction>),
    /// See [`move_rdma_device`].
    MoveRdmaDevice(MoveRdmaDevice),
    /// See [`move_link`].
    MoveLink(MoveLink),
    /// See [`report_function`].
    ReportFunction(ReportFunction),
    /// See [`create_ipoib`].
    CreateIpoib(CreateIpoib),
    /// See [`write_device_info`].
    WriteDeviceInfo(WriteDeviceInfo),
    /// See [`set_mtu`].
    #[serde(alias = "set-link-mtu")]
    SetMtu(SetMtu),
    /// See [`set_mac`].
    #[serde(alias = "set-link-mac")]
    SetMac(SetMac),
    /// See [`set_link_sysctl`].
    SetLinkSysctl(SetLinkSysctl),
    /// See [`add_address`].
    AddAddress(AddAddress),
    /// See [`set_up`].
    #[serde(alias = "set-link-up")]
    SetUp(SetUp),
    /// See [`add_route`].
    AddRoute(AddRoute),
    /// See [`add_rule`].
    AddRule(AddRule),
    /// See [`add_neighbour`].
    AddNeighbour(AddNeighbour),
}

impl Operation {
    fn inside(&self) -> &dyn Reversible {
        match self {
            Self::ClaimAddresses(operation) => operation,
            Self::DelegateIpam(operation) => operation,
            Self::CreateMacvlan(operation) => operation,
            Self::CreateIpvlan(operation) => operation,
            Self::HoldFunction(operation) => &**operation,
            Self::SetVirtualFunction(operation) => &**operation,
            Self::MoveRdmaDevice(operation) => operation,
            Self::MoveLink(operation) => operation,
            Self::ReportFunction(operation) => operation,
            Self::CreateIpoib(operation) => operation,
            Self::WriteDeviceInfo(operation) => operation,
            Self::SetMtu(operation) => operation,
            Self::SetMac(operation) => operation,
            Self::SetLinkSysctl(operation) => operation,
            Self::AddAddress(operation) => operation,
            Self::SetUp(operation) => operation,
            Self::AddRoute(operation) => operation,
            Self::AddRule(operation) => operation,
            Self::AddNeighbour(operation) => operation,
        }
    }

    fn inside_mut(&mut self) -> &mut dyn Reversible {
        match self {
            Self::ClaimAddresses(operation) => operation,
            Self::DelegateIpam(operation) => operation,
            Self::CreateMacvlan(operation) => operation,
            Self::CreateIpvlan(operation) => operation,
            Self::HoldFunction(operation) => &mut **operation,
            Self::SetVirtualFunction(operation) => &mut **operation,
            Self::MoveRdmaDevice(operation) => operation,
            Self::MoveLink(operation) => operation,
            Self::ReportFunction(operation) => operation,
            Self::CreateIpoib(operation) => operation,
            Self::WriteDeviceInfo(operation) => operation,
            Self::SetMtu(operation) => operation,
            Self::SetMac(operation) => operation,
            Self::SetLinkSysctl(operation) => operation,
            Self::AddAddress(operation) => operation,
            Self::SetUp(operation) => operation,
            Self::AddRoute(operation) => operation,
            Self::AddRule(operation) => operation,
            Self::AddNeighbour(operation) => operation,
        }
    }

    /// Whether the pod's interface is there by it, and goes with its undo.
    pub fn makes_pod_link(&self) -> bool {
        matches!(
            self,
            Self::CreateMacvlan(_)
                | Self::CreateIpvlan(_)
                | Self::CreateIpoib(_)
                | Self::MoveLink(_)
        )
    }

    /// The PCI function that it works on, and the settings of it that it changes.
    pub fn function(&self) -> Option<(&str, Settings)> {
        match self {
            Self::SetVirtualFunction(operation) => {
                Some((&operation.address, operation.settings.clone()))
            }
            Self::MoveRdmaDevice(operation) => Some((&operation.address, Settings::default())),
            Self::MoveLink(operation) => Some((&operation.address, Settings::default())),
            Self::ReportFunction(operation) => Some((&operation.address, Settings::default())),
            _ => None,
        }
    }
}

impl Reversible for Operation {
    fn describe(&self) -> String {
        self.inside().describe()
    }

    fn lifetime(&self) -> Lifetime {
        self.inside().lifetime()
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        self.inside_mut().prepare(machine)
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        self.inside_mut().perform(machine)
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        self.inside().undo(machine)
    }

    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()> {
        self.inside().verify(machine, expected)
    }
}

/// An error of CHECK: something is not as it was left.
fn difference(message: String) -> crate::Error {
    crate::Error::new(crate::Code::DIFFERENCE, message)
}
