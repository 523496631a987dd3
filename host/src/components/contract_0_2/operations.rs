//! The interface `operations` of 0.2: each call adds to the plan.

use plumb_values::arguments::VLAN_FLAGS;
use wasmtime::component::Resource;

use super::Answer;
use super::bindings::operations::{
    Host, HostBridgeOptions, HostChannelCounts, HostIpoibOptions, HostIpvlanOptions,
    HostMacvlanOptions, HostPodLink, HostRingSizes, HostSharedBridge, HostVethOptions,
    HostVirtualFunctionSettings, HostVlanOptions,
};
use super::bindings::types::{Family, Guid, HardwareAddress, IpAddress, IpNetwork};
use super::routing::{RouteDraft, RuleDraft};
use super::values::{address, family, guid, hardware_address, network};
use crate::components::refusal::Refusal;
use crate::components::session::{
    BridgeOptions, ChannelCounts, IpoibOptions, IpvlanOptions, LinkHandle, MacvlanOptions,
    PciHandle, PodLinkHandle, RingSizes, Session, SharedBridgeHandle, VethOptions,
    VirtualFunctionSettings, Vlan, VlanOptions,
};
use crate::outcome::AddressSource;

impl Host for Session {
    fn create_macvlan(
        &mut self,
        parent: Resource<LinkHandle>,
        options: Resource<MacvlanOptions>,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let parent = self.table.get(&parent)?.clone();
        let options = self.table.delete(options)?;
        let link = self.create_macvlan(&parent, options);
        self.hand_over(link)
    }

    fn create_ipvlan(
        &mut self,
        parent: Resource<LinkHandle>,
        options: Resource<IpvlanOptions>,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let parent = self.table.get(&parent)?.clone();
        let options = self.table.delete(options)?;
        let link = self.create_ipvlan(&parent, options);
        self.hand_over(link)
    }

    fn create_ipoib(
        &mut self,
        parent: Resource<LinkHandle>,
        options: Resource<IpoibOptions>,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let parent = self.table.get(&parent)?.clone();
        let options = self.table.delete(options)?;
        let link = self.create_ipoib(&parent, options);
        self.hand_over(link)
    }

