//! Everything that plumb can do to a machine: one file an operation, all alike inside.
//!
//! | function | does |
//! |---|---|
//! | `check_record` | whether its fields, read back from a record, are such as plumb writes |
//! | `describe` | one line for the plan, the trace and errors |
//! | `prepare` | reads what the undo will need, draws what is random, refuses what cannot work; changes nothing |
//! | `perform` | asks the kernel |
//! | `undo` | takes it back; what is gone already is done already |
//! | `verify` | compares with the kernel, for CHECK |
//!
//! An operation is written into the journal between `prepare` and `perform`, as it is:
//! its fields are what the record holds.

pub mod add_address;
pub mod add_alternative_name;
pub mod add_neighbour;
pub mod add_route;
pub mod add_rule;
mod child;
pub mod claim_addresses;
mod counts;
pub mod create_ipoib;
pub mod create_ipvlan;
pub mod create_macvlan;
pub mod create_veth;
pub mod create_vlan;
pub mod delegate_ipam;
pub mod hold_function;
pub mod join_ends;
pub mod mark_connections;
pub mod move_link;
pub mod move_netdev;
pub mod move_rdma_device;
pub mod move_route;
mod other_records;
pub mod relax_reverse_path;
pub mod report_function;
pub mod route_primary;
pub mod route_to_pod;
pub mod set_channels;
pub mod set_link_sysctl;
pub mod set_mac;
pub mod set_mtu;
pub mod set_neighbour_sysctl;
pub mod set_pod_sysctl;
pub mod set_queue_length;
pub mod set_rings;
pub mod set_up;
pub mod set_virtual_function;
pub mod share_bond;
pub mod share_bridge;
pub mod share_vlan;
pub mod shared_link;
mod sysctl_change;
pub mod use_previous_link;
pub mod write_device_info;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::{self, Checked};
use crate::kernel::virtual_function::Settings;
use crate::machine::Machine;

pub use crate::outcome::LinkNumber;
pub use child::Parent;
use other_records::other_records;

/// What ends the effect of an operation without an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// The removal of the interface that the attachment made in the pod.
    PodLink,
    /// The end of the pod's network namespace.
    Netns,
    /// The release of its PCI function: see [`hold_function`].
    Function,
    /// The next boot.
    Boot,
    /// Nothing: it lies outside the kernel's network state.
    Unbounded,
}

/// The inside that all operations have.
pub trait Reversible {
    /// Whether its fields, read back from a record, are such as plumb writes: they become parts of paths, names of
    /// programs and words to the kernel, and a record may be forged.
    ///
    /// # Errors
    ///
    /// What is wrong, with the value.
    fn check_record(&self) -> Checked;
    /// One line for the plan, the trace and errors.
    fn describe(&self) -> String;
    /// What ends its effect without an undo.
    fn lifetime(&self) -> Lifetime;
    /// The interface of the pod that exists by it and goes with its undo: which one, and its
    /// name.
    fn makes_link(&self) -> Option<(LinkNumber, &str)> {
        None
    }
    /// The interface of an earlier plugin that other operations work on: its number, and by which name and index it is
    /// known.
    fn uses_link(&self) -> Option<(LinkNumber, &str, Option<u32>)> {
        None
    }
    /// Whether it gives the pod something in an interface's place.
    fn replaces_link(&self) -> bool {
        false
    }
    /// The link that what it makes lies on.
    fn parent(&self) -> Option<&Parent> {
        None
    }
    /// The PCI function that it works on, and the settings of it that it changes.
    fn function(&self) -> Option<(&str, Settings)> {
        None
    }
    /// The hardware addresses and GUIDs that it gives, as far as they are known: six or 20 bytes, and eight.
    fn hardware_addresses(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }
    /// Whether it gives the pod addresses, which nobody else may get while the pod's interface is on the wire.
    fn gives_addresses(&self) -> bool {
        false
    }
    /// Reads what the undo will need, draws what is random, refuses what cannot work; changes
    /// nothing.
    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()>;
    /// Asks the kernel.
    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()>;
    /// Takes it back, whether it was done, half done or not done.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()>;
    /// Compares with the kernel. `expected` is the result of the whole chain: what a
    /// later plugin took out of it on purpose is not missed.
    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()>;
}

