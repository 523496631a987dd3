//! What a flavour may have done. Each call adds a step to the plan and changes nothing;
//! the host performs the steps, in the order of the calls, when `attach` has returned.
//!
//! Every function fails with [`ErrorCode::Denied`](crate::ErrorCode::Denied) when the
//! component has no grant for it, and with
//! [`ErrorCode::UnsupportedOperation`](crate::ErrorCode::UnsupportedOperation) when the
//! host is too old for it.

pub use crate::bindings::flavour::plumb::cni::operations::{
    AddressSource, IpoibMode, IpoibOptions, IpvlanMode, IpvlanOptions, MacvlanMode, MacvlanOptions,
    Rule, SysctlFamily, VirtualFunctionLinkState, VirtualFunctionSettings, VlanProtocol, VlanTag,
};

#[cfg(any(target_family = "wasm", doc))]
pub use crate::bindings::flavour::plumb::cni::operations::{
    PodLink, add_address, add_neighbour, add_route, add_rule, assign_addresses, create_ipoib,
    create_ipvlan, create_macvlan, move_link, move_rdma_device, report_function, reserve_addresses,
    set_link_sysctl, set_mac, set_mtu, set_up, set_virtual_function,
};

#[cfg(not(any(target_family = "wasm", doc)))]
pub use crate::testing::operations::{
    PodLink, add_address, add_neighbour, add_route, add_rule, assign_addresses, create_ipoib,
    create_ipvlan, create_macvlan, move_link, move_rdma_device, report_function, reserve_addresses,
    set_link_sysctl, set_mac, set_mtu, set_up, set_virtual_function,
};

use crate::Error;

/// No setting: each stays as it is.
impl Default for VirtualFunctionSettings {
    fn default() -> Self {
        Self {
            mac: None,
            vlan: None,
            minimum_rate: None,
            maximum_rate: None,
            spoof_check: None,
            trust: None,
            link_state: None,
            guid: None,
        }
    }
}

/// Ends a plan: the interface gets its addresses and is set up. It announces them then:
/// neighbours may still know an address by the hardware address of the pod that had it before.
/// A kernel without the sysctl, or without IPv6, goes without.
///
/// Errors: those of [`set_link_sysctl`], [`assign_addresses`] and [`set_up`].
pub fn bring_up(link: &PodLink, addresses: Option<AddressSource>) -> Result<(), Error> {
    set_link_sysctl(link, SysctlFamily::Ipv4, "arp_notify", "1", false)?;
    set_link_sysctl(link, SysctlFamily::Ipv6, "ndisc_notify", "1", false)?;
    match addresses {
        Some(source) => assign_addresses(link, source),
        None => set_up(link),
    }
}
