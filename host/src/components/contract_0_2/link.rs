//! What a component of 0.2 may import: each function and each resource by its name.
//!
//! A component is linked with what it imports and no more: the contract has three times the
//! functions that a flavour needs, and to link one costs a microsecond.

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, Resource, ResourceType};
use wasmtime::{Engine, StoreContextMut};

use super::bindings::{facts, log, operations, pools, requests, routing};
use super::pools::PoolHandle;
use super::requests::RequestHandle;
use super::routing::{RouteDraft, RuleDraft};
use crate::attachment::PodIdentity;
use crate::components::asked::{PreviousInterface, UnusablePool};
use crate::components::proposal::{Proposed, ProposedCandidate};
use crate::components::session::{
    BridgeOptions, ChannelCounts, IpoibOptions, IpvlanOptions, LinkHandle, MacvlanOptions,
    PciHandle, PodLinkHandle, RingSizes, Session, SharedBridgeHandle, VethOptions,
    VirtualFunctionSettings, VlanOptions,
};
use crate::outcome::AddressSource;

/// All that a component imports. What the contract does not have is left out: instantiating the
/// component says so.
pub(in crate::components) fn link(
    engine: &Engine,
    component: &Component,
) -> wasmtime::Result<Linker<Session>> {
    let mut linker = Linker::new(engine);
    for (import, item) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(interface) = item.ty else {
            continue;
        };
        let name = import.strip_prefix("plumb:cni/").unwrap_or(import);
        let name = name.split('@').next().unwrap_or(name);
        let mut linked = linker.instance(import)?;
        for (item, kind) in interface.exports(engine) {
            match kind.ty {
                ComponentItem::ComponentFunc(_) => function(&mut linked, name, item)?,
                ComponentItem::Resource(_) => resource(&mut linked, name, item)?,
                _ => {}
            }
        }
    }
    Ok(linker)
}

type Linked<'a> = LinkerInstance<'a, Session>;

