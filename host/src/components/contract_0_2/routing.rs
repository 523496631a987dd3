//! The interface `routing` of 0.2: routes and rules, which a component puts together before it
//! has them added.

use plumb_values::arguments::NEXT_HOPS;
use plumb_values::{NextHop, PortRange, RuleSelectors};
use wasmtime::component::Resource;

use super::bindings::routing::{Host, HostAddresses, HostRoute, HostRule};
use super::bindings::types::{self, IpAddress, IpNetwork};
use super::values::{address, family, network, to_address, to_network};
use crate::components::refusal::Refusal;
use crate::components::session::Session;
use crate::kernel::route::MAIN_TABLE;
use crate::outcome::AddressSource;
use crate::routing::{Destination, Origin, RouteTemplate, RuleTemplate};

/// What the host keeps for a `route` handle: the route so far, or what cannot be one. A setter
/// cannot answer, so what is wrong is said when the route is added.
pub struct RouteDraft(pub(super) Result<RouteTemplate, Refusal>);

/// What the host keeps for a `rule` handle, likewise.
pub struct RuleDraft(pub(super) Result<RuleTemplate, Refusal>);

impl Session {
    fn new_route(
        &mut self,
        destination: Result<Destination, Refusal>,
    ) -> wasmtime::Result<Resource<RouteDraft>> {
        let draft = RouteDraft(destination.map(RouteTemplate::new));
        Ok(self.table.push(draft)?)
    }

    fn route(&self, route: &Resource<RouteDraft>) -> wasmtime::Result<Option<&RouteTemplate>> {
        Ok(self.table.get(route)?.0.as_ref().ok())
    }

    fn change_route(
        &mut self,
        route: &Resource<RouteDraft>,
        change: impl FnOnce(&mut RouteTemplate),
    ) -> wasmtime::Result<()> {
        if let Ok(route) = &mut self.table.get_mut(route)?.0 {
            change(route);
        }
        Ok(())
    }

    fn change_rule(
        &mut self,
        rule: &Resource<RuleDraft>,
        change: impl FnOnce(&mut RuleTemplate) -> Result<(), Refusal>,
    ) -> wasmtime::Result<()> {
        let draft = self.table.get_mut(rule)?;
        if let Ok(rule) = &mut draft.0
            && let Err(refusal) = change(rule)
        {
            draft.0 = Err(refusal);
        }
        Ok(())
    }
}

impl Session {
    fn change_selectors(
        &mut self,
        rule: &Resource<RuleDraft>,
        change: impl FnOnce(&mut RuleSelectors),
    ) -> wasmtime::Result<()> {
        self.change_rule(rule, |rule| {
            change(&mut rule.selectors);
            Ok(())
        })
    }
}

impl Host for Session {}

impl HostAddresses for Session {
    fn drop(&mut self, addresses: Resource<AddressSource>) -> wasmtime::Result<()> {
        self.table.delete(addresses)?;
        Ok(())
    }
}

impl HostRoute for Session {
    fn new(&mut self, destination: IpNetwork) -> wasmtime::Result<Resource<RouteDraft>> {
        self.new_route(network(destination).map(Destination::Network))
    }

    fn to_networks_of(
        &mut self,
        addresses: Resource<AddressSource>,
    ) -> wasmtime::Result<Resource<RouteDraft>> {
        let source = *self.table.get(&addresses)?;
        self.new_route(Ok(Destination::NetworksOf(source)))
    }

    fn default_of(
        &mut self,
        addresses: Resource<AddressSource>,
        of: types::Family,
    ) -> wasmtime::Result<Resource<RouteDraft>> {
        let source = *self.table.get(&addresses)?;
        self.new_route(Ok(Destination::DefaultOf(source, family(of))))
    }

    fn set_gateway(
        &mut self,
        route: Resource<RouteDraft>,
        gateway: IpAddress,
    ) -> wasmtime::Result<()> {
        self.change_route(&route, |route| route.gateway = Some(address(gateway)))
    }

    fn set_source(
        &mut self,
        route: Resource<RouteDraft>,
        source: IpAddress,
    ) -> wasmtime::Result<()> {
        let source = Origin::Known(address(source));
        self.change_route(&route, |route| route.source = Some(source))
    }

    fn set_source_of(
        &mut self,
        route: Resource<RouteDraft>,
        addresses: Resource<AddressSource>,
    ) -> wasmtime::Result<()> {
        let source = Origin::Of(*self.table.get(&addresses)?);
        self.change_route(&route, |route| route.source = Some(source))
    }

    fn set_mtu(&mut self, route: Resource<RouteDraft>, bytes: u32) -> wasmtime::Result<()> {
        self.change_route(&route, |route| route.mtu = Some(bytes))
    }

    fn set_advertised_mss(
        &mut self,
        route: Resource<RouteDraft>,
        bytes: u32,
    ) -> wasmtime::Result<()> {
        self.change_route(&route, |route| route.advertised_mss = Some(bytes))
    }

    fn set_priority(&mut self, route: Resource<RouteDraft>, priority: u32) -> wasmtime::Result<()> {
        self.change_route(&route, |route| route.priority = Some(priority))
    }

    fn set_table(&mut self, route: Resource<RouteDraft>, table: u32) -> wasmtime::Result<()> {
        self.change_route(&route, |route| route.table = Some(table))
    }

    fn set_scope(&mut self, route: Resource<RouteDraft>, scope: u8) -> wasmtime::Result<()> {
        self.change_route(&route, |route| route.scope = Some(scope))
    }

