//! The session's functions, as the versions of the contract call them: each is one call of the host.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_engine::limits;
use plumb_values::Family;

use super::call::{HostAnswer, HostCall};
use super::{
    BridgeOptions, ChannelCounts, IpoibOptions, IpvlanOptions, LinkHandle, MacvlanOptions,
    PciHandle, PodLinkHandle, RingSizes, Session, SharedBridgeHandle, VethOptions,
    VirtualFunctionSettings, VlanOptions,
};
use crate::components::refusal::Refusal;
use crate::facts::Place;
use crate::kernel::rdma::NamespaceMode;
use crate::outcome::AddressSource;
use crate::routing::{RouteTemplate, RuleTemplate};
use crate::trace::Level;

/// A function for each call, which takes the answer of its kind.
macro_rules! calls {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ident($value:ty) = $call:expr;)+) => {
        /// Each is the function of the same name in the contract.
        ///
        /// # Errors
        ///
        /// What the host refuses.
        #[allow(missing_docs, reason = "the contract documents each")]
        impl Session {
            $(pub fn $name(&mut self, $($argument: $type),*) -> Result<$value, Refusal> {
                match self.ask($call)? {
                    HostAnswer::$answer(value) => Ok(value),
                    _ => Err(no_answer()),
                }
            })+
        }
    };
}

calls! {
    link(place: Place, name: &str) -> Link(LinkHandle) = HostCall::Link(place, name.to_owned());
    default_route_link(place: Place) -> Link(LinkHandle) = HostCall::DefaultRouteLink(place);
    pod_links() -> Links(Vec<LinkHandle>) = HostCall::PodLinks;
    pci_function(written: &str) -> Function(PciHandle) = HostCall::PciFunction(written.to_owned());
    auxiliary_function(name: &str) -> Function(PciHandle) = HostCall::AuxiliaryFunction(name.to_owned());
    rdma_namespace_mode() -> Mode(NamespaceMode) = HostCall::RdmaNamespaceMode;
    read_numa_node(link: &LinkHandle) -> Number(Option<u32>) = HostCall::NumaNode(link.number);
    read_speed(link: &LinkHandle) -> Number(Option<u32>) = HostCall::Speed(link.number);
    read_addresses(link: &LinkHandle) -> Addresses(Vec<IpNetwork>) = HostCall::Addresses(link.number);
    read_routes(link: &LinkHandle) -> Routes(Vec<RouteTemplate>) = HostCall::Routes(link.number);
    create_macvlan(parent: &LinkHandle, options: MacvlanOptions) -> PodLink(PodLinkHandle)
        = HostCall::CreateMacvlan(parent.number, options);
    create_ipvlan(parent: &LinkHandle, options: IpvlanOptions) -> PodLink(PodLinkHandle)
        = HostCall::CreateIpvlan(parent.number, options);
    create_ipoib(parent: &LinkHandle, options: IpoibOptions) -> PodLink(PodLinkHandle)
        = HostCall::CreateIpoib(parent.number, options);
    create_vlan(parent: &LinkHandle, options: VlanOptions) -> PodLink(PodLinkHandle)
        = HostCall::CreateVlan(parent.number, options);
    create_veth(options: VethOptions) -> PodLink(PodLinkHandle) = HostCall::CreateVeth(options);
    share_bridge(name: String, options: BridgeOptions) -> SharedBridge(SharedBridgeHandle)
        = HostCall::ShareBridge(name, options);
    move_link(function: &PciHandle) -> PodLink(PodLinkHandle) = HostCall::MoveLink(function.number);
    move_netdev(link: &LinkHandle, name: Option<String>) -> PodLink(PodLinkHandle)
        = HostCall::MoveNetdev(link.number, name);
    set_virtual_function(function: &PciHandle, settings: VirtualFunctionSettings) -> Done(())
        = HostCall::SetVirtualFunction(function.number, settings);
    move_rdma_device(function: &PciHandle, name: Option<String>) -> Done(())
        = HostCall::MoveRdmaDevice(function.number, name);
    report_function(function: &PciHandle, mac: Option<Vec<u8>>) -> Done(())
        = HostCall::ReportFunction(function.number, mac);
    use_previous_link(name: String) -> PodLink(PodLinkHandle) = HostCall::UsePreviousLink(name);
    set_mtu(link: PodLinkHandle, mtu: u32) -> Done(()) = HostCall::SetMtu(link, mtu);
    set_mac(link: PodLinkHandle, mac: Vec<u8>) -> Done(()) = HostCall::SetMac(link, mac);
    set_queue_length(link: PodLinkHandle, packets: u32) -> Done(()) = HostCall::SetQueueLength(link, packets);
    add_alternative_name(link: PodLinkHandle, name: String) -> Done(())
        = HostCall::AddAlternativeName(link, name);
    set_rings(link: PodLinkHandle, sizes: RingSizes) -> Done(()) = HostCall::SetRings(link, sizes);
    set_channels(link: PodLinkHandle, counts: ChannelCounts) -> Done(()) = HostCall::SetChannels(link, counts);
    set_link_sysctl(link: PodLinkHandle, family: Family, name: String, value: String, required: bool) -> Done(())
        = HostCall::SetLinkSysctl(link, family, name, value, required);
    set_neighbour_sysctl(link: PodLinkHandle, family: Family, name: String, value: String, required: bool) -> Done(())
        = HostCall::SetNeighbourSysctl(link, family, name, value, required);
    set_pod_sysctl(scope: String, family: Family, name: String, value: String, required: bool) -> Done(())
        = HostCall::SetPodSysctl(scope, family, name, value, required);
    source(source: AddressSource) -> Source(AddressSource) = HostCall::Source(source);
    assign_addresses(link: PodLinkHandle, source: AddressSource) -> Done(())
        = HostCall::AssignAddresses(link, source);
    reserve_addresses(source: AddressSource) -> Done(()) = HostCall::ReserveAddresses(source);
    add_address(link: PodLinkHandle, address: IpNetwork) -> Done(()) = HostCall::AddAddress(link, address);
    add_route(link: PodLinkHandle, route: RouteTemplate) -> Done(()) = HostCall::AddRoute(link, route);
    add_rule(rule: RuleTemplate) -> Done(()) = HostCall::AddRule(rule);
    add_neighbour(link: PodLinkHandle, address: IpAddr, mac: Vec<u8>) -> Done(())
        = HostCall::AddNeighbour(link, address, mac);
    set_up(link: PodLinkHandle) -> Done(()) = HostCall::SetUp(link);
}

impl Session {
    /// Adds a line to the component's log.
    ///
    /// # Errors
    ///
    /// A trap when it has called too often.
    pub fn log_line(&mut self, level: Level, message: &str) -> wasmtime::Result<()> {
        self.count_call()?;
        let end = message.floor_char_boundary(limits::LOG_LINE_BYTES);
        // A line is never refused.
        let _ = self.ask(HostCall::Log(level, message[..end].to_owned()));
        Ok(())
    }
}

/// The host answers each call in its kind; this is for a fault.
fn no_answer() -> Refusal {
    Refusal::denied("the host answered something else than it was asked")
}
