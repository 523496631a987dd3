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

mod children;
mod virtual_function;

use std::net::IpAddr;

use plumb_values::{Family, HardwareAddress, IpNetwork, Mac};

use crate::Error;
use crate::contract::operations;
use crate::facts::{Link, PciFunction};
use crate::routing::{Addresses, Route, Rule};

pub use children::{
    IpoibMode, IpoibOptions, IpvlanMode, IpvlanOptions, MacvlanMode, MacvlanOptions,
};
pub use virtual_function::{
    VirtualFunctionLinkState, VirtualFunctionSettings, VlanProtocol, VlanTag,
};

/// An interface that the pod will have: made by the plan, or moved by it.
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

/// Sets the MTU of the pod's interface, in bytes.
pub fn set_mtu(link: &PodLink, mtu: u32) -> Result<(), Error> {
    Ok(operations::set_mtu(&link.0, mtu)?)
}

/// Sets the hardware address of the pod's interface.
pub fn set_mac(link: &PodLink, mac: Mac) -> Result<(), Error> {
    Ok(operations::set_mac(&link.0, &mac.into())?)
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
