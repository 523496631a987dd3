//! What a component can ask of the host, in no version's words, and what the host answers. A
//! component in plumb's own process and one behind the wall ask in the same way; the latter's
//! calls are bytes of a stranger until they are one of these.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_values::Family;
use serde::{Deserialize, Serialize};

use super::{
    IpoibOptions, IpvlanOptions, LinkHandle, MacvlanOptions, PciHandle, PodLinkHandle,
    VirtualFunctionSettings,
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
    SetMtu(PodLinkHandle, u32),
    SetMac(PodLinkHandle, Vec<u8>),
    SetLinkSysctl(PodLinkHandle, Family, String, String, bool),
    Source(AddressSource),
    AssignAddresses(PodLinkHandle, AddressSource),
    ReserveAddresses(AddressSource),
    AddAddress(PodLinkHandle, IpNetwork),
    AddRoute(PodLinkHandle, RouteTemplate),
    AddRule(RuleTemplate),
    AddNeighbour(PodLinkHandle, IpAddr, Vec<u8>),
    SetUp(PodLinkHandle),
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
}
