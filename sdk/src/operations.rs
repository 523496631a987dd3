//! What a flavour may have done. Each call adds a step to the plan and changes nothing;
//! the host performs the steps, in the order of the calls, when `attach` has returned.
//!
//! Every function fails with [`ErrorCode::Denied`](crate::ErrorCode::Denied) when the
//! component has no grant for it, with
//! [`ErrorCode::UnsupportedOperation`](crate::ErrorCode::UnsupportedOperation) when the
//! host cannot perform it in its version, and with
//! [`ErrorCode::InvalidConfiguration`](crate::ErrorCode::InvalidConfiguration) when an argument
//! is out of range or unknown to the host.
//!
//! Options are structs: what is left at its default is not passed to the host. Where the compiler
//! can see that, the component does not even import the function that would pass it, so it runs on
//! hosts that do not have it yet. That is why what passes options is inlined.

mod bridges;
mod children;
mod netdevs;
mod queues;
mod sysctl_scope;
mod virtual_function;

use std::net::IpAddr;

use plumb_values::{Family, HardwareAddress, IpNetwork, Mac};

use crate::Error;
use crate::contract::operations;
use crate::facts::{Link, PciFunction};
use crate::routing::{Addresses, Route, Rule};

pub use bridges::{BridgeOptions, SharedBridge};
pub use children::{
    IpoibMode, IpoibOptions, IpvlanMode, IpvlanOptions, MacvlanMode, MacvlanOptions,
};
pub use netdevs::{VethOptions, VlanOptions};
pub use queues::{ChannelCounts, RingSizes};
pub use sysctl_scope::SysctlScope;
pub use virtual_function::{
    VirtualFunctionLinkState, VirtualFunctionSettings, VlanProtocol, VlanTag,
};

/// An interface that the pod will have: made by the plan, moved by it, or given by an earlier plugin
/// of the chain.
#[derive(Debug)]
pub struct PodLink(operations::PodLink);

/// Makes a macvlan child of `parent` in the pod, under the requested name, down.
#[inline(always)]
pub fn create_macvlan(parent: &Link, options: &MacvlanOptions) -> Result<PodLink, Error> {
    let link = operations::create_macvlan(&parent.0, options.build())?;
    Ok(PodLink(link))
}

/// Makes an ipvlan child of `parent` in the pod, under the requested name, down.
#[inline(always)]
pub fn create_ipvlan(parent: &Link, options: &IpvlanOptions) -> Result<PodLink, Error> {
    let link = operations::create_ipvlan(&parent.0, options.build())?;
    Ok(PodLink(link))
}

/// Makes an IPoIB child of `parent` in the pod, under the requested name, down.
#[inline(always)]
pub fn create_ipoib(parent: &Link, options: &IpoibOptions) -> Result<PodLink, Error> {
    let link = operations::create_ipoib(&parent.0, options.build())?;
    Ok(PodLink(link))
}

/// Makes a VLAN on `parent` in the pod, under the requested name, down. A parent has one VLAN of a number, on the host or in
/// one pod.
#[inline(always)]
pub fn create_vlan(parent: &Link, options: &VlanOptions) -> Result<PodLink, Error> {
    let link = operations::create_vlan(&parent.0, options.build())?;
    Ok(PodLink(link))
}

/// Makes a pair of interfaces: one in the pod, under the requested name, down; the other one on the node, up, under a name
/// that the host draws, and with `bridge` as a port of that.
#[inline(always)]
pub fn create_veth(bridge: Option<&Link>, options: &VethOptions) -> Result<PodLink, Error> {
    let link = operations::create_veth(options.build(bridge))?;
    Ok(PodLink(link))
}

/// Has the host have a bridge under this name, up, for [`SharedBridge::create_veth`]. The first attachment that shares it makes
/// it, without an address and without IPv6, and it goes with the last one, unless somebody has given it an address or a port,
/// or put a link on it. A bridge that the node has otherwise is used as it is, and stays. No interface of the node ever becomes
/// a port of it.
///
/// The network configuration names it, or the grant of `share-bridge` means it, and the node's policy must allow it as a
/// parent, whether it is there or to be made. A plan shares a bridge once: the same call again gives the same bridge.
///
/// Errors: `denied` for another name, and `invalid-configuration` for that of a link which is no bridge. What the step finds when
/// it is performed is an error as well (CNI code 106): a bridge that has not what an option states, or an administrator's that
/// is down.
#[inline(always)]
pub fn share_bridge(name: &str, options: &BridgeOptions) -> Result<SharedBridge, Error> {
    let bridge = operations::share_bridge(name, options.build())?;
    Ok(SharedBridge(bridge))
}