/// What each attachment did, as it is written down.
pub type Records = journal::Records<Operation>;
/// What one attachment did, open for writing.
pub type Journal = journal::Journal<Operation>;
/// What one attachment did, read.
pub type Record = journal::Record<Operation>;

/// The list: module and type of each operation, and the name that it had in records of
/// earlier releases. The journal calls it by its type's name in kebab case, as the contract does.
macro_rules! operations {
    ($($module:ident::$name:ident $(, formerly $former:literal)?;)+) => {
        $(pub use $module::$name;)+

        /// An operation, as the journal holds it.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        #[allow(clippy::large_enum_variant, reason = "a plan has few of them")]
        pub enum Operation {
            $(
                #[doc = concat!("See [`", stringify!($module), "`].")]
                $(#[serde(alias = $former)])?
                $name($name),
            )+
        }

        $(impl From<$name> for Operation {
            fn from(operation: $name) -> Self {
                Self::$name(operation)
            }
        })+

        impl Operation {
            /// What all operations have in common.
            pub fn inside(&self) -> &dyn Reversible {
                match self {
                    $(Self::$name(operation) => operation,)+
                }
            }

            fn inside_mut(&mut self) -> &mut dyn Reversible {
                match self {
                    $(Self::$name(operation) => operation,)+
                }
            }
        }
    };
}

operations! {
    claim_addresses::ClaimAddresses;
    delegate_ipam::DelegateIpam;
    create_macvlan::CreateMacvlan;
    create_ipvlan::CreateIpvlan;
    hold_function::HoldFunction;
    set_virtual_function::SetVirtualFunction;
    move_rdma_device::MoveRdmaDevice;
    move_link::MoveLink;
    report_function::ReportFunction;
    create_ipoib::CreateIpoib;
    write_device_info::WriteDeviceInfo;
    set_mtu::SetMtu, formerly "set-link-mtu";
    set_mac::SetMac, formerly "set-link-mac";
    set_link_sysctl::SetLinkSysctl;
    set_neighbour_sysctl::SetNeighbourSysctl;
    set_pod_sysctl::SetPodSysctl;
    add_address::AddAddress;
    set_up::SetUp, formerly "set-link-up";
    add_route::AddRoute;
    add_rule::AddRule;
    add_neighbour::AddNeighbour;
    route_primary::RoutePrimary;
    move_route::MoveRoute;
    set_queue_length::SetQueueLength;
    create_veth::CreateVeth;
    relax_reverse_path::RelaxReversePath;
    join_ends::JoinEnds;
    route_to_pod::RouteToPod;
    mark_connections::MarkConnections;
    share_bond::ShareBond;
    share_vlan::ShareVlan;
    use_previous_link::UsePreviousLink;
    create_vlan::CreateVlan;
    move_netdev::MoveNetdev;
    add_alternative_name::AddAlternativeName;
    set_rings::SetRings;
    set_channels::SetChannels;
    share_bridge::ShareBridge;
}

impl journal::Recorded for Operation {
    fn check_record(&self) -> Checked {
        self.inside().check_record()
    }
}

impl Reversible for Operation {
    fn check_record(&self) -> Checked {
        self.inside().check_record()
    }

    fn describe(&self) -> String {
        self.inside().describe()
    }

    fn lifetime(&self) -> Lifetime {
        self.inside().lifetime()
    }

    fn makes_link(&self) -> Option<(LinkNumber, &str)> {
        self.inside().makes_link()
    }

    fn uses_link(&self) -> Option<(LinkNumber, &str, Option<u32>)> {
        self.inside().uses_link()
    }

    fn replaces_link(&self) -> bool {
        self.inside().replaces_link()
    }

    fn parent(&self) -> Option<&Parent> {
        self.inside().parent()
    }

    fn function(&self) -> Option<(&str, Settings)> {
        self.inside().function()
    }

    fn hardware_addresses(&self) -> Vec<Vec<u8>> {
        self.inside().hardware_addresses()
    }

    fn gives_addresses(&self) -> bool {
        self.inside().gives_addresses()
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

#[cfg(test)]
mod tests;
