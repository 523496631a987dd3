//! The interface `routing`.

use std::cell::RefCell;

use plumb_values::{IpNetwork, NextHop, PortRange};

use crate::bindings::flavour::plumb::cni::types;
use crate::testing::{AddressSource, Destination, RouteFacts, RuleFacts, Selector};

#[derive(Debug)]
pub struct Addresses(pub(super) AddressSource);

#[derive(Debug)]
pub struct Route(RefCell<RouteFacts>);

impl Route {
    pub(super) fn of(facts: RouteFacts) -> Self {
        Self(RefCell::new(facts))
    }

    pub(super) fn into_facts(self) -> RouteFacts {
        self.0.into_inner()
    }

    pub fn new(destination: types::IpNetwork) -> Self {
        Self::of(RouteFacts::to(Destination::Network(destination.into())))
    }

    pub fn to_networks_of(addresses: &Addresses) -> Self {
        Self::of(RouteFacts::to(Destination::NetworksOf(addresses.0)))
    }

    pub fn default_of(addresses: &Addresses, family: types::Family) -> Self {
        let everything = Destination::DefaultOf(addresses.0, family.into());
        Self::of(RouteFacts::to(everything))
    }

    pub fn set_gateway(&self, gateway: types::IpAddress) {
        self.0.borrow_mut().gateway = Some(gateway.into());
    }

    pub fn set_source(&self, source: types::IpAddress) {
        self.0.borrow_mut().source = Some(Selector::This(source.into()));
    }

    pub fn set_source_of(&self, addresses: &Addresses) {
        self.0.borrow_mut().source = Some(Selector::Of(addresses.0));
    }

    pub fn set_mtu(&self, bytes: u32) {
        self.0.borrow_mut().mtu = Some(bytes);
    }

    pub fn set_advertised_mss(&self, bytes: u32) {
        self.0.borrow_mut().advertised_mss = Some(bytes);
    }

    pub fn set_priority(&self, priority: u32) {
        self.0.borrow_mut().priority = Some(priority);
    }

    pub fn set_table(&self, table: u32) {
        self.0.borrow_mut().table = table;
    }

    pub fn set_scope(&self, scope: u8) {
        self.0.borrow_mut().scope = Some(scope);
    }

    pub fn set_on_link(&self) {
        self.0.borrow_mut().on_link = true;
    }

    pub fn add_next_hop(&self, gateway: types::IpAddress, weight: u16) {
        let gateway = gateway.into();
        let next_hops = &mut self.0.borrow_mut().next_hops;
        next_hops.push(NextHop { gateway, weight });
    }

    pub fn destination(&self) -> Option<types::IpNetwork> {
        match self.0.borrow().destination {
            Destination::Network(network) => Some(IpNetwork::into(network)),
            Destination::NetworksOf(_) | Destination::DefaultOf(..) => None,
        }
    }

    pub fn gateway(&self) -> Option<types::IpAddress> {
        self.0.borrow().gateway.map(Into::into)
    }

    pub fn source(&self) -> Option<types::IpAddress> {
        match self.0.borrow().source {
            Some(Selector::This(address)) => Some(address.into()),
            Some(Selector::Of(_)) | None => None,
        }
    }

    pub fn priority(&self) -> Option<u32> {
        self.0.borrow().priority
    }

    pub fn table(&self) -> u32 {
        self.0.borrow().table
    }
}

#[derive(Debug)]
pub struct Rule(RefCell<RuleFacts>);

impl Rule {
    pub fn new(family: types::Family, table: u32) -> Self {
        Self(RefCell::new(RuleFacts::new(family.into(), table)))
    }

    pub(super) fn into_facts(self) -> RuleFacts {
        self.0.into_inner()
    }

    pub fn set_source(&self, source: types::IpNetwork) {
        self.0.borrow_mut().source = Some(Selector::This(source.into()));
    }

    pub fn set_source_of(&self, addresses: &Addresses) {
        self.0.borrow_mut().source = Some(Selector::Of(addresses.0));
    }

    pub fn set_destination(&self, destination: types::IpNetwork) {
        self.0.borrow_mut().destination = Some(destination.into());
    }

    pub fn set_priority(&self, priority: u32) {
        self.0.borrow_mut().priority = Some(priority);
    }

    pub fn set_input_interface(&self, name: &str) {
        self.0.borrow_mut().selectors.input_interface = Some(name.to_owned());
    }

    pub fn set_output_interface(&self, name: &str) {
        self.0.borrow_mut().selectors.output_interface = Some(name.to_owned());
    }

    pub fn set_mark(&self, mark: u32, mask: u32) {
        let selectors = &mut self.0.borrow_mut().selectors;
        selectors.mark = Some(mark);
        selectors.mask = (mask != u32::MAX).then_some(mask);
    }

    pub fn set_ip_protocol(&self, number: u8) {
        self.0.borrow_mut().selectors.ip_protocol = Some(number);
    }

    pub fn set_source_ports(&self, first: u16, last: u16) {
        self.0.borrow_mut().selectors.source_ports = Some(PortRange { first, last });
    }

    pub fn set_destination_ports(&self, first: u16, last: u16) {
        self.0.borrow_mut().selectors.destination_ports = Some(PortRange { first, last });
    }

    pub fn set_suppress_prefix_length(&self, length: u8) {
        self.0.borrow_mut().selectors.suppress_prefix_length = Some(length.into());
    }
}
