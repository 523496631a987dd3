//! A pod as a tree of lines, for people.

use plumb_values::text::printable;

use super::model::{Function, Interface, Link, NetnsState, Parent, Places, Shown};

/// The whole tree, with a line's end.
pub fn tree(shown: &Shown) -> String {
    let mut tree = format!(
        "{}\n",
        printable(
            &format!(
                "{}  container {}  netns {}",
                shown.title(),
                shown.container_id,
                shown.netns
            ),
            false
        )
    );
    let mut branches: Vec<(String, Vec<String>)> = Vec::new();
    if let Some(words) = state(shown.netns_state) {
        branches.push((format!("! {words}"), Vec::new()));
    }
    for interface in &shown.interfaces {
        branches.push((head(interface), lines(interface)));
    }
    for problem in &shown.problems {
        branches.push((format!("! {problem}"), Vec::new()));
    }
    let count = branches.len();
    for (number, (head, lines)) in branches.into_iter().enumerate() {
        let (branch, below) = marks(number + 1 == count);
        tree += &format!("{branch}{}\n", printable(&head, false));
        let last = lines.len();
        for (number, line) in lines.iter().enumerate() {
            let (branch, _) = marks(number + 1 == last);
            tree += &format!("{below}{branch}{}\n", printable(line, false));
        }
    }
    tree
}

fn marks(is_last: bool) -> (&'static str, &'static str) {
    match is_last {
        true => ("└─ ", "   "),
        false => ("├─ ", "│  "),
    }
}

/// What is to be known before the rest is read.
pub fn state(state: NetnsState) -> Option<&'static str> {
    match state {
        NetnsState::Present => None,
        NetnsState::Gone => Some(
            "its network namespace is gone: this is what the record holds, until a DEL or a GC",
        ),
        NetnsState::Kept => Some(
            "somebody keeps its network namespace where no way leads to it: this is what the record holds",
        ),
    }
}

fn head(interface: &Interface) -> String {
    let mut parts = vec![interface.name.clone()];
    parts.extend(interface.flavour.clone());
    match &interface.link {
        Some(link) => {
            if interface.flavour.is_none() {
                parts.push(link.kind.clone().unwrap_or_else(|| "hardware".to_owned()));
            }
            parts.push(condition(link));
            parts.push(format!("mtu {}", link.mtu));
            parts.push(link.mac.clone());
        }
        None => parts.push("not in the pod".to_owned()),
    }
    parts.retain(|part| !part.is_empty());
    parts.join("  ")
}

fn condition(link: &Link) -> String {
    match (link.up, link.carrier) {
        (true, true) => "up, carrier".to_owned(),
        (true, false) => "up, NO CARRIER".to_owned(),
        (false, _) => "DOWN".to_owned(),
    }
}

fn lines(interface: &Interface) -> Vec<String> {
    let mut lines = Vec::new();
    for attachment in &interface.attachments {
        let plugin = match &attachment.plugin {
            Some(plugin) => format!(" (plugin {plugin})"),
            None => String::new(),
        };
        lines.push(format!(
            "network {}{plugin}: {}, since {}",
            attachment.network, attachment.condition, attachment.since
        ));
    }
    if interface.attachments.is_empty() {
        lines.push("another plugin's: plumb has no attachment of it".to_owned());
    }
    let is_ours = interface.addresses.iter().any(|one| one.places.recorded);
    for one in &interface.addresses {
        let mut line = format!("address {}", one.address);
        if let Some(pool) = &one.pool {
            line += &format!("  pool {pool}");
        }
        if let Some(plugin) = &one.ipam_plugin {
            line += &format!("  by ipam plugin {plugin}");
        }
        // What another plugin gave is in no record, nor is what the kernel makes.
        let is_link_local = one.address.ip().to_string().starts_with("fe80:");
        lines.push(line + mark(one.places, is_ours && !is_link_local));
    }
    if let Some(table) = interface.table {
        lines.push(format!("table {table}"));
    }
    for route in &interface.routes {
        lines.push(format!("route {}{}", route.text, mark(route.places, false)));
    }
    let has_table = interface.rules.iter().any(|rule| rule.places.recorded);
    for rule in &interface.rules {
        let priority = rule.priority.unwrap_or_default();
        lines.push(format!(
            "rule {priority}: {}{}",
            rule.text,
            mark(rule.places, has_table)
        ));
    }
    for gateway in &interface.gateways {
        let mut line = format!("gateway {}", gateway.address);
        if let Some(state) = &gateway.state {
            line += &format!("  {state}");
        }
        if let Some(mac) = &gateway.mac {
            line += &format!(" at {mac}");
        }
        lines.push(line);
    }
    lines.extend(interface.parent.as_ref().map(parent));
    lines.extend(interface.function.as_ref().map(function));
    if let Some(guid) = &interface.guid {
        lines.push(format!("guid {guid}"));
    }
    if let Some(key) = &interface.partition_key {
        lines.push(format!("partition {key}"));
    }
    for sysctl in &interface.sysctls {
        lines.push(format!("sysctl {} = {}", sysctl.name, sysctl.value));
    }
    lines.extend(interface.differences.iter().map(|one| format!("! {one}")));
    lines
}

fn mark(places: Places, others_are_recorded: bool) -> &'static str {
    match places {
        Places {
            in_pod: Some(false),
            ..
        } => "  NOT IN THE POD",
        Places {
            recorded: false, ..
        } if others_are_recorded => "  not in the record",
        _ => "",
    }
}

/// The link below an interface, in one line.
pub fn parent(parent: &Parent) -> String {
    let place = if parent.in_pod { " in the pod" } else { "" };
    let mut line = format!("parent {}{place}", parent.name);
    match &parent.link {
        Some(link) => line += &format!("  {}  mtu {}", condition(link), link.mtu),
        None => line += "  GONE",
    }
    if let Some(speed) = parent.speed {
        line += &format!("  {speed} Mbit/s");
    }
    for carrier in &parent.carriers {
        line += &format!("  on {carrier}");
    }
    line
}

/// The PCI function with what belongs to it, in one line.
pub fn function(function: &Function) -> String {
    let mut parts = vec![format!("PCI function {}", function.address)];
    if !function.present {
        parts.push("NOT ON THE NODE".to_owned());
    }
    if let (Some(physical), Some(number)) = (&function.physical_function, function.number) {
        parts.push(format!("virtual function {number} of {physical}"));
    }
    if function.present {
        let driver = function.driver.as_deref().unwrap_or("none");
        parts.push(format!("driver {driver}"));
    }
    for device in &function.rdma_devices {
        let place = if device.in_pod { " in the pod" } else { "" };
        parts.push(format!("RDMA device {}{place}", device.name));
    }
    if let Some(node) = function.numa_node {
        parts.push(format!("NUMA node {node}"));
    }
    parts.join("  ")
}

#[cfg(test)]
mod tests;