    fn set_on_link(&mut self, route: Resource<RouteDraft>) -> wasmtime::Result<()> {
        self.change_route(&route, |route| route.on_link = true)
    }

    fn add_next_hop(
        &mut self,
        route: Resource<RouteDraft>,
        gateway: IpAddress,
        weight: u16,
    ) -> wasmtime::Result<()> {
        let gateway = address(gateway);
        self.change_route(&route, |route| {
            // The first that is too many is told by the operation.
            if route.next_hops.len() <= NEXT_HOPS {
                route.next_hops.push(NextHop { gateway, weight });
            }
        })
    }

    fn destination(&mut self, route: Resource<RouteDraft>) -> wasmtime::Result<Option<IpNetwork>> {
        let destination = self.route(&route)?.map(|route| route.destination);
        Ok(match destination {
            Some(Destination::Network(network)) => Some(to_network(network)),
            _ => None,
        })
    }

    fn gateway(&mut self, route: Resource<RouteDraft>) -> wasmtime::Result<Option<IpAddress>> {
        let gateway = self.route(&route)?.and_then(|route| route.gateway);
        Ok(gateway.map(to_address))
    }

    fn source(&mut self, route: Resource<RouteDraft>) -> wasmtime::Result<Option<IpAddress>> {
        let source = self.route(&route)?.and_then(|route| route.source);
        Ok(match source {
            Some(Origin::Known(address)) => Some(to_address(address)),
            _ => None,
        })
    }

    fn priority(&mut self, route: Resource<RouteDraft>) -> wasmtime::Result<Option<u32>> {
        Ok(self.route(&route)?.and_then(|route| route.priority))
    }

    fn table(&mut self, route: Resource<RouteDraft>) -> wasmtime::Result<u32> {
        let table = self.route(&route)?.and_then(|route| route.table);
        Ok(table.unwrap_or(MAIN_TABLE))
    }

    fn drop(&mut self, route: Resource<RouteDraft>) -> wasmtime::Result<()> {
        self.table.delete(route)?;
        Ok(())
    }
}

impl HostRule for Session {
    fn new(&mut self, of: types::Family, table: u32) -> wasmtime::Result<Resource<RuleDraft>> {
        let draft = RuleDraft(Ok(RuleTemplate::new(family(of), table)));
        Ok(self.table.push(draft)?)
    }

    fn set_source(&mut self, rule: Resource<RuleDraft>, source: IpNetwork) -> wasmtime::Result<()> {
        self.change_rule(&rule, |rule| {
            rule.source = Some(Origin::Known(network(source)?));
            Ok(())
        })
    }

    fn set_source_of(
        &mut self,
        rule: Resource<RuleDraft>,
        addresses: Resource<AddressSource>,
    ) -> wasmtime::Result<()> {
        let source = *self.table.get(&addresses)?;
        self.change_rule(&rule, |rule| {
            rule.source = Some(Origin::Of(source));
            Ok(())
        })
    }

    fn set_destination(
        &mut self,
        rule: Resource<RuleDraft>,
        destination: IpNetwork,
    ) -> wasmtime::Result<()> {
        self.change_rule(&rule, |rule| {
            rule.destination = Some(network(destination)?);
            Ok(())
        })
    }

    fn set_priority(&mut self, rule: Resource<RuleDraft>, priority: u32) -> wasmtime::Result<()> {
        self.change_rule(&rule, |rule| {
            rule.priority = Some(priority);
            Ok(())
        })
    }

    fn set_input_interface(
        &mut self,
        rule: Resource<RuleDraft>,
        name: String,
    ) -> wasmtime::Result<()> {
        self.change_selectors(&rule, |selectors| selectors.input_interface = Some(name))
    }

    fn set_output_interface(
        &mut self,
        rule: Resource<RuleDraft>,
        name: String,
    ) -> wasmtime::Result<()> {
        self.change_selectors(&rule, |selectors| selectors.output_interface = Some(name))
    }

    fn set_mark(
        &mut self,
        rule: Resource<RuleDraft>,
        mark: u32,
        mask: u32,
    ) -> wasmtime::Result<()> {
        self.change_selectors(&rule, |selectors| {
            selectors.mark = Some(mark);
            selectors.mask = (mask != u32::MAX).then_some(mask);
        })
    }

    fn set_ip_protocol(&mut self, rule: Resource<RuleDraft>, number: u8) -> wasmtime::Result<()> {
        self.change_selectors(&rule, |selectors| selectors.ip_protocol = Some(number))
    }

    fn set_source_ports(
        &mut self,
        rule: Resource<RuleDraft>,
        first: u16,
        last: u16,
    ) -> wasmtime::Result<()> {
        let ports = PortRange { first, last };
        self.change_selectors(&rule, |selectors| selectors.source_ports = Some(ports))
    }

    fn set_destination_ports(
        &mut self,
        rule: Resource<RuleDraft>,
        first: u16,
        last: u16,
    ) -> wasmtime::Result<()> {
        let ports = PortRange { first, last };
        self.change_selectors(&rule, |selectors| selectors.destination_ports = Some(ports))
    }

    fn set_suppress_prefix_length(
        &mut self,
        rule: Resource<RuleDraft>,
        length: u8,
    ) -> wasmtime::Result<()> {
        let length = Some(u32::from(length));
        self.change_selectors(&rule, |selectors| {
            selectors.suppress_prefix_length = length;
        })
    }

    fn drop(&mut self, rule: Resource<RuleDraft>) -> wasmtime::Result<()> {
        self.table.delete(rule)?;
        Ok(())
    }
}
