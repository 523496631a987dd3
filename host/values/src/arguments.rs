//! Rules for the arguments of what can be done to attach a pod: what the kernel could not
//! express, or would refuse with a bare EINVAL.
//!
//! Each check takes plain values and fails with a sentence for the person who reads the pod's
//! events: the offending value, and what would be right. The host applies them to what a
//! component asks for, and so does the double by which components are tested.

mod child;
mod function;
mod link;
mod netdev;
mod plan;
mod proposal;
mod queues;
mod routing;
mod words;

pub use child::{check_child_mtu, check_ethernet_parent, check_ipoib_mtu, is_connected};
pub use function::{
    check_guid, check_rdma_name, check_rdma_name_is_for_one, check_virtual_function, check_vlan,
    check_vlan_child, is_rdma_name,
};
pub use link::{
    SYSCTL_SCOPES, check_first_link, check_further_link, check_hardware_address,
    check_infiniband_parent, check_mtu, check_partition_key, check_pod_sysctl, check_sysctl,
    check_unicast,
};
pub use netdev::{
    ETHERNET_MTU, check_bridge, check_movable, check_not_default, check_one_bridge,
    check_port_settings, check_shared_bridge, check_shared_bridge_name, check_shared_default,
    check_shared_once,
};
pub use plan::{
    check_addresses, check_default_route, check_granted, check_granted_on, check_interface,
    check_recording,
};
pub use proposal::{
    check_candidates, check_claims, check_gateway, check_pool, check_prefix_length, check_ranges,
};
pub use queues::{check_channel_counts, check_ring_sizes};
pub use routing::{
    NEXT_HOPS, check_assigned, check_network, check_next_hops, check_route,
    check_route_to_networks, check_rule, check_rule_selectors, check_table, check_untaken,
};
pub use words::{IPOIB_MODES, IPVLAN_MODES, LINK_STATES, MACVLAN_MODES, VLAN_FLAGS, check_word};

#[cfg(test)]
mod tests;
