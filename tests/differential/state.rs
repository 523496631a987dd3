//! What the kernel has and what lies on the disk, as lines that two nodes share.
//!
//! Nothing here is chosen by what a plugin is known to set: all that ip(8) shows of links,
//! addresses, routes, rules and permanent neighbours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use cni_harness::node::{SCRATCH, files_below};
use cni_harness::{Pod, ip, wait};
use plumb_tests::state::{STATE_FOLDER, records};
use serde_json::Value;

/// What describes a link by numbers that differ from node to node, or by what comes
/// and goes with the carrier.
const VOLATILE: [&str; 6] = [
    "ifindex",
    "link_index",
    "link_netnsid",
    "operstate",
    "ifname",
    "addr_info",
];

/// Flags of a link that come and go with the carrier.
const CARRIER: [&str; 2] = ["LOWER_UP", "NO-CARRIER"];

/// A node with one pod at one moment.
pub struct State {
    /// Links, addresses, routes, rules, neighbours and files, by name.
    objects: BTreeSet<String>,
    /// What they are like, by key.
    details: BTreeMap<String, String>,
}

impl State {
    /// Looks at the node and at the pod; only at the node when the pod has gone.
    #[track_caller]
    pub fn look(cards: &Cards, pod: Option<&Pod>) -> Self {
        let mut state = Self {
            objects: BTreeSet::new(),
            details: BTreeMap::new(),
        };
        state.look_into("node", None, cards);
        if let Some(pod) = pod {
            state.look_into("pod", Some(pod.name()), cards);
        }
        state.look_at_files();
        state
    }

    /// The same without the pod.
    pub fn of_node(mut self) -> Self {
        self.objects.retain(|object| !object.starts_with("pod: "));
        self.details.retain(|key, _| !key.starts_with("pod: "));
        self
    }

    /// All that is other than it was `before`, with its value.
    pub fn changes_since(&self, before: &Self) -> BTreeMap<String, String> {
        let mut changes: BTreeMap<String, String> = self
            .details
            .iter()
            .filter(|(key, value)| before.details.get(*key) != Some(*value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        for object in self.objects.difference(&before.objects) {
            changes.insert(object.clone(), "there".into());
        }
        for object in before.objects.difference(&self.objects) {
            changes.insert(object.clone(), "gone".into());
        }
        changes
    }

    /// As [`Self::changes_since`], without the details of what is new, and without the
    /// addresses and routes of a link that is.
    pub fn left_since(&self, before: &Self) -> BTreeMap<String, String> {
        let mut left = self.changes_since(before);
        let links: Vec<String> = left
            .iter()
            .filter(|(key, value)| key.contains(": link ") && *value == "there")
            .filter_map(|(key, _)| key.split(' ').next_back().map(str::to_owned))
            .collect();
        let is_of_new_link = |key: &str| {
            links.iter().any(|link| {
                key.contains(&format!("\"dev\":\"{link}\""))
                    || key.contains(&format!(": address {link} "))
            })
        };
        left.retain(|key, value| {
            if key.contains(": order of ") {
                return !links
                    .iter()
                    .any(|link| value.contains(&format!("by {link}")));
            }
            let is_detail = !self.objects.contains(key) && !before.objects.contains(key);
            !is_of_new_link(key) && (!is_detail || before.details.contains_key(key))
        });
        left
    }

    #[track_caller]
    fn look_into(&mut self, place: &str, namespace: Option<&str>, cards: &Cards) {
        let mut shown = Vec::new();
        wait::until(
            "each IPv6 address of a link that is up has its local route",
            || {
                shown = ip::json_of_each(
                    namespace,
                    &["-d"],
                    &[
                        "address show",
                        "route show table all",
                        "rule show",
                        "neighbour show nud permanent",
                    ],
                );
                has_local_routes(&shown[0], &shown[1])
            },
        );
        for link in &shown[0] {
            self.look_at_link(place, link, cards);
        }
        self.look_at_orders(place, &shown[1]);
        for (what, records) in [
            ("route", &shown[1]),
            ("rule", &shown[2]),
            ("neighbour", &shown[3]),
        ] {
            self.insert_records(&format!("{place}: {what}"), records);
        }
        // ip(8) shows IPv4 rules only, unless it is asked for the others alone; the node's
        // IPv6 rules are nobody's business here.
        if namespace.is_some() {
            let rules = ip::json_of_each(namespace, &["-d", "-6"], &["rule show"]);
            self.insert_records(&format!("{place}: IPv6 rule"), &rules[0]);
        }
    }

    fn insert_records(&mut self, what: &str, records: &[Value]) {
        for record in records {
            if is_kernels_own(text(&record["dst"])) {
                continue;
            }
            let mut record = record.clone();
            // `linkdown` comes and goes with the carrier.
            record["flags"] = Value::Null;
            self.objects.insert(format!("{what} {record}"));
        }
    }

    /// Of routes that lead to one network by one metric the first is taken.
    fn look_at_orders(&mut self, place: &str, routes: &[Value]) {
        let mut orders: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for route in routes {
            let destination = text(&route["dst"]);
            if is_kernels_own(destination) || destination.starts_with("ff00:") {
                continue;
            }
            let family = if route["pref"].is_null() {
                "IPv4"
            } else {
                "IPv6"
            };
            let key = format!(
                "{place}: order of {family} routes to {destination}, metric {}, table {}",
                route["metric"], route["table"]
            );
            let hops = route["nexthops"].as_array();
            let hops = hops.map_or(std::slice::from_ref(route), Vec::as_slice);
            let hop = |hop: &Value| format!("{} by {}", text(&hop["gateway"]), text(&hop["dev"]));
            orders.entry(key).or_default().extend(hops.iter().map(hop));
        }
        orders.retain(|_, order| order.len() > 1);
        let lines = orders.into_iter();
        self.details
            .extend(lines.map(|(key, order)| (key, order.join(", "))));
    }

    fn look_at_link(&mut self, place: &str, link: &Value, cards: &Cards) {
        let name = text(&link["ifname"]);
        self.objects.insert(format!("{place}: link {name}"));
        for address in link["addr_info"].as_array().into_iter().flatten() {
            let local = text(&address["local"]);
            if is_kernels_own(local) {
                continue;
            }
            let key = format!("{place}: address {name} {local}/{}", address["prefixlen"]);
            self.insert_details(&key, address);
            self.objects.insert(key);
        }
        let mut link = link.clone();
        link["address"] = cards.whose(text(&link["address"])).into();
        if let Some(flags) = link["flags"].as_array_mut() {
            flags.retain(|flag| !CARRIER.contains(&text(flag)));
        }
        if let Some(keys) = link.as_object_mut() {
            keys.retain(|key, _| !VOLATILE.contains(&key.as_str()));
        }
        self.insert_details(&format!("{place}: link {name}"), &link);
    }

    /// The members of an object, those of objects in it too.
    fn insert_details(&mut self, path: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                // Timers of a bridge run.
                let stands = |key: &str| !key.ends_with("_timer");
                for (key, value) in members.iter().filter(|(key, _)| stands(key)) {
                    self.insert_details(&format!("{path} {key}"), value);
                }
            }
            Value::String(text) => drop(self.details.insert(path.to_owned(), text.clone())),
            other => drop(self.details.insert(path.to_owned(), other.to_string())),
        }
    }

