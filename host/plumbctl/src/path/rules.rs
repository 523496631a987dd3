//! Which rule has decided: the kernel says the table that a route is in, and its list of rules says who looked there.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb::kernel::rule::{ListedRule, Refusal, Rule};

/// The rules of a pod.
pub struct Rules {
    /// Those that look a table up, in the kernel's order.
    pub lookups: Vec<ListedRule>,
    /// Those that refuse, in the kernel's order.
    pub refusals: Vec<(Refusal, ListedRule)>,
}

impl Rules {
    /// The first rule that selects the packet for the table in which its route was found. Rules that select by more than
    /// addresses, such as marks, select no packet that has none; only where no other leads there it is one of them.
    pub fn deciding(&self, table: u32, to: IpAddr, from: Option<IpAddr>) -> Option<&ListedRule> {
        let leads_there =
            |listed: &&ListedRule| listed.rule.table == table && selects(&listed.rule, to, from);
        let mut candidates = self.lookups.iter().filter(leads_there);
        candidates
            .clone()
            .find(|listed| is_by_addresses(listed))
            .or_else(|| candidates.next())
    }

    /// The first rule that refuses the packet.
    pub fn refusing(&self, to: IpAddr, from: Option<IpAddr>) -> Option<&(Refusal, ListedRule)> {
        let mut rules = self.refusals.iter();
        rules.find(|(_, listed)| is_by_addresses(listed) && selects(&listed.rule, to, from))
    }

    /// The tables that are looked up for a packet, in order.
    pub fn tables(&self, to: IpAddr, from: Option<IpAddr>) -> Vec<u32> {
        let own = self.lookups.iter();
        let own = own.filter(|listed| is_by_addresses(listed) && selects(&listed.rule, to, from));
        own.map(|listed| listed.rule.table).collect()
    }
}

/// Whether a rule selects by nothing but addresses. A packet whose way is asked for has no mark.
fn is_by_addresses(listed: &ListedRule) -> bool {
    listed.is_whole && listed.rule.selectors.is_empty()
}

/// Whether a rule's networks select a packet. A packet without a source has none of a network (`fib_rule_match`).
fn selects(rule: &Rule, to: IpAddr, from: Option<IpAddr>) -> bool {
    let has = |network: Option<IpNetwork>, address: Option<IpAddr>| match (network, address) {
        (None, _) => true,
        (Some(network), Some(address)) => network.contains(address),
        (Some(network), None) => network.prefix() == 0,
    };
    rule.is_ipv6() == to.is_ipv6() && has(rule.source, from) && has(rule.destination, Some(to))
}

/// `rule 32765: from 172.16.11.10`, as ip-rule(8) says it.
pub fn text(listed: &ListedRule) -> String {
    let rule = &listed.rule;
    let named = |network: IpNetwork| {
        let is_host = network.prefix() == if network.is_ipv4() { 32 } else { 128 };
        match is_host {
            true => network.ip().to_string(),
            false => network.to_string(),
        }
    };
    let mut text = format!(
        "rule {}: from {}",
        rule.priority.unwrap_or_default(),
        rule.source.map_or_else(|| "all".to_owned(), named)
    );
    if let Some(to) = rule.destination {
        text += &format!(" to {}", named(to));
    }
    if !is_by_addresses(listed) {
        text += ", and more than addresses";
    }
    text
}

/// `main`, `local` and `default` by their names, others by their numbers.
pub fn table_name(table: u32) -> String {
    match table {
        255 => "local".to_owned(),
        254 => "main".to_owned(),
        253 => "default".to_owned(),
        table => table.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(priority: u32, from: Option<&str>, table: u32, is_whole: bool) -> ListedRule {
        ListedRule {
            rule: Rule {
                is_ipv6: false,
                source: from.and_then(|from| from.parse().ok()),
                table,
                priority: Some(priority),
                ..Rule::default()
            },
            is_whole,
        }
    }

    fn rules() -> Rules {
        Rules {
            lookups: vec![
                listed(0, None, 255, true),
                listed(100, None, 100, false),
                listed(32_765, Some("172.16.11.10/32"), 100, true),
                listed(32_766, None, 254, true),
            ],
            refusals: Vec::new(),
        }
    }

    #[test]
    fn a_rule_for_marked_packets_has_not_decided_for_others() {
        let (to, from) = (
            "172.16.21.7".parse().unwrap(),
            "172.16.11.10".parse().unwrap(),
        );
        let rules = rules();
        let found = rules.deciding(100, to, Some(from)).map(text);
        assert_eq!(found.as_deref(), Some("rule 32765: from 172.16.11.10"));
        // Nobody else can have led there.
        let found = rules.deciding(100, to, None).map(text);
        assert_eq!(
            found.as_deref(),
            Some("rule 100: from all, and more than addresses")
        );
        assert_eq!(rules.tables(to, Some(from)), [255, 100, 254]);
        assert_eq!(rules.tables(to, None), [255, 254]);
    }
}
