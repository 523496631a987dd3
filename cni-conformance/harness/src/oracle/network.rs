//! Links, addresses, routes, rules and permanent neighbours of the node and its pods.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::ip;

/// Names of the network namespaces that exist now.
pub(super) fn pods() -> Vec<String> {
    let folder = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    let mut names: Vec<String> = folder
        .filter(|entry| is_namespace(&entry.path()))
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Whether a line is about the node, or one of these pods.
pub(super) fn is_of_existing_namespace(line: &str, pods: &[String]) -> bool {
    match line
        .strip_prefix("pod ")
        .and_then(|rest| rest.split(':').next())
    {
        Some(pod) => pods.iter().any(|name| name == pod),
        None => true,
    }
}

#[track_caller]
pub(super) fn look(lines: &mut BTreeSet<String>) {
    look_into(None, lines);
    for pod in pods() {
        look_into(Some(&pod), lines);
    }
}

#[track_caller]
fn look_into(namespace: Option<&str>, lines: &mut BTreeSet<String>) {
    let place = match namespace {
        Some(pod) => format!("pod {pod}"),
        None => "node".to_owned(),
    };
    // The oracle looks often, and starting ip(8) is most of what that costs. Routes of both
    // families come in one list, rules only of the family that is asked for.
    let commands = [
        "address show",
        "neighbour show nud permanent",
        "route show table all",
        "rule show",
    ];
    let found = ip::json_of_each(namespace, &["-d"], &commands);
    let [links, neighbours, routes, rules]: [Vec<Value>; 4] =
        found.try_into().expect("an answer to each command");
    let rules_of_ipv6 = ip::json(namespace, "-6 rule show");
    for link in &links {
        let name = text(&link["ifname"]);
        lines.insert(format!("{place}: link {name} {}", link_line(link)));
        let addresses = link["addr_info"].as_array().into_iter().flatten();
        for address in addresses.filter(|address| !is_kernels_own(text(&address["local"]))) {
            lines.insert(format!(
                "{place}: address {name} {}/{}",
                text(&address["local"]),
                address["prefixlen"]
            ));
        }
    }
    look_at_records(&place, "neighbour", neighbours, lines);
    look_at_records(&place, "route", routes, lines);
    look_at_records(&place, "4 rule", rules, lines);
    look_at_records(&place, "6 rule", rules_of_ipv6, lines);
}

fn look_at_records(place: &str, what: &str, records: Vec<Value>, lines: &mut BTreeSet<String>) {
    for mut record in records {
        if is_kernels_own(text(&record["dst"])) {
            continue;
        }
        // `linkdown` comes and goes with the carrier.
        record["flags"] = Value::Null;
        lines.insert(format!("{place}: {what} {record}"));
    }
}

/// What a plugin decides about a link; not what comes and goes with the carrier.
fn link_line(link: &Value) -> String {
    let flags = link["flags"].as_array().into_iter().flatten();
    let up = flags.into_iter().any(|flag| flag == "UP");
    let mut detail = link["linkinfo"].clone();
    if let Some(data) = detail["info_data"].as_object_mut() {
        // A bridge's timers run.
        data.retain(|key, _| !key.ends_with("_timer"));
    }
    format!(
        "kind={} mac={} mtu={} alias={} parent={} up={up} promiscuity={} master={} info={}",
        text(&detail["info_kind"]),
        text(&link["address"]),
        link["mtu"],
        text(&link["ifalias"]),
        text(&link["link"]),
        link["promiscuity"],
        text(&link["master"]),
        detail["info_data"],
    )
}

/// The link-local and multicast addresses and routes that the kernel makes for every
/// link some time after it has carrier.
fn is_kernels_own(address: &str) -> bool {
    address.starts_with("fe80:") || address.starts_with("ff00:")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

fn is_namespace(path: &std::path::Path) -> bool {
    const NSFS_MAGIC: nix::sys::statfs::FsType = nix::sys::statfs::FsType(0x6e73_6673);
    nix::sys::statfs::statfs(path).is_ok_and(|status| status.filesystem_type() == NSFS_MAGIC)
}