/// Moves an interface of the host that is no PCI function's into the pod, under the requested name or `name`, down. It
/// comes back as it was, with its addresses; routes by it are not restored. Where the pod's namespace ends first, hardware
/// comes back by itself and is restored then, and a virtual interface ends with it.
///
/// Errors: `invalid-configuration` for one of the pod's, the loopback, one of a PCI function, for which there is
/// [`move_link`], and a bridge or bond; `denied` for one by which the node's default route leads.
pub fn move_netdev(link: &Link, name: Option<&str>) -> Result<PodLink, Error> {
    Ok(PodLink(operations::move_netdev(&link.0, name)?))
}

/// Moves the netdev of a PCI function into the pod and names it as requested, down. It is found
/// by the PCI address, in both namespaces, when the step is performed.
pub fn move_link(function: &PciFunction) -> Result<PodLink, Error> {
    Ok(PodLink(operations::move_link(&function.0)?))
}

/// Changes settings of a virtual function; the old ones are restored on DEL.
#[inline(always)]
pub fn set_virtual_function(
    function: &PciFunction,
    settings: &VirtualFunctionSettings,
) -> Result<(), Error> {
    Ok(operations::set_virtual_function(
        &function.0,
        settings.build(),
    )?)
}

/// Moves the RDMA devices of a function into the pod (exclusive mode only). With `name`,
/// which needs a function with exactly one, it is renamed there.
///
/// On InfiniBand it comes before [`move_link`]: the kernel re-creates the function's netdev
/// when its RDMA device moves.
pub fn move_rdma_device(function: &PciFunction, name: Option<&str>) -> Result<(), Error> {
    Ok(operations::move_rdma_device(&function.0, name)?)
}

/// The interface of this name, which an earlier plugin of the chain gave the pod. Steps about it
/// change what it has, DEL takes that back where it is still as it was left, and the result passes
/// the earlier plugin's on, with what has changed. Such a network has `"chained": true`, and makes no
/// interface of its own.
///
/// Its addresses are there: routes and rules may refer to [`previous_addresses`] at once.
///
/// Errors: `invalid-configuration` when the network is not chained, `not-found` when `prevResult`
/// has no interface of this name in the pod.
pub fn use_previous_link(name: &str) -> Result<PodLink, Error> {
    Ok(PodLink(operations::use_previous_link(name)?))
}

/// Sets the MTU of the pod's interface, in bytes. That of a macvlan or an ipvlan is no larger than
/// its parent's.
pub fn set_mtu(link: &PodLink, mtu: u32) -> Result<(), Error> {
    Ok(operations::set_mtu(&link.0, mtu)?)
}

/// Sets the hardware address of the pod's interface.
pub fn set_mac(link: &PodLink, mac: Mac) -> Result<(), Error> {
    Ok(operations::set_mac(&link.0, &mac.into())?)
}

/// Sets how many packets the queue of the pod's interface takes (`txqueuelen`, ip-link(8)).
pub fn set_queue_length(link: &PodLink, packets: u32) -> Result<(), Error> {
    Ok(operations::set_queue_length(&link.0, packets)?)
}

/// Gives the pod's interface a further name (`altname`, ip-link(8)), of at most 127 bytes.
pub fn add_alternative_name(link: &PodLink, name: &str) -> Result<(), Error> {
    Ok(operations::add_alternative_name(&link.0, name)?)
}

/// Sets the rings of the pod's interface, whose driver must have them: of one that was moved there they are restored.
#[inline(always)]
pub fn set_rings(link: &PodLink, sizes: &RingSizes) -> Result<(), Error> {
    Ok(operations::set_rings(&link.0, sizes.build())?)
}

/// Sets the channels of the pod's interface, whose driver must have them: of one that was moved there they are restored.
#[inline(always)]
pub fn set_channels(link: &PodLink, counts: &ChannelCounts) -> Result<(), Error> {
    Ok(operations::set_channels(&link.0, counts.build())?)
}

/// Sets a sysctl of the pod's interface: `name` is the last part of
/// `net.ipv4.conf.IFNAME.NAME` or of that of ipv6. A name that the kernel does not have is left
/// out when `required` is false.
pub fn set_link_sysctl(
    link: &PodLink,
    family: Family,
    name: &str,
    value: &str,
    required: bool,
) -> Result<(), Error> {
    let family = family.into();
    Ok(operations::set_link_sysctl(
        &link.0, family, name, value, required,
    )?)
}

