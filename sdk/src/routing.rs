//! Routes and rules, as they are read and as they are asked for.
//!
//! ```
//! use plumb_sdk::{Error, Family, operations, routing::{Route, Rule}};
//!
//! # fn outline(link: &operations::PodLink) -> Result<(), Error> {
//! // What comes from the pod's addresses leaves by the network they are from.
//! let addresses = operations::configured_addresses()?;
//! operations::assign_addresses(link, &addresses)?;
//! operations::add_route(link, Route::to_networks_of(&addresses).with_table(101))?;
//! operations::add_route(link, Route::default_of(&addresses, Family::Ipv4).with_table(101))?;
//! operations::add_rule(Rule::new(Family::Ipv4, 101).with_source_of(&addresses))
//! # }
//! ```

use std::net::IpAddr;
use std::ops::RangeInclusive;

use plumb_values::{Family, IpNetwork};

use crate::contract::routing;

/// Addresses that an interface will get. Their values are known when the step that gives them
/// is performed, and are put then into the routes and rules that refer to them.
#[derive(Debug)]
pub struct Addresses(pub(crate) routing::Addresses);

/// A route in the pod's network namespace (`RTM_NEWROUTE`, rtnetlink(7)).
#[derive(Debug)]
pub struct Route(pub(crate) routing::Route);

impl Route {
    /// To this network, on the link until it gets a gateway.
    pub fn to(destination: IpNetwork) -> Self {
        Self(routing::Route::new(destination.into()))
    }

    /// To the network of each of these addresses, on the link: as many routes as networks.
    pub fn to_networks_of(addresses: &Addresses) -> Self {
        Self(routing::Route::to_networks_of(&addresses.0))
    }

    /// Everything of a family by the gateway of these addresses; no route where they have none
    /// of this family.
    pub fn default_of(addresses: &Addresses, family: Family) -> Self {
        Self(routing::Route::default_of(&addresses.0, family.into()))
    }

    /// By this next hop.
    pub fn with_gateway(self, gateway: IpAddr) -> Self {
        self.0.set_gateway(gateway.into());
        self
    }

    /// With the address that packets get which do not have one yet (`RTA_PREFSRC`).
    pub fn with_source(self, source: IpAddr) -> Self {
        self.0.set_source(source.into());
        self
    }

    /// The same: the first of these addresses that is of the route's family.
    pub fn with_source_of(self, addresses: &Addresses) -> Self {
        self.0.set_source_of(&addresses.0);
        self
    }

    /// With a path MTU in bytes (`RTAX_MTU`).
    pub fn with_mtu(self, bytes: u32) -> Self {
        self.0.set_mtu(bytes);
        self
    }

    /// With a maximal segment size to advertise, in bytes (`RTAX_ADVMSS`).
    pub fn with_advertised_mss(self, bytes: u32) -> Self {
        self.0.set_advertised_mss(bytes);
        self
    }

    /// With a metric; lower is preferred (`RTA_PRIORITY`).
    pub fn with_priority(self, priority: u32) -> Self {
        self.0.set_priority(priority);
        self
    }

    /// In this routing table (`RTA_TABLE`); without it the main one, 254. 0 is refused.
    pub fn with_table(self, table: u32) -> Self {
        self.0.set_table(table);
        self
    }

    /// With this `rtm_scope`: 0 global, 253 link, 254 host.
    pub fn with_scope(self, scope: u8) -> Self {
        self.0.set_scope(scope);
        self
    }

    /// With a gateway, or next hops, that are taken to be on the link, though no route says so
    /// (`RTNH_F_ONLINK`).
    pub fn with_on_link(self) -> Self {
        self.0.set_on_link();
        self
    }

    /// With one of several next hops, all by the pod's interface, in place of a gateway
    /// (`RTA_MULTIPATH`): flows are spread over them by their weights, 1 to 256. At most 32, each
    /// once.
    pub fn with_next_hop(self, gateway: IpAddr, weight: u16) -> Self {
        self.0.add_next_hop(gateway.into(), weight);
        self
    }

