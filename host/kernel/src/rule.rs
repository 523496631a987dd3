//! Routing rules (`RTM_NEWRULE`, ip-rule(8)).

use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use netlink_packet_core::{DefaultNla, NLM_F_CREATE, NLM_F_EXCL, Nla};
use netlink_packet_route::rule::{
    RuleAction, RuleAttribute, RuleFlags, RuleMessage, RulePortRange,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use nix::errno::Errno;
use plumb_values::{PortRange, RuleSelectors};
use serde::{Deserialize, Serialize};

use super::route_answer::RouteAnswer;
use super::{Error, Result, RouteSocket};

/// Priority of the rule of the main table, which every namespace has from its beginning.
const LAST_PRIORITY: u32 = 32_766;

/// No suppression by prefix length or group of interfaces, as the kernel lists it: -1.
const NO_SUPPRESSION: u32 = u32::MAX;

/// A mask that compares all bits of a mark.
const WHOLE_MARK: u32 = u32::MAX;

/// `FRA_SPORT_MASK` and `FRA_DPORT_MASK` (linux/fib_rules.h), which the kernel lists with a single port since Linux 6.15.
const PORT_MASKS: [u16; 2] = [28, 29];

/// A rule that looks a table up for packets that it selects.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Whether it is one of IPv6. Its networks say so as well, where it has any.
    #[serde(default)]
    pub is_ipv6: bool,
    /// Selects packets from this network.
    pub source: Option<IpNetwork>,
    /// Selects packets to this network.
    pub destination: Option<IpNetwork>,
    /// What else it selects by. Records of earlier releases have a mark at most.
    #[serde(flatten, skip_serializing_if = "RuleSelectors::is_empty")]
    pub selectors: RuleSelectors,
    /// The table to look up.
    pub table: u32,
    /// Lower goes first; none: the kernel's choice.
    pub priority: Option<u32>,
}

impl Rule {
    /// Looks a table up for what comes from one address.
    pub fn from_address(address: IpAddr, table: u32, priority: u32) -> Self {
        Self {
            is_ipv6: address.is_ipv6(),
            source: Some(IpNetwork::from(address)),
            table,
            priority: Some(priority),
            ..Self::default()
        }
    }

    /// Looks a table up for everything of a family that has the mark, if one is given.
    pub fn of_all(is_ipv6: bool, mark: Option<u32>, table: u32, priority: u32) -> Self {
        Self {
            is_ipv6,
            selectors: mark.map(RuleSelectors::of_mark).unwrap_or_default(),
            table,
            priority: Some(priority),
            ..Self::default()
        }
    }

    /// The family of its networks, else the one that is stated: records of earlier releases
    /// state none.
    pub fn is_ipv6(&self) -> bool {
        let network = self.source.or(self.destination);
        network.map_or(self.is_ipv6, |network| network.is_ipv6())
    }

    /// Whether both select the same packets for the same table.
    pub fn is_like(&self, other: &Self) -> bool {
        self.is_ipv6() == other.is_ipv6()
            && self.source == other.source
            && self.destination == other.destination
            && self.selectors == other.selectors
            && self.table == other.table
    }
}

/// A rule as the kernel lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRule {
    /// What of it a [`Rule`] can say.
    pub rule: Rule,
    /// Whether that is all: it selects by nothing else.
    pub is_whole: bool,
}

/// What a rule does that looks no table up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Drops packets without a word.
    Blackhole,
    /// The sender is told that there is no way.
    Unreachable,
    /// The sender is told that it may not.
    Prohibit,
}

impl Refusal {
    fn of(action: RuleAction) -> Option<Self> {
        match action {
            RuleAction::Blackhole => Some(Self::Blackhole),
            RuleAction::Unreachable => Some(Self::Unreachable),
            RuleAction::Prohibit => Some(Self::Prohibit),
            _ => None,
        }
    }

