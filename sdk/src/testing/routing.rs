//! Routes and rules, as a test describes and sees them.

use std::net::IpAddr;

use plumb_values::arguments::{
    check_next_hops, check_route, check_route_to_networks, check_rule, check_rule_selectors,
    check_table,
};
use plumb_values::{Family, IpNetwork, NextHop, RuleSelectors};

/// The main routing table (`RT_TABLE_MAIN`, linux/rtnetlink.h).
const MAIN: u32 = 254;

/// Which addresses an [`Addresses`](crate::routing::Addresses) will have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressSource {
    /// Those of the configuration's `ipam`.
    Configured,
    /// Those of the previous plugin's result.
    Previous,
}

impl AddressSource {
    /// In messages.
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Configured => "the configured addresses",
            Self::Previous => "the addresses of the previous result",
        }
    }
}

/// A value, or what is known only when the step is performed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Selector<T> {
    /// This one.
    This(T),
    /// One or each of these addresses.
    Of(AddressSource),
}

/// Where a route goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// To this network.
    Network(IpNetwork),
    /// To the network of each of these addresses.
    NetworksOf(AddressSource),
    /// Everything of a family by the gateway of these addresses.
    DefaultOf(AddressSource, Family),
}

/// A route. None: it was not asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteFacts {
    /// Where it goes.
    pub destination: Destination,
    /// Next hop.
    pub gateway: Option<IpAddr>,
    /// The address that packets get which do not have one yet.
    pub source: Option<Selector<IpAddr>>,
    /// Path MTU in bytes.
    pub mtu: Option<u32>,
    /// Maximal segment size to advertise, in bytes.
    pub advertised_mss: Option<u32>,
    /// Metric.
    pub priority: Option<u32>,
    /// Routing table; 254 is the main one.
    pub table: u32,
    /// `rtm_scope`
    pub scope: Option<u8>,
    /// Whether its next hops are taken to be on the link.
    pub on_link: bool,
    /// Several next hops in place of a gateway.
    pub next_hops: Vec<NextHop>,
}

impl RouteFacts {
    /// A route of the main table, with nothing but a destination.
    pub fn to(destination: Destination) -> Self {
        Self {
            destination,
            gateway: None,
            source: None,
            mtu: None,
            advertised_mss: None,
            priority: None,
            table: MAIN,
            scope: None,
            on_link: false,
            next_hops: Vec::new(),
        }
    }

    /// Checks what the host checks, as far as the addresses to come do not matter.
    pub(super) fn check(&self) -> Result<(), String> {
        check_table(self.table)?;
        let source = match self.source {
            Some(Selector::This(source)) => Some(source),
            Some(Selector::Of(_)) | None => None,
        };
        // The gateway that a route gets with its addresses is one as well.
        let (destination, to_come) = match self.destination {
            Destination::Network(network) => (network, None),
            Destination::DefaultOf(_, family) => {
                (IpNetwork::everything(family), Some(family.unspecified()))
            }
            Destination::NetworksOf(addresses) => {
                let first_hop = self.next_hops.first().map(|hop| hop.gateway);
                let gateway = self.gateway.or(first_hop);
                return check_route_to_networks(addresses.in_words(), gateway, source);
            }
        };
        check_next_hops(
            destination.family(),
            self.gateway.or(to_come),
            &self.next_hops,
            self.on_link,
        )?;
        check_route(&destination, self.gateway, source)
    }

    /// The addresses to come that it refers to.
    pub(super) fn refers_to(&self) -> impl Iterator<Item = AddressSource> + use<> {
        let destination = match self.destination {
            Destination::Network(_) => None,
            Destination::NetworksOf(source) | Destination::DefaultOf(source, _) => Some(source),
        };
        let source = match self.source {
            Some(Selector::Of(source)) => Some(source),
            Some(Selector::This(_)) | None => None,
        };
        destination.into_iter().chain(source)
    }
}

/// A routing rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFacts {
    /// Whose packets it is for.
    pub family: Family,
    /// Where they are looked up.
    pub table: u32,
    /// Selects packets from here; none: from everywhere.
    pub source: Option<Selector<IpNetwork>>,
    /// Selects packets to this network; none: to everywhere.
    pub destination: Option<IpNetwork>,
    /// Lower goes first.
    pub priority: Option<u32>,
    /// What else it selects by.
    pub selectors: RuleSelectors,
}

impl RuleFacts {
    /// A rule for all packets of a family.
    pub fn new(family: Family, table: u32) -> Self {
        Self {
            family,
            table,
            source: None,
            destination: None,
            priority: None,
            selectors: RuleSelectors::default(),
        }
    }

    /// Checks what the host checks, as far as the addresses to come do not matter.
    pub(super) fn check(&self) -> Result<(), String> {
        check_table(self.table)?;
        let source = match &self.source {
            Some(Selector::This(source)) => Some(source),
            Some(Selector::Of(_)) | None => None,
        };
        check_rule_selectors(self.family, &self.selectors)?;
        check_rule(Some(self.family), source, self.destination.as_ref())
    }
}