    /// Where it goes; none for one that depends on addresses.
    pub fn destination(&self) -> Option<IpNetwork> {
        self.0.destination().map(Into::into)
    }

    /// Its next hop.
    pub fn gateway(&self) -> Option<IpAddr> {
        self.0.gateway().map(Into::into)
    }

    /// Its source.
    pub fn source(&self) -> Option<IpAddr> {
        self.0.source().map(Into::into)
    }

    /// Its metric.
    pub fn priority(&self) -> Option<u32> {
        self.0.priority()
    }

    /// Its table.
    pub fn table(&self) -> u32 {
        self.0.table()
    }
}

/// A routing rule in the pod (`RTM_NEWRULE`, ip-rule(8)).
#[derive(Debug)]
pub struct Rule(pub(crate) routing::Rule);

impl Rule {
    /// Has all packets of a family looked up in a table, until it selects fewer. Table 0 is
    /// refused.
    pub fn new(family: Family, table: u32) -> Self {
        Self(routing::Rule::new(family.into(), table))
    }

    /// Selects packets from this network.
    pub fn with_source(self, source: IpNetwork) -> Self {
        self.0.set_source(source.into());
        self
    }

    /// Selects packets from each of these addresses that is of the rule's family: as many rules
    /// as addresses.
    pub fn with_source_of(self, addresses: &Addresses) -> Self {
        self.0.set_source_of(&addresses.0);
        self
    }

    /// Selects packets to this network.
    pub fn with_destination(self, destination: IpNetwork) -> Self {
        self.0.set_destination(destination.into());
        self
    }

    /// Lower goes first. Without it, before all rules but that of the local table.
    pub fn with_priority(self, priority: u32) -> Self {
        self.0.set_priority(priority);
        self
    }

    /// Selects packets that come in by this interface of the pod (`FRA_IIFNAME`); `lo` has those
    /// that the pod sends itself. The interface need not be there.
    pub fn with_input_interface(self, name: &str) -> Self {
        self.0.set_input_interface(name);
        self
    }

    /// Selects packets of programs that have bound their socket to this interface of the pod
    /// (`FRA_OIFNAME`).
    pub fn with_output_interface(self, name: &str) -> Self {
        self.0.set_output_interface(name);
        self
    }

    /// Selects packets with this mark (`FRA_FWMARK`).
    pub fn with_mark(self, mark: u32) -> Self {
        self.with_masked_mark(mark, u32::MAX)
    }

    /// Selects packets by those bits of their mark that the mask has (`FRA_FWMASK`).
    pub fn with_masked_mark(self, mark: u32, mask: u32) -> Self {
        self.0.set_mark(mark, mask);
        self
    }

    /// Selects packets of this protocol (`FRA_IP_PROTO`): 6 is TCP, 17 UDP.
    pub fn with_ip_protocol(self, number: u8) -> Self {
        self.0.set_ip_protocol(number);
        self
    }

    /// Selects packets from these ports, 1 to 65534 (`FRA_SPORT_RANGE`).
    pub fn with_source_ports(self, ports: RangeInclusive<u16>) -> Self {
        self.0.set_source_ports(*ports.start(), *ports.end());
        self
    }

    /// Selects packets to these ports, 1 to 65534 (`FRA_DPORT_RANGE`).
    pub fn with_destination_ports(self, ports: RangeInclusive<u16>) -> Self {
        self.0.set_destination_ports(*ports.start(), *ports.end());
        self
    }

    /// Leaves alone routes that it finds with a prefix of this length or a shorter one
    /// (`FRA_SUPPRESS_PREFIXLEN`): with 0 the default route.
    pub fn with_suppress_prefix_length(self, length: u8) -> Self {
        self.0.set_suppress_prefix_length(length);
        self
    }
}
