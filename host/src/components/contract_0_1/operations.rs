//! The interface `operations` of 0.1: each call adds to the plan.

use plumb_values::Family;
use wasmtime::component::Resource;

use super::Answer;
use super::bindings::operations::{
    self as wit, AddressSource, IpoibMode, IpvlanMode, MacvlanMode, SysctlFamily,
    VirtualFunctionLinkState, VlanProtocol,
};
use super::bindings::types::{IpAddress, IpNetwork, Route};
use super::values;
use crate::components::refusal::Refusal;
use crate::components::session::{
    IpoibOptions, IpvlanOptions, LinkHandle, MacvlanOptions, PciHandle, PodLinkHandle, Session,
    VirtualFunctionSettings, Vlan,
};
use crate::outcome;
use crate::routing::{Origin, RuleTemplate};

impl wit::Host for Session {
    fn create_macvlan(
        &mut self,
        parent: Resource<LinkHandle>,
        options: wit::MacvlanOptions,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let parent = self.table.get(&parent)?.clone();
        let mode = match options.mode {
            MacvlanMode::Private => "private",
            MacvlanMode::Vepa => "vepa",
            MacvlanMode::Bridge => "bridge",
            MacvlanMode::Passthru => "passthru",
        };
        let options = MacvlanOptions {
            mode: Some(mode.to_owned()),
            mtu: options.mtu,
            mac: options.mac,
            broadcast_queue_length: options.broadcast_queue_length,
            name: None,
        };
        let link = self.create_macvlan(&parent, options);
        self.hand_over(link)
    }

    fn create_ipvlan(
        &mut self,
        parent: Resource<LinkHandle>,
        options: wit::IpvlanOptions,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let parent = self.table.get(&parent)?.clone();
        let mode = match options.mode {
            IpvlanMode::L2 => "l2",
            IpvlanMode::L3 => "l3",
            IpvlanMode::L3s => "l3s",
        };
        let options = IpvlanOptions {
            mode: Some(mode.to_owned()),
            mtu: options.mtu,
            name: None,
        };
        let link = self.create_ipvlan(&parent, options);
        self.hand_over(link)
    }

    fn create_ipoib(
        &mut self,
        parent: Resource<LinkHandle>,
        options: wit::IpoibOptions,
    ) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let parent = self.table.get(&parent)?.clone();
        let mode = options.mode.map(|mode| match mode {
            IpoibMode::Datagram => "datagram",
            IpoibMode::Connected => "connected",
        });
        let options = IpoibOptions {
            partition_key: options.partition_key,
            mode: mode.map(str::to_owned),
            user_multicast: options.user_multicast,
            mtu: options.mtu,
            name: None,
        };
        let link = self.create_ipoib(&parent, options);
        self.hand_over(link)
    }

    fn move_link(&mut self, function: Resource<PciHandle>) -> Answer<Resource<PodLinkHandle>> {
        self.count_call()?;
        let function = self.table.get(&function)?.clone();
        let link = self.move_link(&function);
        self.hand_over(link)
    }

    fn set_virtual_function(
        &mut self,
        function: Resource<PciHandle>,
        settings: wit::VirtualFunctionSettings,
        rebind: bool,
    ) -> Answer<()> {
        self.count_call()?;
        let function = self.table.get(&function)?.clone();
        let link_state = settings.link_state.map(|state| match state {
            VirtualFunctionLinkState::Auto => "auto",
            VirtualFunctionLinkState::Enable => "enable",
            VirtualFunctionLinkState::Disable => "disable",
        });
        let settings = VirtualFunctionSettings {
            mac: settings.mac,
            vlan: settings.vlan.map(|vlan| Vlan {
                id: vlan.id,
                priority: vlan.priority,
                protocol: match vlan.protocol {
                    VlanProtocol::Q => 0x8100,
                    VlanProtocol::Ad => 0x88a8,
                },
            }),
            minimum_rate: settings.minimum_rate,
            maximum_rate: settings.maximum_rate,
            spoof_check: settings.spoof_check,
            trust: settings.trust,
            link_state: link_state.map(str::to_owned),
            guid: settings.guid,
            rebind,
        };
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

    fn report_function(
        &mut self,
        function: Resource<PciHandle>,
        mac: Option<Vec<u8>>,
    ) -> Answer<()> {
        self.count_call()?;
        let function = self.table.get(&function)?.clone();
        answer(self.report_function(&function, mac))
    }

    fn reserve_addresses(&mut self) -> Answer<()> {
        self.count_call()?;
        answer(self.reserve_addresses(outcome::AddressSource::Configured))
    }

    fn set_mtu(&mut self, link: Resource<PodLinkHandle>, mtu: u32) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.set_mtu(link, mtu))
    }

    fn set_mac(&mut self, link: Resource<PodLinkHandle>, mac: Vec<u8>) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.set_mac(link, mac))
    }

    fn set_link_sysctl(
        &mut self,
        link: Resource<PodLinkHandle>,
        family: SysctlFamily,
        name: String,
        value: String,
        required: bool,
    ) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        let family = match family {
            SysctlFamily::Ipv4 => Family::Ipv4,
            SysctlFamily::Ipv6 => Family::Ipv6,
        };
        answer(self.set_link_sysctl(link, family, name, value, required))
    }

    fn assign_addresses(
        &mut self,
        link: Resource<PodLinkHandle>,
        source: AddressSource,
    ) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        let source = match source {
            AddressSource::Configured => outcome::AddressSource::Configured,
            AddressSource::PreviousResult => outcome::AddressSource::Previous,
        };
        answer(self.assign_addresses(link, source))
    }

    fn add_address(&mut self, link: Resource<PodLinkHandle>, address: IpNetwork) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(values::network(address).and_then(|address| self.add_address(link, address)))
    }

    fn add_route(&mut self, link: Resource<PodLinkHandle>, route: Route) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(values::route(route).and_then(|route| self.add_route(link, route)))
    }

    fn add_rule(&mut self, rule: wit::Rule) -> Answer<()> {
        self.count_call()?;
        answer(template(rule).and_then(|rule| self.add_rule(rule)))
    }

    fn add_neighbour(
        &mut self,
        link: Resource<PodLinkHandle>,
        address: IpAddress,
        mac: Vec<u8>,
    ) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.add_neighbour(link, values::address(address), mac))
    }

    fn set_up(&mut self, link: Resource<PodLinkHandle>) -> Answer<()> {
        self.count_call()?;
        let link = *self.table.get(&link)?;
        answer(self.set_up(link))
    }
}

impl wit::HostPodLink for Session {
    fn drop(&mut self, link: Resource<PodLinkHandle>) -> wasmtime::Result<()> {
        self.table.delete(link)?;
        Ok(())
    }
}

fn answer(recorded: Result<(), Refusal>) -> Answer<()> {
    Ok(recorded.map_err(Into::into))
}

/// A rule without networks is one of IPv4: 0.1 cannot say another.
fn template(rule: wit::Rule) -> Result<RuleTemplate, Refusal> {
    let source = rule.source.map(values::network).transpose()?;
    let destination = rule.destination.map(values::network).transpose()?;
    let family = source
        .or(destination)
        .map_or(Family::Ipv4, |network| Family::of(network.ip()));
    Ok(RuleTemplate {
        source: source.map(Origin::Known),
        destination,
        priority: rule.priority,
        ..RuleTemplate::new(family, rule.table)
    })
}