/// A function as a pointer: those of the same arguments and results share the code that
/// reads them from the component's memory and writes them there, which is most of it.
type Called<Arguments, Results> =
    fn(StoreContextMut<'_, Session>, Arguments) -> wasmtime::Result<Results>;

/// Links a function when it has this name; an `action` is one without a result.
macro_rules! functions {
    ($linked:ident, $interface:ident, $function:ident;
     $($in:literal {
        $($name:literal => $trait:path, $called:ident($($argument:ident),*);)*
        $(action $action:literal => $action_trait:path, $action_called:ident($($action_argument:ident),*);)*
     })+) => {
        match ($interface, $function) {
            $(
                $(($in, $name) => {
                    let called: Called<_, _> = |mut store, ($($argument,)*)| {
                        let session = store.data_mut();
                        Ok((<Session as $trait>::$called(session, $($argument),*)?,))
                    };
                    $linked.func_wrap($name, called)
                })*
                $(($in, $action) => {
                    let called: Called<_, _> = |mut store, ($($action_argument,)*)| {
                        let session = store.data_mut();
                        <Session as $action_trait>::$action_called(session, $($action_argument),*)
                    };
                    $linked.func_wrap($action, called)
                })*
            )+
            _ => Ok(()),
        }
    };
}

/// A function of the contract.
fn function(linked: &mut Linked<'_>, interface: &str, function: &str) -> wasmtime::Result<()> {
    functions! { linked, interface, function;
        "requests" {
            "[method]pod.namespace" => requests::HostPod, namespace(pod);
            "[method]pod.name" => requests::HostPod, name(pod);
            "[method]pod.uid" => requests::HostPod, uid(pod);
            "[method]previous-interface.name" => requests::HostPreviousInterface, name(previous_interface);
            "[method]previous-interface.is-in-pod" => requests::HostPreviousInterface, is_in_pod(previous_interface);
            "[method]unusable-pool.name" => requests::HostUnusablePool, name(unusable_pool);
            "[method]unusable-pool.is-default" => requests::HostUnusablePool, is_default(unusable_pool);
            "[method]unusable-pool.reason" => requests::HostUnusablePool, reason(unusable_pool);
            "[method]request.network" => requests::HostRequest, network(request);
            "[method]request.container-id" => requests::HostRequest, container_id(request);
            "[method]request.interface-name" => requests::HostRequest, interface_name(request);
            "[method]request.pod" => requests::HostRequest, pod(request);
            "[method]request.node" => requests::HostRequest, node(request);
            "[method]request.configuration" => requests::HostRequest, configuration(request);
            "[method]request.mac" => requests::HostRequest, mac(request);
            "[method]request.infiniband-guid" => requests::HostRequest, infiniband_guid(request);
            "[method]request.device-id" => requests::HostRequest, device_id(request);
            "[method]request.requested-addresses" => requests::HostRequest, requested_addresses(request);
            "[method]request.previous-interfaces" => requests::HostRequest, previous_interfaces(request);
            "[method]request.has-ipam" => requests::HostRequest, has_ipam(request);
            "[method]request.has-previous-addresses" => requests::HostRequest, has_previous_addresses(request);
            "[method]request.parent" => requests::HostRequest, parent(request);
            "[method]request.planned-mac" => requests::HostRequest, planned_mac(request);
            "[method]request.unusable-pools" => requests::HostRequest, unusable_pools(request);
        }
        "routing" {
            "[constructor]route" => routing::HostRoute, new(destination);
            "[static]route.to-networks-of" => routing::HostRoute, to_networks_of(addresses);
            "[static]route.default-of" => routing::HostRoute, default_of(addresses, family);
            "[method]route.destination" => routing::HostRoute, destination(route);
            "[method]route.gateway" => routing::HostRoute, gateway(route);
            "[method]route.source" => routing::HostRoute, source(route);
            "[method]route.priority" => routing::HostRoute, priority(route);
            "[method]route.table" => routing::HostRoute, table(route);
            "[constructor]rule" => routing::HostRule, new(family, table);
            action "[method]route.set-gateway" => routing::HostRoute, set_gateway(route, gateway);
            action "[method]route.set-source" => routing::HostRoute, set_source(route, source);
            action "[method]route.set-source-of" => routing::HostRoute, set_source_of(route, addresses);
            action "[method]route.set-mtu" => routing::HostRoute, set_mtu(route, bytes);
            action "[method]route.set-advertised-mss" => routing::HostRoute, set_advertised_mss(route, bytes);
            action "[method]route.set-priority" => routing::HostRoute, set_priority(route, priority);
            action "[method]route.set-table" => routing::HostRoute, set_table(route, table);
            action "[method]route.set-on-link" => routing::HostRoute, set_on_link(route);
            action "[method]route.add-next-hop" => routing::HostRoute, add_next_hop(route, gateway, weight);
            action "[method]route.set-scope" => routing::HostRoute, set_scope(route, scope);
            action "[method]rule.set-source" => routing::HostRule, set_source(rule, source);
            action "[method]rule.set-source-of" => routing::HostRule, set_source_of(rule, addresses);
            action "[method]rule.set-destination" => routing::HostRule, set_destination(rule, destination);
            action "[method]rule.set-priority" => routing::HostRule, set_priority(rule, priority);
            action "[method]rule.set-input-interface" => routing::HostRule, set_input_interface(rule, name);
            action "[method]rule.set-output-interface" => routing::HostRule, set_output_interface(rule, name);
            action "[method]rule.set-mark" => routing::HostRule, set_mark(rule, mark, mask);
            action "[method]rule.set-ip-protocol" => routing::HostRule, set_ip_protocol(rule, number);
            action "[method]rule.set-source-ports" => routing::HostRule, set_source_ports(rule, first, last);
            action "[method]rule.set-destination-ports" => routing::HostRule, set_destination_ports(rule, first, last);
            action "[method]rule.set-suppress-prefix-length" => routing::HostRule, set_suppress_prefix_length(rule, length);
        }
        "facts" {
            "[method]link.name" => facts::HostLink, name(link);
            "[method]link.index" => facts::HostLink, index(link);
            "[method]link.alternative-names" => facts::HostLink, alternative_names(link);
            "[method]link.hardware-type" => facts::HostLink, hardware_type(link);
            "[method]link.kind" => facts::HostLink, kind(link);
            "[method]link.mac" => facts::HostLink, mac(link);
            "[method]link.mtu" => facts::HostLink, mtu(link);
            "[method]link.is-up" => facts::HostLink, is_up(link);
            "[method]link.has-carrier" => facts::HostLink, has_carrier(link);
            "[method]link.pci-address" => facts::HostLink, pci_address(link);
            "[method]link.rdma-devices" => facts::HostLink, rdma_devices(link);
            "[method]link.partition-keys" => facts::HostLink, partition_keys(link);
            "[method]link.numa-node" => facts::HostLink, numa_node(link);
            "[method]link.speed" => facts::HostLink, speed(link);
            "[method]link.addresses" => facts::HostLink, addresses(link);
            "[method]link.routes" => facts::HostLink, routes(link);
            "get-link" => facts::Host, get_link(place, name);
            "get-default-route-link" => facts::Host, get_default_route_link(place);
            "get-pod-links" => facts::Host, get_pod_links();
            "[method]pci-function.address" => facts::HostPciFunction, address(pci_function);
            "[method]pci-function.auxiliary-name" => facts::HostPciFunction, auxiliary_name(pci_function);
            "[method]pci-function.driver" => facts::HostPciFunction, driver(pci_function);
            "[method]pci-function.parent" => facts::HostPciFunction, parent(pci_function);
            "[method]pci-function.number" => facts::HostPciFunction, number(pci_function);
            "[method]pci-function.links" => facts::HostPciFunction, links(pci_function);
            "[method]pci-function.rdma-devices" => facts::HostPciFunction, rdma_devices(pci_function);
            "[method]pci-function.parent-link" => facts::HostPciFunction, parent_link(pci_function);
            "[method]pci-function.numa-node" => facts::HostPciFunction, numa_node(pci_function);
            "get-pci-function" => facts::Host, get_pci_function(address);
            "get-auxiliary-function" => facts::Host, get_auxiliary_function(name);
            "get-rdma-namespace-mode" => facts::Host, get_rdma_namespace_mode();
        }
        "operations" {
            "[constructor]macvlan-options" => operations::HostMacvlanOptions, new();
            "create-macvlan" => operations::Host, create_macvlan(parent, options);
            "[constructor]ipvlan-options" => operations::HostIpvlanOptions, new();
            "create-ipvlan" => operations::Host, create_ipvlan(parent, options);
            "[constructor]ipoib-options" => operations::HostIpoibOptions, new();
            "create-ipoib" => operations::Host, create_ipoib(parent, options);
            "[constructor]vlan-options" => operations::HostVlanOptions, new(id);
            "create-vlan" => operations::Host, create_vlan(parent, options);
            "[constructor]veth-options" => operations::HostVethOptions, new();
            "[constructor]bridge-options" => operations::HostBridgeOptions, new();
            "share-bridge" => operations::Host, share_bridge(name, options);
            "create-veth" => operations::Host, create_veth(options);
            "move-netdev" => operations::Host, move_netdev(link, name);
            "move-link" => operations::Host, move_link(function);
            "[constructor]virtual-function-settings" => operations::HostVirtualFunctionSettings, new();
            "set-virtual-function" => operations::Host, set_virtual_function(function, settings);
            "move-rdma-device" => operations::Host, move_rdma_device(function, name);
            "use-previous-link" => operations::Host, use_previous_link(name);
            "set-mtu" => operations::Host, set_mtu(link, mtu);
            "set-mac" => operations::Host, set_mac(link, mac);
            "set-queue-length" => operations::Host, set_queue_length(link, packets);
            "add-alternative-name" => operations::Host, add_alternative_name(link, name);
            "[constructor]ring-sizes" => operations::HostRingSizes, new();
            "set-rings" => operations::Host, set_rings(link, sizes);
            "[constructor]channel-counts" => operations::HostChannelCounts, new();
            "set-channels" => operations::Host, set_channels(link, counts);
            "set-link-sysctl" => operations::Host, set_link_sysctl(link, family, name, value, required);
            "set-neighbour-sysctl" => operations::Host, set_neighbour_sysctl(link, family, name, value, required);
            "set-pod-sysctl" => operations::Host, set_pod_sysctl(scope, family, name, value, required);
            "configured-addresses" => operations::Host, configured_addresses();
            "previous-addresses" => operations::Host, previous_addresses();
            "assign-addresses" => operations::Host, assign_addresses(link, addresses);
            "add-address" => operations::Host, add_address(link, address);
            "add-route" => operations::Host, add_route(link, route);
            "add-rule" => operations::Host, add_rule(rule);
            "add-neighbour" => operations::Host, add_neighbour(link, address, mac);
            "set-up" => operations::Host, set_up(link);
            "report-function" => operations::Host, report_function(function, mac);
            "reserve-addresses" => operations::Host, reserve_addresses(addresses);
            action "[method]macvlan-options.set-mode" => operations::HostMacvlanOptions, set_mode(macvlan_options, mode);
            action "[method]macvlan-options.set-mtu" => operations::HostMacvlanOptions, set_mtu(macvlan_options, bytes);
            action "[method]macvlan-options.set-mac" => operations::HostMacvlanOptions, set_mac(macvlan_options, mac);
            action "[method]macvlan-options.set-broadcast-queue-length" => operations::HostMacvlanOptions, set_broadcast_queue_length(macvlan_options, packets);
            action "[method]ipvlan-options.set-mode" => operations::HostIpvlanOptions, set_mode(ipvlan_options, mode);
            action "[method]ipvlan-options.set-mtu" => operations::HostIpvlanOptions, set_mtu(ipvlan_options, bytes);
            action "[method]ipoib-options.set-partition-key" => operations::HostIpoibOptions, set_partition_key(ipoib_options, key);
            action "[method]ipoib-options.set-mode" => operations::HostIpoibOptions, set_mode(ipoib_options, mode);
            action "[method]ipoib-options.set-user-multicast" => operations::HostIpoibOptions, set_user_multicast(ipoib_options, enabled);
            action "[method]ipoib-options.set-mtu" => operations::HostIpoibOptions, set_mtu(ipoib_options, bytes);
            action "[method]vlan-options.set-protocol" => operations::HostVlanOptions, set_protocol(vlan_options, ethertype);
            action "[method]vlan-options.set-flag" => operations::HostVlanOptions, set_flag(vlan_options, flag, enabled);
            action "[method]vlan-options.set-mtu" => operations::HostVlanOptions, set_mtu(vlan_options, bytes);
            action "[method]vlan-options.set-mac" => operations::HostVlanOptions, set_mac(vlan_options, mac);
            action "[method]vlan-options.set-name" => operations::HostVlanOptions, set_name(vlan_options, name);
            action "[method]veth-options.set-bridge" => operations::HostVethOptions, set_bridge(veth_options, bridge);
            action "[method]veth-options.set-shared-bridge" => operations::HostVethOptions, set_shared_bridge(veth_options, bridge);
            action "[method]bridge-options.set-mtu" => operations::HostBridgeOptions, set_mtu(bridge_options, bytes);
            action "[method]bridge-options.set-vlan-filtering" => operations::HostBridgeOptions, set_vlan_filtering(bridge_options, enabled);
            action "[method]veth-options.set-hairpin" => operations::HostVethOptions, set_hairpin(veth_options, enabled);
            action "[method]veth-options.set-isolated" => operations::HostVethOptions, set_isolated(veth_options, enabled);
            action "[method]veth-options.set-mtu" => operations::HostVethOptions, set_mtu(veth_options, bytes);
            action "[method]veth-options.set-mac" => operations::HostVethOptions, set_mac(veth_options, mac);
            action "[method]veth-options.set-name" => operations::HostVethOptions, set_name(veth_options, name);
            action "[method]ring-sizes.set-receive" => operations::HostRingSizes, set_receive(ring_sizes, packets);
            action "[method]ring-sizes.set-transmit" => operations::HostRingSizes, set_transmit(ring_sizes, packets);
            action "[method]channel-counts.set-receive" => operations::HostChannelCounts, set_receive(channel_counts, count);
            action "[method]channel-counts.set-transmit" => operations::HostChannelCounts, set_transmit(channel_counts, count);
            action "[method]channel-counts.set-combined" => operations::HostChannelCounts, set_combined(channel_counts, count);
            action "[method]macvlan-options.set-name" => operations::HostMacvlanOptions, set_name(macvlan_options, name);
            action "[method]ipvlan-options.set-name" => operations::HostIpvlanOptions, set_name(ipvlan_options, name);
            action "[method]ipoib-options.set-name" => operations::HostIpoibOptions, set_name(ipoib_options, name);
            action "[method]virtual-function-settings.set-mac" => operations::HostVirtualFunctionSettings, set_mac(virtual_function_settings, mac);
            action "[method]virtual-function-settings.set-vlan" => operations::HostVirtualFunctionSettings, set_vlan(virtual_function_settings, id, priority, protocol);
            action "[method]virtual-function-settings.set-minimum-rate" => operations::HostVirtualFunctionSettings, set_minimum_rate(virtual_function_settings, rate);
            action "[method]virtual-function-settings.set-maximum-rate" => operations::HostVirtualFunctionSettings, set_maximum_rate(virtual_function_settings, rate);
            action "[method]virtual-function-settings.set-spoof-check" => operations::HostVirtualFunctionSettings, set_spoof_check(virtual_function_settings, enabled);
            action "[method]virtual-function-settings.set-trust" => operations::HostVirtualFunctionSettings, set_trust(virtual_function_settings, enabled);
            action "[method]virtual-function-settings.set-link-state" => operations::HostVirtualFunctionSettings, set_link_state(virtual_function_settings, state);
            action "[method]virtual-function-settings.set-guid" => operations::HostVirtualFunctionSettings, set_guid(virtual_function_settings, guid);
            action "[method]virtual-function-settings.rebind" => operations::HostVirtualFunctionSettings, rebind(virtual_function_settings);
        }
        "pools" {
            "[method]pool.name" => pools::HostPool, name(pool);
            "[method]pool.family" => pools::HostPool, family(pool);
            "[method]pool.subnet" => pools::HostPool, subnet(pool);
            "[method]pool.usable" => pools::HostPool, usable(pool);
            "[method]pool.gateway" => pools::HostPool, gateway(pool);
            "[method]pool.routes" => pools::HostPool, routes(pool);
            "[method]pool.is-default" => pools::HostPool, is_default(pool);
            "[method]pool.is-disabled" => pools::HostPool, is_disabled(pool);
            "[method]pool.namespaces" => pools::HostPool, namespaces(pool);
            "[method]pool.nodes" => pools::HostPool, nodes(pool);
            "[constructor]candidate" => pools::HostCandidate, new(pool, ranges);
            "[constructor]proposal" => pools::HostProposal, new();
            action "[method]candidate.set-prefix-length" => pools::HostCandidate, set_prefix_length(candidate, bits);
            action "[method]candidate.set-gateway" => pools::HostCandidate, set_gateway(candidate, gateway);
            action "[method]candidate.add-route" => pools::HostCandidate, add_route(candidate, route);
            action "[method]proposal.add-claim" => pools::HostProposal, add_claim(proposal, candidates);
            action "[method]proposal.keep" => pools::HostProposal, keep(proposal);
            action "[method]proposal.try-again-later" => pools::HostProposal, try_again_later(proposal);
        }
        "log" {
            action "write" => log::Host, write(level, message);
        }
    }
}

/// Links a resource when it has this name.
macro_rules! resources {
    ($linked:ident, $interface:ident, $resource:ident;
     $($in:literal $name:literal => $handle:ty, $trait:path;)+) => {
        match ($interface, $resource) {
            $(($in, $name) => $linked.resource(
                $name,
                ResourceType::host::<$handle>(),
                |mut store: StoreContextMut<'_, Session>, number| {
                    let handle = Resource::<$handle>::new_own(number);
                    <Session as $trait>::drop(store.data_mut(), handle)
                },
            ),)+
            _ => Ok(()),
        }
    };
}

