//! The interfaces of a pod: what the record says of each beside what the kernel has.

use std::collections::BTreeMap;

use plumb::facts::Facts;
use plumb::kernel::link::Link;
use plumb::kernel::{RouteSocket, sysctl};
use plumb::leases::Lease;
use plumb::operations::Record;

use super::addresses::addresses;
use super::compare_link::compare_link;
use super::function::{function, uplink};
use super::model::{self, Attachment, Difference, Interface, Sysctl};
use super::namespace::{Namespace, SHOWN, noted};
use super::parent::parent;
use super::recorded::Recorded;
use super::routing::{gateways, routes, rules};
use crate::attachments::{condition, since};

/// Where it is known from.
pub struct Sources<'a> {
    /// The pod's records.
    pub records: &'a [Record],
    /// The same by interface.
    pub recorded: &'a BTreeMap<String, Recorded>,
    /// None when the pod's namespace is gone.
    pub namespace: Option<&'a Namespace<'a>>,
    /// A socket of the node.
    pub host: &'a RouteSocket,
    /// The devices of node and pod.
    pub facts: &'a dyn Facts,
    /// None when the store does not say.
    pub leases: Option<&'a [Lease]>,
}

/// All interfaces: those of the kernel in its order, then those that only the record knows.
pub fn interfaces(sources: &Sources<'_>, problems: &mut Vec<String>) -> Vec<Interface> {
    let none = Recorded::default();
    let links = sources
        .namespace
        .map_or(&[][..], |namespace| &namespace.links);
    let mut interfaces = Vec::new();
    let mut shown: Vec<&str> = Vec::new();
    let mut hidden = 0;
    for link in links {
        match sources.recorded_of(link, links) {
            Some((name, recorded)) => {
                shown.push(name);
                interfaces.push(interface(sources, name, recorded, Some(link), problems));
            }
            None if interfaces.len() >= SHOWN => hidden += 1,
            None => interfaces.push(interface(sources, &link.name, &none, Some(link), problems)),
        }
    }
    if hidden > 0 {
        problems.push(format!(
            "the pod has {hidden} more interfaces, of which no record speaks"
        ));
    }
    for (name, recorded) in sources.recorded {
        if !shown.contains(&name.as_str()) {
            interfaces.push(interface(sources, name, recorded, None, problems));
        }
    }
    interfaces
}

impl<'a> Sources<'a> {
    /// What is recorded of a link: by its name; else by its index, kind and parent, which root in the pod cannot change.
    fn recorded_of(&self, link: &Link, links: &[Link]) -> Option<(&'a str, &'a Recorded)> {
        let by_name = self.recorded.get_key_value(&link.name);
        let is_renamed = |(name, recorded): &(&String, &Recorded)| {
            recorded.index == Some(link.index)
                && recorded.kind.is_some()
                && recorded.kind == link.kind.as_deref()
                && recorded.below == link.parent
                && !links.iter().any(|other| other.name == **name)
        };
        let found = by_name.or_else(|| self.recorded.iter().find(is_renamed));
        found.map(|(name, recorded)| (name.as_str(), recorded))
    }
}

fn interface(
    sources: &Sources<'_>,
    name: &str,
    recorded: &Recorded,
    link: Option<&Link>,
    problems: &mut Vec<String>,
) -> Interface {
    let mut differences = Vec::new();
    if let Some(namespace) = sources.namespace {
        compare_link(name, recorded, link, namespace, &mut differences);
    }
    let parent = parent(
        recorded,
        link,
        sources
            .namespace
            .map_or(&[][..], |namespace| &namespace.links),
        sources.host,
        sources.facts,
        &mut differences,
    );
    let parent = noted(problems, parent);
    let function = function(
        recorded,
        link.map(|link| link.name.as_str()),
        parent.as_ref(),
        sources.facts,
        &mut differences,
    );
    let function = function.unwrap_or_else(|error| {
        problems.push(error.to_string());
        None
    });
    let parent = match (parent, &function) {
        (None, Some(function)) => uplink(function, sources.facts).unwrap_or_else(|error| {
            problems.push(error.to_string());
            None
        }),
        (parent, _) => parent,
    };
    let addresses = addresses(sources, recorded, link, &mut differences);
    let rules = rules(sources, recorded, &addresses, &mut differences);
    let table = recorded.table.or_else(|| {
        // The primary interface of a pod whose record is lost, for one.
        let of_its_own = rules.iter().filter(|rule| !is_of_the_kernel(rule.table));
        of_its_own.map(|rule| rule.table).next()
    });
    let routes = routes(sources, recorded, link, table, &mut differences);
    let key = link
        .and_then(|link| link.partition_key)
        .or(recorded.partition_key);
    for step in &recorded.unfinished {
        problems.push(format!("{name}: the step {step}"));
    }
    Interface {
        name: name.to_owned(),
        attachments: attachments(sources.records, recorded),
        flavour: recorded.flavour.clone(),
        link: link.map(model::Link::from),
        gateways: gateways(sources, recorded, link, problems),
        sysctls: sysctls(sources, name, recorded, link, &mut differences, problems),
        addresses,
        table,
        routes,
        rules,
        parent,
        function,
        guid: link
            .and_then(|link| link.mac.port_guid())
            .map(|guid| guid.to_string()),
        partition_key: key.map(|key| format!("{key:#06x}")),
        differences,
    }
}

/// `main`, `local` and `default`.
fn is_of_the_kernel(table: u32) -> bool {
    (253..=255).contains(&table)
}

fn attachments(records: &[Record], recorded: &Recorded) -> Vec<Attachment> {
    let own = records
        .iter()
        .filter(|record| recorded.owners.contains(&record.header.attachment));
    own.map(|record| Attachment {
        network: record.header.attachment.network.clone(),
        plugin: record.header.attachment.plugin.clone(),
        condition: condition(record).to_owned(),
        since: since(record),
    })
    .collect()
}

fn sysctls(
    sources: &Sources<'_>,
    name: &str,
    recorded: &Recorded,
    link: Option<&Link>,
    differences: &mut Vec<Difference>,
    problems: &mut Vec<String>,
) -> Vec<Sysctl> {
    let mut sysctls = Vec::new();
    for set in &recorded.sysctls {
        // Of one that the kernel does not have nothing was set.
        if set.before.is_none() {
            continue;
        }
        let now = match (sources.namespace, link) {
            (Some(namespace), Some(link)) => noted(
                problems,
                sysctl::read(namespace.netns, &set.family, &link.name, &set.name),
            ),
            _ => None,
        };
        let full = format!("net.{}.conf.{name}.{}", set.family, set.name);
        if let Some(now) = now.as_ref().filter(|now| **now != set.value) {
            differences.push(Difference::in_pod(
                format!("{full} = {}", set.value),
                now.clone(),
            ));
        }
        sysctls.push(Sysctl {
            name: full,
            value: set.value.clone(),
            now,
        });
    }
    sysctls
}
