//! A routing rule in the pod.

use std::net::IpAddr;

use plumb_values::{Family, IpNetwork};

use super::AddressOf;
use crate::operations::add_rule;
use crate::{Error, routing};

/// Whose packets a rule selects.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// Those from this network.
    Network(IpNetwork),
    /// Those from each of these addresses to come, of both families.
    Of(AddressOf<'a>),
}

impl From<IpNetwork> for Source<'_> {
    fn from(network: IpNetwork) -> Self {
        Self::Network(network)
    }
}

impl From<IpAddr> for Source<'_> {
    fn from(address: IpAddr) -> Self {
        let prefix_length = Family::of(address).bits();
        Self::Network(IpNetwork {
            address,
            prefix_length,
        })
    }
}

impl<'a> From<AddressOf<'a>> for Source<'a> {
    fn from(addresses: AddressOf<'a>) -> Self {
        Self::Of(addresses)
    }
}

/// A rule that has packets looked up in a table by where they come from (ip-rule(8)). Rules that select in other ways
/// are [`routing::Rule`].
#[derive(Debug)]
#[must_use = "it is recorded by `add`"]
pub struct Rule<'a> {
    source: Source<'a>,
    table: Option<u32>,
    destination: Option<IpNetwork>,
    priority: Option<u32>,
}

// Inlined for the reason that `operations` gives.
impl<'a> Rule<'a> {
    /// For packets from there.
    #[inline(always)]
    pub fn from(source: impl Into<Source<'a>>) -> Self {
        Self {
            source: source.into(),
            table: None,
            destination: None,
            priority: None,
        }
    }

    /// They are looked up in this table.
    #[inline(always)]
    pub fn table(mut self, table: u32) -> Self {
        self.table = Some(table);
        self
    }

    /// Only packets to this network.
    #[inline(always)]
    pub fn to(mut self, destination: IpNetwork) -> Self {
        self.destination = Some(destination);
        self
    }

    /// Lower goes first. Without it, before all rules but that of the local table.
    #[inline(always)]
    pub fn priority(mut self, priority: impl Into<Option<u32>>) -> Self {
        self.priority = priority.into();
        self
    }

    /// Records it, for addresses to come once for each family that it can be of.
    ///
    /// Errors: `invalid-configuration` without a table, and those of [`add_rule`].
    #[inline(always)]
    pub fn add(self) -> Result<(), Error> {
        let table = self.table.ok_or_else(without_table)?;
        let own = match self.source {
            Source::Network(network) => Some(network.family()),
            Source::Of(_) => None,
        };
        let only = own.or(self.destination.map(|network| network.family()));
        for family in [Family::Ipv4, Family::Ipv6] {
            if only.is_some_and(|only| only != family) {
                continue;
            }
            let mut rule = routing::Rule::new(family, table);
            rule = match self.source {
                Source::Network(network) => rule.with_source(network),
                Source::Of(AddressOf(addresses)) => rule.with_source_of(addresses),
            };
            if let Some(destination) = self.destination {
                rule = rule.with_destination(destination);
            }
            if let Some(priority) = self.priority {
                rule = rule.with_priority(priority);
            }
            add_rule(rule)?;
        }
        Ok(())
    }
}

fn without_table() -> Error {
    Error::invalid_configuration("a routing rule has no table to look packets up in: state one")
}