    fn move_link(&mut self, function: Resource<PciHandle>) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let function = self.table.get(&function)?.clone();
        let link = self.move_link(&function);
        self.hand_over(link)
    }

    fn create_vlan(
        &mut self,
        parent: Resource<LinkHandle>,
        options: Resource<VlanOptions>,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let parent = self.table.get(&parent)?.clone();
        let options = self.table.delete(options)?;
        let link = self.create_vlan(&parent, options);
        self.hand_over(link)
    }

    fn share_bridge(
        &mut self,
        name: String,
        options: Resource<BridgeOptions>,
    ) -> Answer<Resource<SharedBridgeHandle>> {
        self.count_call()?;
        let options = self.table.delete(options)?;
        let bridge = self.share_bridge(name, options);
        self.hand_over(bridge)
    }

    fn create_veth(&mut self, options: Resource<VethOptions>) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let options = self.table.delete(options)?;
        let link = self.create_veth(options);
        self.hand_over(link)
    }

    fn move_netdev(
        &mut self,
        link: Resource<LinkHandle>,
        name: Option<String>,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let link = self.table.get(&link)?.clone();
        let link = self.move_netdev(&link, name);
        self.hand_over(link)
    }

    fn set_virtual_function(
        &mut self,
        function: Resource<PciHandle>,
        settings: Resource<VirtualFunctionSettings>,
    ) -> Answer<()> {
        self.count_call()?;
        let function = self.table.get(&function)?.clone();
        let settings = self.table.delete(settings)?;
        answer(self.set_virtual_function(&function, settings))
    }

    fn move_rdma_device(
        &mut self,
        function: Resource<PciHandle>,
        name: Option<String>,
    ) -> Answer<()> {
        self.count_call()?;
        let function = self.table.get(&function)?.clone();
        answer(self.move_rdma_device(&function, name))
    }

    fn use_previous_link(&mut self, name: String) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let link = self.use_previous_link(name);
        self.hand_over(link)
    }

    fn set_mtu(&mut self, link: Resource<PodLinkHandle>, mtu: u32) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.set_mtu(link, mtu))
    }

    fn set_mac(&mut self, link: Resource<PodLinkHandle>, mac: HardwareAddress) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.set_mac(link, hardware_address(mac)))
    }

    fn set_queue_length(&mut self, link: Resource<PodLinkHandle>, packets: u32) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.set_queue_length(link, packets))
    }

    fn add_alternative_name(&mut self, link: Resource<PodLinkHandle>, name: String) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.add_alternative_name(link, name))
    }

    fn set_rings(
        &mut self,
        link: Resource<PodLinkHandle>,
        sizes: Resource<RingSizes>,
    ) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        let sizes = self.table.delete(sizes)?;
        answer(self.set_rings(link, sizes))
    }

    fn set_channels(
        &mut self,
        link: Resource<PodLinkHandle>,
        counts: Resource<ChannelCounts>,
    ) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        let counts = self.table.delete(counts)?;
        answer(self.set_channels(link, counts))
    }

    fn set_link_sysctl(
        &mut self,
        link: Resource<PodLinkHandle>,
        of: Family,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.set_link_sysctl(link, family(of), name, value, required))
    }

    fn set_neighbour_sysctl(
        &mut self,
        link: Resource<PodLinkHandle>,
        of: Family,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.set_neighbour_sysctl(link, family(of), name, value, required))
    }

    fn set_pod_sysctl(
        &mut self,
        scope: String,
        of: Family,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        self.count_call()?;
        answer(self.set_pod_sysctl(scope, family(of), name, value, required))
    }

    fn configured_addresses(&mut self) -> Answer<Resource<AddressSource>> {
        self.count_call()?;
        let source = self.source(AddressSource::Configured);
        self.hand_over(source)
    }

    fn previous_addresses(&mut self) -> Answer<Resource<AddressSource>> {
        self.count_call()?;
        let source = self.source(AddressSource::Previous);
        self.hand_over(source)
    }

    fn assign_addresses(
        &mut self,
        link: Resource<PodLinkHandle>,
        addresses: Resource<AddressSource>,
    ) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        let source = *self.table.get(&addresses)?;
        answer(self.assign_addresses(link, source))
    }

    fn add_address(&mut self, link: Resource<PodLinkHandle>, address: IpNetwork) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(network(address).and_then(|address| self.add_address(link, address)))
    }

    fn add_route(
        &mut self,
        link: Resource<PodLinkHandle>,
        route: Resource<RouteDraft>,
    ) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        let RouteDraft(route) = self.table.delete(route)?;
        answer(route.and_then(|route| self.add_route(link, route)))
    }

    fn add_rule(&mut self, rule: Resource<RuleDraft>) -> Answer<()> {
        self.count_call()?;
        let RuleDraft(rule) = self.table.delete(rule)?;
        answer(rule.and_then(|rule| self.add_rule(rule)))
    }

    fn add_neighbour(
        &mut self,
        link: Resource<PodLinkHandle>,
        neighbour: IpAddress,
        mac: HardwareAddress,
    ) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.add_neighbour(link, address(neighbour), hardware_address(mac)))
    }

    fn set_up(&mut self, link: Resource<PodLinkHandle>) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.set_up(link))
    }

    fn report_function(
        &mut self,
        function: Resource<PciHandle>,
        mac: Option<HardwareAddress>,
    ) -> Answer<()> {
        self.count_call()?;
        let function = self.table.get(&function)?.clone();
        answer(self.report_function(&function, mac.map(hardware_address)))
    }

    fn reserve_addresses(&mut self, addresses: Resource<AddressSource>) -> Answer<()> {
        self.count_call()?;
        let source = *self.table.get(&addresses)?;
        answer(self.reserve_addresses(source))
    }
}

impl HostPodLink for Session {
    fn drop(&mut self, link: Resource<PodLinkHandle>) -> wasmtime::Result<()> {
        self.table.delete(link)?;
        Ok(())
    }
}

impl HostSharedBridge for Session {
    fn drop(&mut self, bridge: Resource<SharedBridgeHandle>) -> wasmtime::Result<()> {
        self.table.delete(bridge)?;
        Ok(())
    }
}

/// The resources that a component fills with options: one function for each. Before them stands what the constructor takes,
/// behind them a setter that needs more than its own options.
macro_rules! options {
    ($host:ident for $options:ty {
        $(($first:ident: $first_type:ty) $make:expr;)?
        $($setter:ident($($argument:ident: $type:ty),*) $change:expr;)+
    } $($more:item)*) => {
        impl $host for Session {
            fn new(&mut self $(, $first: $first_type)?) -> wasmtime::Result<Resource<$options>> {
                let options = <$options>::default();
                $(
                    let make: fn($options, $first_type) -> $options = $make;
                    let options = make(options, $first);
                )?
                Ok(self.table.push(options)?)
            }

            $($more)*

            $(fn $setter(
                &mut self,
                options: Resource<$options>,
                $($argument: $type),*
            ) -> wasmtime::Result<()> {
                let change: fn(&mut $options, $($type),*) = $change;
                change(self.table.get_mut(&options)?, $($argument),*);
                Ok(())
            })+

            fn drop(&mut self, options: Resource<$options>) -> wasmtime::Result<()> {
                self.table.delete(options)?;
                Ok(())
            }
        }
    };
}