    fn look_at_files(&mut self) {
        for root in ["/run", "/var/lib"] {
            for path in files_below(Path::new(root)) {
                if !counts(&path) {
                    continue;
                }
                let key = format!("file {}", path.display());
                let bytes = fs::read(&path).unwrap_or_default();
                self.details.insert(
                    format!("{key} content"),
                    String::from_utf8_lossy(&bytes).into_owned(),
                );
                self.objects.insert(key);
            }
        }
        for _ in records() {
            self.objects.insert("record of plumb".into());
        }
    }
}

/// Not the harness's own files, not what plumb keeps for itself (its records are counted),
/// and not what host-local leaves by design: its lock and the last address.
fn counts(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_host_locals = path.starts_with("/var/lib/cni/networks")
        && (name == "lock" || name.starts_with("last_reserved_ip."));
    let is_another = [SCRATCH, "/run/netns", STATE_FOLDER]
        .iter()
        .any(|folder| path.starts_with(folder));
    !is_host_locals && !is_another
}

/// The hardware addresses of the node's cards, which are other ones on every node.
pub struct Cards(BTreeMap<String, String>);

impl Cards {
    /// Reads them.
    #[track_caller]
    pub fn look() -> Self {
        let links = ip::links(None);
        Self(
            links
                .iter()
                .filter(|link| text(&link["ifname"]).starts_with("nic"))
                .map(|link| {
                    let name = format!("that of {}", text(&link["ifname"]));
                    (text(&link["address"]).to_owned(), name)
                })
                .collect(),
        )
    }

    /// Where an address comes from. Those that a test asks for begin with 02:00:00.
    pub fn whose(&self, address: &str) -> String {
        if let Some(card) = self.0.get(address) {
            return card.clone();
        }
        let first = address
            .get(..2)
            .and_then(|byte| u8::from_str_radix(byte, 16).ok());
        let is_asked_for = address.starts_with("02:00:00") || address.starts_with("00:00:00");
        match first {
            Some(byte) if byte & 3 == 2 && !is_asked_for => "a random one".into(),
            _ => address.to_owned(),
        }
    }
}

/// Whether each IPv6 address of a link that is up has its route in the local table. The kernel
/// enters it a moment after it has confirmed the address (`addrconf_dad_work`, net/ipv6/addrconf.c).
fn has_local_routes(links: &[Value], routes: &[Value]) -> bool {
    let is_up = |link: &&Value| {
        let mut flags = link["flags"].as_array().into_iter().flatten();
        flags.any(|flag| flag == "UP")
    };
    let addresses = |link: &Value| link["addr_info"].as_array().cloned().unwrap_or_default();
    links
        .iter()
        .filter(is_up)
        .flat_map(addresses)
        .all(|address| {
            let is_its_own =
                |route: &Value| route["dst"] == address["local"] && route["type"] == "local";
            address["family"] != "inet6"
                || is_kernels_own(text(&address["local"]))
                || routes.iter().any(is_its_own)
        })
}

/// The link-local and multicast addresses and routes that the kernel makes for every
/// link some time after it has carrier.
fn is_kernels_own(address: &str) -> bool {
    address.starts_with("fe80:") || address.starts_with("ff00:")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