    /// In the words of ip-rule(8).
    pub fn word(self) -> &'static str {
        match self {
            Self::Blackhole => "blackhole",
            Self::Unreachable => "unreachable",
            Self::Prohibit => "prohibit",
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = self.source {
            write!(formatter, "from {source} ")?;
        }
        if let Some(destination) = self.destination {
            write!(formatter, "to {destination} ")?;
        }
        write!(formatter, "{}lookup {}", self.selectors, self.table)?;
        if let Some(priority) = self.priority {
            write!(formatter, " priority {priority}")?;
        }
        if self.is_ipv6() && self.source.is_none() && self.destination.is_none() {
            write!(formatter, " (ipv6)")?;
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

    /// Removes a rule, and no other one; true when it was there. It must have a priority.
    ///
    /// The kernel deletes the first rule that has all that a request says, and what the request
    /// leaves out may be anything (`fib_nl_delrule`, net/core/fib_rules.c): without a table the
    /// rule of the local table goes. So the rules are listed before.
    ///
    /// # Errors
    ///
    /// [`Error::Netlink`] with EEXIST where the kernel would take another rule for it.
    pub fn delete_rule(&self, rule: &Rule) -> Result<bool> {
        let what = || format!("delete rule {rule}");
        let listed = self.rules()?;
        let is_exact = |listed: &&ListedRule| {
            listed.is_whole && listed.rule.is_like(rule) && listed.rule.priority == rule.priority
        };
        let Some(exact) = listed.iter().find(is_exact) else {
            return Ok(false);
        };
        if listed
            .iter()
            .find(|listed| is_deleted_by(&listed.rule, rule))
            != Some(exact)
        {
            return Err(Error::Netlink {
                what: what(),
                errno: Errno::EEXIST,
                explanation: Some("another rule of this priority would go in its place".into()),
            });
        }
        let deleted = self.change(what, RouteNetlinkMessage::DelRule(message(rule)), 0);
        match deleted {
            Ok(()) => Ok(true),
            Err(error) if error.errno() == Some(Errno::ENOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The priority that the kernel would give a new rule of a family: the one before all
    /// others but that of the local table (`fib_default_rule_pref`, net/core/fib_rules.c).
    pub fn next_rule_priority(&self, is_ipv6: bool) -> Result<u32> {
        let listed = self.rules()?;
        let lowest = listed
            .iter()
            .filter(|listed| listed.rule.is_ipv6() == is_ipv6)
            .filter_map(|listed| listed.rule.priority.filter(|priority| *priority > 0))
            .min();
        Ok(lowest.unwrap_or(LAST_PRIORITY) - 1)
    }

    /// All rules of both families that look a table up, in the kernel's order.
    pub fn rules(&self) -> Result<Vec<ListedRule>> {
        let listed = self.all_rules()?.into_iter();
        let to_table = listed.filter(|(action, _)| *action == RuleAction::ToTable);
        Ok(to_table.map(|(_, rule)| rule).collect())
    }

    /// All rules of both families that refuse what they select, in the kernel's order.
    pub fn refusing_rules(&self) -> Result<Vec<(Refusal, ListedRule)>> {
        let listed = self.all_rules()?.into_iter();
        Ok(listed
            .filter_map(|(action, rule)| Some((Refusal::of(action)?, rule)))
            .collect())
    }

    fn all_rules(&self) -> Result<Vec<(RuleAction, ListedRule)>> {
        let mut rules = Vec::new();
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut request = RuleMessage::default();
            request.header.family = family;
            let answers = match self.dump(
                || "list the routing rules".into(),
                RouteNetlinkMessage::GetRule(request),
            ) {
                // A kernel without IPv6 (ipv6.disable=1) has no rules of it.
                Err(error) if error.errno() == Some(Errno::EAFNOSUPPORT) => continue,
                answers => answers?,
            };
            rules.extend(answers.into_iter().filter_map(|answer| match answer {
                RouteAnswer::Rule(message) => Some((message.header.action, decode(&message))),
                _ => None,
            }));
        }
        Ok(rules)
    }
}

/// Whether a request to delete `rule` matches `listed`: what the request has must be the same.
fn is_deleted_by(listed: &Rule, rule: &Rule) -> bool {
    listed.is_ipv6() == rule.is_ipv6()
        && listed.table == rule.table
        && (rule.priority.is_none() || listed.priority == rule.priority)
        && (rule.source.is_none() || listed.source == rule.source)
        && (rule.destination.is_none() || listed.destination == rule.destination)
        && may_be(&listed.selectors, &rule.selectors)
}

/// The same of what else they select by.
fn may_be(listed: &RuleSelectors, asked: &RuleSelectors) -> bool {
    fn is_same<T: PartialEq>(listed: &Option<T>, asked: &Option<T>) -> bool {
        asked.is_none() || listed == asked
    }
    is_same(&listed.input_interface, &asked.input_interface)
        && is_same(&listed.output_interface, &asked.output_interface)
        && is_same(&listed.mark, &asked.mark)
        && (asked.mark.is_none() || listed.mask == asked.mask)
        && is_same(&listed.ip_protocol, &asked.ip_protocol)
        && is_same(&listed.source_ports, &asked.source_ports)
        && is_same(&listed.destination_ports, &asked.destination_ports)
        && is_same(
            &listed.suppress_prefix_length,
            &asked.suppress_prefix_length,
        )
}

fn message(rule: &Rule) -> RuleMessage {
    let mut message = RuleMessage::default();
    message.header.family = if rule.is_ipv6() {
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
    message.attributes.extend(selecting(&rule.selectors));
    message
        .attributes
        .extend(rule.priority.map(RuleAttribute::Priority));
    message
}

/// The attributes of what a rule selects by beside networks.
fn selecting(selectors: &RuleSelectors) -> impl Iterator<Item = RuleAttribute> {
    let range = |ports: PortRange| RulePortRange {
        start: ports.first,
        end: ports.last,
    };
    let RuleSelectors {
        input_interface,
        output_interface,
        mark,
        mask,
        ip_protocol,
        source_ports,
        destination_ports,
        suppress_prefix_length,
    } = selectors.clone();
    // Without a mask the kernel takes a mark of 0 for none.
    let mask = mark.map(|_| mask.unwrap_or(WHOLE_MARK));
    [
        input_interface.map(RuleAttribute::Iifname),
        output_interface.map(RuleAttribute::Oifname),
        mark.map(RuleAttribute::FwMark),
        mask.map(RuleAttribute::FwMask),
        ip_protocol.map(|number| RuleAttribute::IpProtocol(number.into())),
        source_ports.map(|ports| RuleAttribute::SourcePortRange(range(ports))),
        destination_ports.map(|ports| RuleAttribute::DestinationPortRange(range(ports))),
        suppress_prefix_length.map(RuleAttribute::SuppressPrefixLen),
    ]
    .into_iter()
    .flatten()
}

fn decode(message: &RuleMessage) -> ListedRule {
    let mut rule = Rule {
        is_ipv6: message.header.family == AddressFamily::Inet6,
        table: u32::from(message.header.table),
        // The kernel leaves out a zero.
        priority: Some(0),
        ..Rule::default()
    };
    // A rule stays when an interface that it names has gone, and says so.
    let gone = RuleFlags::IifDetached | RuleFlags::OifDetached;
    let mut is_whole = (message.header.flags - gone).is_empty() && message.header.tos == 0;
    let range = |ports: &RulePortRange| PortRange {
        first: ports.start,
        last: ports.end,
    };
    let (mut mark, mut mask) = (0, 0);
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
            RuleAttribute::Iifname(name) => rule.selectors.input_interface = Some(name.clone()),
            RuleAttribute::Oifname(name) => rule.selectors.output_interface = Some(name.clone()),
            RuleAttribute::FwMark(found) => mark = *found,
            RuleAttribute::FwMask(found) => mask = *found,
            RuleAttribute::IpProtocol(protocol) => {
                rule.selectors.ip_protocol = Some(u8::from(*protocol));
            }
            RuleAttribute::SourcePortRange(ports) => {
                rule.selectors.source_ports = Some(range(ports));
            }
            RuleAttribute::DestinationPortRange(ports) => {
                rule.selectors.destination_ports = Some(range(ports));
            }
            // What every rule has, and where it comes from.
            RuleAttribute::SuppressPrefixLen(NO_SUPPRESSION)
            | RuleAttribute::SuppressIfGroup(NO_SUPPRESSION)
            | RuleAttribute::Protocol(_) => {}
            RuleAttribute::SuppressPrefixLen(length) => {
                rule.selectors.suppress_prefix_length = Some(*length);
            }
            RuleAttribute::Other(other) if PORT_MASKS.contains(&other.kind()) => {
                is_whole &= is_whole_port(other);
            }
            _ => is_whole = false,
        }
    }
    if mask != 0 {
        rule.selectors.mark = Some(mark);
        rule.selectors.mask = (mask != WHOLE_MARK).then_some(mask);
    }
    ListedRule { rule, is_whole }
}

/// Whether all bits of a port are compared.
fn is_whole_port(mask: &DefaultNla) -> bool {
    let mut value = [0; 2];
    mask.value_len() == value.len() && {
        mask.emit_value(&mut value);
        u16::from_ne_bytes(value) == u16::MAX
    }
}

#[cfg(test)]
mod tests;
