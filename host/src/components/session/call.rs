//! What a component can ask of the host, in no version's words, and what the host answers. A
//! component in plumb's own process and one behind the wall ask in the same way; the latter's
//! calls are bytes of a stranger until they are one of these.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_values::Family;
use serde::{Deserialize, Serialize};

use super::{
    BridgeOptions, ChannelCounts, IpoibOptions, IpvlanOptions, LinkHandle, MacvlanOptions,
    PciHandle, PodLinkHandle, RingSizes, SharedBridgeHandle, VethOptions, VirtualFunctionSettings,
    VlanOptions,
};
use crate::facts::Place;
use crate::kernel::rdma::NamespaceMode;
use crate::outcome::AddressSource;
use crate::routing::{RouteTemplate, RuleTemplate};
use crate::trace::Level;

/// A call of the host. Links and functions are meant by the numbers of the handles that were given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the contract documents each")]
pub enum HostCall {
    Log(Level, String),
    Link(Place, String),
    DefaultRouteLink(Place),
    PodLinks,
    PciFunction(String),
    RdmaNamespaceMode,
    NumaNode(u32),
    Speed(u32),
    Addresses(u32),
    Routes(u32),
    CreateMacvlan(u32, MacvlanOptions),
    CreateIpvlan(u32, IpvlanOptions),
    CreateIpoib(u32, IpoibOptions),
    MoveLink(u32),
    SetVirtualFunction(u32, VirtualFunctionSettings),
    MoveRdmaDevice(u32, Option<String>),
    ReportFunction(u32, Option<Vec<u8>>),
    UsePreviousLink(String),
    SetMtu(PodLinkHandle, u32),
    SetMac(PodLinkHandle, Vec<u8>),
    SetLinkSysctl(PodLinkHandle, Family, String, String, bool),
    SetNeighbourSysctl(PodLinkHandle, Family, String, String, bool),
    SetPodSysctl(String, Family, String, String, bool),
    Source(AddressSource),
    AssignAddresses(PodLinkHandle, AddressSource),
    ReserveAddresses(AddressSource),
    AddAddress(PodLinkHandle, IpNetwork),
    AddRoute(PodLinkHandle, RouteTemplate),
    AddRule(RuleTemplate),
    AddNeighbour(PodLinkHandle, IpAddr, Vec<u8>),
    SetUp(PodLinkHandle),
    CreateVlan(u32, VlanOptions),
    CreateVeth(VethOptions),
    MoveNetdev(u32, Option<String>),
    SetQueueLength(PodLinkHandle, u32),
    AddAlternativeName(PodLinkHandle, String),
    SetRings(PodLinkHandle, RingSizes),
    SetChannels(PodLinkHandle, ChannelCounts),
    AuxiliaryFunction(String),
    ShareBridge(String, BridgeOptions),
}

impl HostCall {
    /// Whether it is decided by what is known in both processes, the grants and the plan so far, and asks no kernel. An MTU
    /// is held against the parent's, which the parent process alone has.
    pub fn needs_no_answer(&self) -> bool {
        matches!(
            self,
            Self::Log(..)
                | Self::SetMac(..)
                | Self::SetLinkSysctl(..)
                | Self::AssignAddresses(..)
                | Self::ReserveAddresses(..)
                | Self::AddAddress(..)
                | Self::AddRoute(..)
                | Self::AddRule(..)
                | Self::AddNeighbour(..)
                | Self::SetUp(..)
        )
    }

    /// Whether it changes nothing and the copy that the child has can answer it.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Source(_))
    }
}

/// The answer to a call that was not refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is what it is called")]
pub enum HostAnswer {
    Done(()),
    Link(LinkHandle),
    Links(Vec<LinkHandle>),
    Function(PciHandle),
    Mode(NamespaceMode),
    Number(Option<u32>),
    Addresses(Vec<IpNetwork>),
    Routes(Vec<RouteTemplate>),
    Source(AddressSource),
    PodLink(PodLinkHandle),
    SharedBridge(SharedBridgeHandle),
}
