//! The steps of a plan, as a test sees them.

use std::net::IpAddr;

use plumb_values::{Family, HardwareAddress, IpNetwork, Mac};

use super::{AddressSource, RouteFacts, RuleFacts};
use crate::operations::{
    BridgeOptions, ChannelCounts, IpoibOptions, IpvlanOptions, MacvlanOptions, RingSizes,
    VethOptions, VirtualFunctionSettings, VlanOptions,
};

/// A recorded operation. Devices are given by name or PCI address. The pod's interface is left out where it is the requested
/// one: what is about another one is in [`Operation::Of`].
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
    CreateVlan {
        parent: String,
        options: VlanOptions,
    },
    ShareBridge {
        name: String,
        options: BridgeOptions,
    },
    CreateVeth {
        bridge: Option<String>,
        options: VethOptions,
    },
    MoveNetdev {
        link: String,
        name: Option<String>,
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
    UsePreviousLink {
        name: String,
    },
    SetMtu {
        mtu: u32,
    },
    SetMac {
        mac: Mac,
    },
    SetQueueLength {
        packets: u32,
    },
    AddAlternativeName {
        name: String,
    },
    SetRings {
        sizes: RingSizes,
    },
    SetChannels {
        counts: ChannelCounts,
    },
    SetLinkSysctl {
        family: Family,
        name: String,
        value: String,
        required: bool,
    },
    SetNeighbourSysctl {
        family: Family,
        name: String,
        value: String,
        required: bool,
    },
    SetPodSysctl {
        scope: String,
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
    /// One that is about an interface with a name of its own.
    Of {
        link: String,
        operation: Box<Operation>,
    },
}