/// A resource of the contract. An interface that uses one of another names it as well, and has it
/// from there.
fn resource(linked: &mut Linked<'_>, interface: &str, resource: &str) -> wasmtime::Result<()> {
    resources! { linked, interface, resource;
        "requests" "request" => RequestHandle, requests::HostRequest;
        "requests" "pod" => PodIdentity, requests::HostPod;
        "requests" "previous-interface" => PreviousInterface, requests::HostPreviousInterface;
        "requests" "unusable-pool" => UnusablePool, requests::HostUnusablePool;
        "routing" "addresses" => AddressSource, routing::HostAddresses;
        "routing" "route" => RouteDraft, routing::HostRoute;
        "routing" "rule" => RuleDraft, routing::HostRule;
        "facts" "link" => LinkHandle, facts::HostLink;
        "facts" "pci-function" => PciHandle, facts::HostPciFunction;
        "operations" "pod-link" => PodLinkHandle, operations::HostPodLink;
        "operations" "macvlan-options" => MacvlanOptions, operations::HostMacvlanOptions;
        "operations" "ipvlan-options" => IpvlanOptions, operations::HostIpvlanOptions;
        "operations" "ipoib-options" => IpoibOptions, operations::HostIpoibOptions;
        "operations" "vlan-options" => VlanOptions, operations::HostVlanOptions;
        "operations" "veth-options" => VethOptions, operations::HostVethOptions;
        "operations" "bridge-options" => BridgeOptions, operations::HostBridgeOptions;
        "operations" "shared-bridge" => SharedBridgeHandle, operations::HostSharedBridge;
        "operations" "ring-sizes" => RingSizes, operations::HostRingSizes;
        "operations" "channel-counts" => ChannelCounts, operations::HostChannelCounts;
        "operations" "virtual-function-settings" => VirtualFunctionSettings, operations::HostVirtualFunctionSettings;
        "pools" "pool" => PoolHandle, pools::HostPool;
        "pools" "candidate" => ProposedCandidate, pools::HostCandidate;
        "pools" "proposal" => Proposed, pools::HostProposal;
    }
}