options! { HostMacvlanOptions for MacvlanOptions {
    set_mode(mode: String) |options, mode| options.mode = Some(mode);
    set_mtu(bytes: u32) |options, bytes| options.mtu = Some(bytes);
    set_mac(mac: HardwareAddress) |options, mac| options.mac = Some(hardware_address(mac));
    set_broadcast_queue_length(packets: u32)
        |options, packets| options.broadcast_queue_length = Some(packets);
    set_name(name: String) |options, name| options.name = Some(name);
} }

options! { HostIpvlanOptions for IpvlanOptions {
    set_mode(mode: String) |options, mode| options.mode = Some(mode);
    set_mtu(bytes: u32) |options, bytes| options.mtu = Some(bytes);
    set_name(name: String) |options, name| options.name = Some(name);
} }

options! { HostIpoibOptions for IpoibOptions {
    set_partition_key(key: u16) |options, key| options.partition_key = Some(key);
    set_mode(mode: String) |options, mode| options.mode = Some(mode);
    set_user_multicast(enabled: bool) |options, enabled| options.user_multicast = Some(enabled);
    set_mtu(bytes: u32) |options, bytes| options.mtu = Some(bytes);
    set_name(name: String) |options, name| options.name = Some(name);
} }

options! { HostVlanOptions for VlanOptions {
    (id: u16) |options, id| VlanOptions { id, ..options };
    set_protocol(ethertype: u16) |options, ethertype| options.protocol = Some(ethertype);
    // One word that this host does not know is enough to refuse them all.
    set_flag(flag: String, enabled: bool) |options, flag, enabled| {
        if options.flags.len() <= VLAN_FLAGS.len() {
            options.flags.insert(flag, enabled);
        }
    };
    set_mtu(bytes: u32) |options, bytes| options.mtu = Some(bytes);
    set_mac(mac: HardwareAddress) |options, mac| options.mac = Some(hardware_address(mac));
    set_name(name: String) |options, name| options.name = Some(name);
} }

options! { HostVethOptions for VethOptions {
    set_hairpin(enabled: bool) |options, enabled| options.port.hairpin = enabled;
    set_isolated(enabled: bool) |options, enabled| options.port.isolated = enabled;
    set_mtu(bytes: u32) |options, bytes| options.mtu = Some(bytes);
    set_mac(mac: HardwareAddress) |options, mac| options.mac = Some(hardware_address(mac));
    set_name(name: String) |options, name| options.name = Some(name);
}
    fn set_bridge(
        &mut self,
        options: Resource<VethOptions>,
        bridge: Resource<LinkHandle>,
    ) -> wasmtime::Result<()> {
        let bridge = self.table.get(&bridge)?.number;
        self.table.get_mut(&options)?.bridge = Some(bridge);
        Ok(())
    }

    fn set_shared_bridge(
        &mut self,
        options: Resource<VethOptions>,
        bridge: Resource<SharedBridgeHandle>,
    ) -> wasmtime::Result<()> {
        let bridge = self.table.get(&bridge)?.number;
        self.table.get_mut(&options)?.shared_bridge = Some(bridge);
        Ok(())
    }
}

options! { HostBridgeOptions for BridgeOptions {
    set_mtu(bytes: u32) |options, bytes| options.mtu = Some(bytes);
    set_vlan_filtering(enabled: bool) |options, enabled| options.vlan_filtering = Some(enabled);
} }

options! { HostRingSizes for RingSizes {
    set_receive(packets: u32) |sizes, packets| sizes.receive = Some(packets);
    set_transmit(packets: u32) |sizes, packets| sizes.transmit = Some(packets);
} }

options! { HostChannelCounts for ChannelCounts {
    set_receive(count: u32) |counts, count| counts.receive = Some(count);
    set_transmit(count: u32) |counts, count| counts.transmit = Some(count);
    set_combined(count: u32) |counts, count| counts.combined = Some(count);
} }

options! { HostVirtualFunctionSettings for VirtualFunctionSettings {
    set_mac(mac: HardwareAddress) |settings, mac| settings.mac = Some(hardware_address(mac));
    set_vlan(id: u16, priority: u8, protocol: u16)
        |settings, id, priority, protocol| settings.vlan = Some(Vlan { id, priority, protocol });
    set_minimum_rate(rate: u32) |settings, rate| settings.minimum_rate = Some(rate);
    set_maximum_rate(rate: u32) |settings, rate| settings.maximum_rate = Some(rate);
    set_spoof_check(enabled: bool) |settings, enabled| settings.spoof_check = Some(enabled);
    set_trust(enabled: bool) |settings, enabled| settings.trust = Some(enabled);
    set_link_state(state: String) |settings, state| settings.link_state = Some(state);
    set_guid(number: Guid) |settings, number| settings.guid = Some(guid(number));
    rebind() |settings| settings.rebind = true;
} }

fn answer(recorded: Result<(), Refusal>) -> Answer<()> {
    Ok(recorded.map_err(Into::into))
}
