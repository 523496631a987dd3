//! How an interface is routed: its rules, the routes of its table, and what is known of its gateways.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb::kernel::link::Link;
use plumb::kernel::route::Route;
use plumb::kernel::rule::{ListedRule, Rule};

use super::interfaces::Sources;
use super::model::{self, Difference};
use super::namespace::SHOWN;
use super::places::{is_lost, merged};
use super::recorded::Recorded;

/// The rules of the record, and those of the pod which select what has the interface's addresses.
pub fn rules(
    sources: &Sources<'_>,
    recorded: &Recorded,
    addresses: &[model::Address],
    differences: &mut Vec<Difference>,
) -> Vec<model::Rule> {
    let is_from = |rule: &Rule| {
        let selects = |source: IpNetwork| {
            let mut own = addresses.iter().map(|one| one.address.ip());
            source.prefix() > 0 && own.any(|address| source.contains(address))
        };
        rule.source.is_some_and(selects)
    };
    let is_same = |one: &ListedRule, other: &ListedRule| {
        let priorities = (one.rule.priority, other.rule.priority);
        one.is_whole == other.is_whole
            && one.rule.is_like(&other.rule)
            && (priorities.0 == priorities.1 || priorities.0.is_none() || priorities.1.is_none())
    };
    let expected: Vec<_> = recorded
        .rules
        .iter()
        .map(|rule| ListedRule {
            rule: rule.clone(),
            is_whole: true,
        })
        .collect();
    let present = sources.namespace.map(|namespace| {
        let rules = namespace.rules.iter();
        let own = rules.filter(|listed| {
            is_from(&listed.rule) || expected.iter().any(|one| is_same(one, listed))
        });
        own.cloned().collect::<Vec<_>>()
    });
    merged(&expected, present.as_deref(), is_same)
        .into_iter()
        .map(|(ListedRule { rule, is_whole }, places)| {
            let priority = rule.priority;
            let mut text = Rule {
                priority: None,
                ..rule.clone()
            }
            .to_string();
            if !is_whole {
                text += ", and selects by more than addresses";
            }
            let named = match priority {
                Some(priority) => format!("rule {priority}: {text}"),
                None => format!("rule {text}"),
            };
            if is_lost(places) {
                differences.push(Difference::in_pod(named, "no such rule"));
            } else if !places.recorded && recorded.table.is_some() {
                differences.push(Difference::in_pod("nothing of it", named));
            }
            model::Rule {
                priority,
                text,
                table: rule.table,
                places,
            }
        })
        .collect()
}

/// The routes of the interface's own table. Of the main table only those are compared that are lost.
pub fn routes(
    sources: &Sources<'_>,
    recorded: &Recorded,
    link: Option<&Link>,
    table: Option<u32>,
    differences: &mut Vec<Difference>,
) -> Vec<model::Route> {
    let present = sources
        .namespace
        .map(|namespace| link.map_or_else(Vec::new, |link| namespace.routes(link.index)));
    let table_of = |route: &Route| route.table.filter(|_| route.has_own_table());
    let merged = merged(&recorded.routes, present.as_deref(), |one, other| {
        one.destination == other.destination
            && one.gateway == other.gateway
            && table_of(one) == table_of(other)
    });
    let mut routes = Vec::new();
    for (route, places) in merged {
        if is_lost(places) {
            let (place, excuse) = match (route.has_own_table(), route.is_default()) {
                (true, _) => ("", ""),
                (false, false) => (" of the main table", ""),
                (false, true) => (
                    " of the main table",
                    ", which Multus takes where another network of the pod is to have it",
                ),
            };
            differences.push(Difference::in_pod(
                format!("route {route}{place}"),
                format!("no such route{excuse}"),
            ));
        }
        if route.has_own_table() && route.table == table {
            routes.push(model::Route {
                text: route.to_string(),
                places,
            });
        }
    }
    routes
}

/// The next hops of the recorded routes and of those that the pod has by the interface.
pub fn gateways(
    sources: &Sources<'_>,
    recorded: &Recorded,
    link: Option<&Link>,
    problems: &mut Vec<String>,
) -> Vec<model::Gateway> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    let present = match (sources.namespace, link) {
        (Some(namespace), Some(link)) => namespace.routes(link.index),
        _ => Vec::new(),
    };
    for gateway in recorded.routes.iter().chain(&present) {
        if let Some(gateway) = gateway.gateway
            && !addresses.contains(&gateway)
            && addresses.len() < SHOWN
        {
            addresses.push(gateway);
        }
    }
    let gateway = |address| match (sources.namespace, link) {
        (Some(namespace), Some(link)) => namespace.gateway(link.index, address, problems),
        _ => model::Gateway {
            address,
            state: None,
            mac: None,
        },
    };
    addresses.into_iter().map(gateway).collect()
}
