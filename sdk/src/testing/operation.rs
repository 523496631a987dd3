//! The steps of a plan, as a test sees them.

use crate::operations::{
    AddressSource, IpoibOptions, IpvlanOptions, MacvlanOptions, Rule, SysctlFamily,
    VirtualFunctionSettings,
};
use crate::{IpAddress, IpNetwork, MacAddress, Route};

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
        rebind: bool,
    },
    MoveRdmaDevice {
        function: String,
        name: Option<String>,
    },
    SetMtu {
        mtu: u32,
    },
    SetMac {
        mac: MacAddress,
    },
    SetLinkSysctl {
        family: SysctlFamily,
        name: String,
        value: String,
        required: bool,
    },
    AssignAddresses {
        source: AddressSource,
    },
    AddAddress {
        address: IpNetwork,
    },
    AddRoute {
        route: Route,
    },
    AddRule {
        rule: Rule,
    },
    AddNeighbour {
        address: IpAddress,
        mac: MacAddress,
    },
    SetUp,
    ReportFunction {
        function: String,
        mac: Option<MacAddress>,
    },
    ReserveAddresses,
}
