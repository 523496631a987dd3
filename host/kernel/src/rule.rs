//! Routing rules (`RTM_NEWRULE`, ip-rule(8)).

use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::{Result, RouteSocket};

/// A rule that looks a table up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Selects packets from this network.
    pub source: Option<IpNetwork>,
    /// Selects packets to this network.
    pub destination: Option<IpNetwork>,
    /// The table to look up.
    pub table: u32,
    /// Lower goes first; none: the kernel's choice.
    pub priority: Option<u32>,
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = self.source {
            write!(formatter, "from {source} ")?;
        }
        if let Some(destination) = self.destination {
            write!(formatter, "to {destination} ")?;
        }
        write!(formatter, "lookup {}", self.table)?;
        if let Some(priority) = self.priority {
            write!(formatter, " priority {priority}")?;
        }
        Ok(())
    }
}

impl RouteSocket {
    /// Adds a rule; false when the very same is there already.
    pub fn add_rule(&self, rule: &Rule) -> Result<bool> {
        let added = self.change(
            || format!("add rule {rule}"),
            RouteNetlinkMessage::NewRule(message(rule)),
            NLM_F_CREATE | NLM_F_EXCL,
        );
        match added {
            Ok(()) => Ok(true),
            Err(error) if error.errno() == Some(Errno::EEXIST) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes a rule; true when it was there.
    pub fn delete_rule(&self, rule: &Rule) -> Result<bool> {
        let deleted = self.change(
            || format!("delete rule {rule}"),
            RouteNetlinkMessage::DelRule(message(rule)),
            0,
        );
        match deleted {
            Ok(()) => Ok(true),
            Err(error) if error.errno() == Some(Errno::ENOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// All rules of both families that look a table up.
    pub fn rules(&self) -> Result<Vec<Rule>> {
        let mut rules = Vec::new();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut request = RuleMessage::default();
            request.header.family = family;
            let answers = self.dump(
                || "list the routing rules".into(),
                RouteNetlinkMessage::GetRule(request),
            )?;
            rules.extend(answers.into_iter().filter_map(|answer| match answer {
                RouteNetlinkMessage::NewRule(message) => decode(&message),
                _ => None,
            }));
        }
        Ok(rules)
    }
}

fn message(rule: &Rule) -> RuleMessage {
    let is_ipv6 = rule
        .source
        .or(rule.destination)
        .is_some_and(|network| network.is_ipv6());
    let mut message = RuleMessage::default();
    message.header.family = if is_ipv6 {
        AddressFamily::Inet6
    } else {
        AddressFamily::Inet
    };
    message.header.action = RuleAction::ToTable;
    message.header.table = u8::try_from(rule.table).unwrap_or(0);
    message.attributes.push(RuleAttribute::Table(rule.table));
    if let Some(source) = rule.source {
        message.header.src_len = source.prefix();
        message
            .attributes
            .push(RuleAttribute::Source(source.network()));
    }
    if let Some(destination) = rule.destination {
        message.header.dst_len = destination.prefix();
        message
            .attributes
            .push(RuleAttribute::Destination(destination.network()));
    }
    message
        .attributes
        .extend(rule.priority.map(RuleAttribute::Priority));
    message
}

fn decode(message: &RuleMessage) -> Option<Rule> {
    let mut rule = Rule {
        source: None,
        destination: None,
        table: u32::from(message.header.table),
        priority: None,
    };
    let network = |address: IpAddr, prefix| IpNetwork::new(address, prefix).ok();
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Source(address) => {
                rule.source = network(*address, message.header.src_len);
            }
            RuleAttribute::Destination(address) => {
                rule.destination = network(*address, message.header.dst_len);
            }
            RuleAttribute::Table(table) => rule.table = *table,
            RuleAttribute::Priority(priority) => rule.priority = Some(*priority),
            _ => {}
        }
    }
    (message.header.action == RuleAction::ToTable).then_some(rule)
}
