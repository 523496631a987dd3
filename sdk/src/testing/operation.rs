//! The steps of a plan, as a test sees them.

use std::net::IpAddr;

use plumb_values::{Family, HardwareAddress, IpNetwork, Mac};

use super::{AddressSource, RouteFacts, RuleFacts};
use crate::operations::{IpoibOptions, IpvlanOptions, MacvlanOptions, VirtualFunctionSettings};

/// A recorded operation. Devices are given by name or PCI address; the pod's interface is
/// left out, as there is one.
#[derive(Debug, Clone, PartialEq)]
#[allow(
    missing_docs,
    reason = "each is the call of the same name in `operations`, with its parameters"
)]
pub enum Operation {
    CreateMacvlan {
        parent: String,
        options: MacvlanOptions,
    },
    CreateIpvlan {
        parent: String,
        options: IpvlanOptions,
    },
    CreateIpoib {
        parent: String,
        options: IpoibOptions,
    },
    MoveLink {
        function: String,
    },
    SetVirtualFunction {
        function: String,
        settings: VirtualFunctionSettings,
    },
    MoveRdmaDevice {
        function: String,
        name: Option<String>,
    },
    SetMtu {
        mtu: u32,
    },
    SetMac {
        mac: Mac,
    },
    SetLinkSysctl {
        family: Family,
        name: String,
        value: String,
        required: bool,
    },
    AssignAddresses {
        addresses: AddressSource,
    },
    AddAddress {
        address: IpNetwork,
    },
    AddRoute {
        route: RouteFacts,
    },
    AddRule {
        rule: RuleFacts,
    },
    AddNeighbour {
        address: IpAddr,
        mac: HardwareAddress,
    },
    SetUp,
    ReportFunction {
        function: String,
        mac: Option<HardwareAddress>,
    },
    ReserveAddresses {
        addresses: AddressSource,
    },
}
