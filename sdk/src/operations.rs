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
    create_ipvlan, create_macvlan, move_link, move_rdma_device, rebind_driver, report_function,
    set_link_sysctl, set_mac, set_mtu, set_up, set_virtual_function,
};

#[cfg(not(any(target_family = "wasm", doc)))]
pub use crate::testing::operations::{
    PodLink, add_address, add_neighbour, add_route, add_rule, assign_addresses, create_ipoib,
    create_ipvlan, create_macvlan, move_link, move_rdma_device, rebind_driver, report_function,
    set_link_sysctl, set_mac, set_mtu, set_up, set_virtual_function,
};