/// Sets a sysctl of the neighbours of the pod's interface: `name` is the last part of
/// `net.ipv4.neigh.IFNAME.NAME` or of that of ipv6. A name that the kernel does not have is left
/// out when `required` is false.
pub fn set_neighbour_sysctl(
    link: &PodLink,
    family: Family,
    name: &str,
    value: &str,
    required: bool,
) -> Result<(), Error> {
    let family = family.into();
    Ok(operations::set_neighbour_sysctl(
        &link.0, family, name, value, required,
    )?)
}

/// Sets a sysctl of the pod's namespace that is no interface's, such as
/// `net.ipv4.conf.all.rp_filter`: one that the kernel combines with the interface's own. The old value
/// is restored with the last attachment of the pod that has set it. A name that the kernel does not
/// have is left out when `required` is false.
///
/// Errors: `invalid-configuration` for a name that cannot be set so; the message lists those that can.
pub fn set_pod_sysctl(
    scope: SysctlScope,
    family: Family,
    name: &str,
    value: &str,
    required: bool,
) -> Result<(), Error> {
    let (scope, family) = (scope.word(), family.into());
    Ok(operations::set_pod_sysctl(
        scope, family, name, value, required,
    )?)
}

/// The addresses of the address policy or the IPAM plugin that the configuration names.
///
/// No step by itself: it needs no grant. Errors: `invalid-configuration` when the configuration
/// has no `ipam`; see [`Request::configured_addresses`](crate::Request::configured_addresses).
pub fn configured_addresses() -> Result<Addresses, Error> {
    Ok(Addresses(operations::configured_addresses()?))
}

/// The addresses of the previous plugin's result, with their routes.
///
/// No step by itself: it needs no grant. Errors: `invalid-configuration` when there are none.
pub fn previous_addresses() -> Result<Addresses, Error> {
    Ok(Addresses(operations::previous_addresses()?))
}

/// Gives the pod's interface these addresses, sets it up, and adds the routes that come with
/// them, in this order.
pub fn assign_addresses(link: &PodLink, addresses: &Addresses) -> Result<(), Error> {
    Ok(operations::assign_addresses(&link.0, &addresses.0)?)
}

/// Adds one address that the configuration itself states.
pub fn add_address(link: &PodLink, address: IpNetwork) -> Result<(), Error> {
    Ok(operations::add_address(&link.0, address.into())?)
}

/// Adds a route by the pod's interface. One that refers to addresses comes after the step that
/// assigns them; it becomes as many routes as it says, none among them.
pub fn add_route(link: &PodLink, route: Route) -> Result<(), Error> {
    Ok(operations::add_route(&link.0, route.0)?)
}

/// Adds a routing rule in the pod. One that refers to addresses comes after the step that
/// assigns them; it becomes as many rules as it says, none among them.
pub fn add_rule(rule: Rule) -> Result<(), Error> {
    Ok(operations::add_rule(rule.0)?)
}

/// Adds one permanent neighbour entry (`NUD_PERMANENT`) on the pod's interface.
pub fn add_neighbour(link: &PodLink, address: IpAddr, mac: &HardwareAddress) -> Result<(), Error> {
    Ok(operations::add_neighbour(
        &link.0,
        address.into(),
        &mac.into(),
    )?)
}

/// Sets the pod's interface up.
pub fn set_up(link: &PodLink) -> Result<(), Error> {
    Ok(operations::set_up(&link.0)?)
}

/// Puts a function without a netdev (bound to `vfio-pci`) into the result, for programs that
/// drive it from user space.
pub fn report_function(function: &PciFunction, mac: Option<&HardwareAddress>) -> Result<(), Error> {
    let mac = mac.map(Into::into);
    Ok(operations::report_function(&function.0, mac.as_ref())?)
}

/// Takes these addresses and puts them into the result, for a function that was reported: there
/// is no interface that could get them.
pub fn reserve_addresses(addresses: &Addresses) -> Result<(), Error> {
    Ok(operations::reserve_addresses(&addresses.0)?)
}

/// Ends a plan: the interface gets its addresses and is set up. It announces them then:
/// neighbours may still know an address by the hardware address of the pod that had it before.
/// A kernel without the sysctl, or without IPv6, goes without.
///
/// Errors: those of [`set_link_sysctl`], [`assign_addresses`] and [`set_up`].
pub fn bring_up(link: &PodLink, addresses: Option<&Addresses>) -> Result<(), Error> {
    set_link_sysctl(link, Family::Ipv4, "arp_notify", "1", false)?;
    set_link_sysctl(link, Family::Ipv6, "ndisc_notify", "1", false)?;
    match addresses {
        Some(addresses) => assign_addresses(link, addresses),
        None => set_up(link),
    }
}
