//! What there is on a node and in its pod, as lines that two nodes share: rules, routes, permanent neighbours, and ways.

use std::collections::BTreeSet;

use cni_harness::{Pod, ip};
use serde_json::Value;

use super::scene::Scene;

/// What the tables of one side are for.
pub struct Names<'a> {
    /// Number and purpose.
    pub tables: &'a [(&'a str, &'a str)],
}

/// Where packets of the pod go to: outside, to the leaves and behind them, to the cluster, the node, and an address that the
/// node has in the network of the first rail.
const DESTINATIONS: [&str; 9] = [
    "203.0.113.7",
    "172.16.11.254",
    "172.16.11.77",
    "172.16.21.7",
    "172.16.22.7",
    "10.233.0.10",
    "10.244.1.9",
    "192.168.50.1",
    "172.16.11.200",
];

/// Looks at everything.
#[track_caller]
pub fn look(scene: Scene, pod: &Pod, names: &Names<'_>) -> BTreeSet<String> {
    let pair = match scene {
        Scene::Rails(_) => "eth0",
        Scene::First => "veth0",
    };
    let end = end_of(pod, pair);
    let mut lines = BTreeSet::new();
    for (place, namespace) in [("node", None), ("pod", Some(pod.name()))] {
        for line in rules(namespace, names)
            .into_iter()
            .chain(routes(namespace, names))
            .chain(neighbours(namespace))
        {
            lines.insert(format!("{place}: {line}").replace(&end, "END"));
        }
    }
    if scene == Scene::First {
        let container = pod.container();
        let name = match end.trim_start_matches("veth") {
            first if first == &container[..11] => "the first of the container's identifier",
            last if last == &container[container.len() - 11..] => {
                "the last of the container's identifier"
            }
            other => other,
        };
        lines.insert(format!("node: name of END: {name}"));
    }
    lines.extend(ways(scene, pod, &end));
    lines
}

/// The node's end of a pair.
#[track_caller]
pub fn end_of(pod: &Pod, interface: &str) -> String {
    let own = pod.link(interface).expect("the pair is there");
    let is_it = |link: &Value| link["ifindex"] == own["link_index"];
    let links = ip::links(None);
    let end = links
        .iter()
        .find(|link| is_it(link))
        .expect("its other end");
    end["ifname"].as_str().expect("a name").to_owned()
}

/// Rules, with the priorities of those about sources and the numbers of tables as lines of their own.
#[track_caller]
fn rules(namespace: Option<&str>, names: &Names<'_>) -> Vec<String> {
    let (mut lines, mut priorities) = (Vec::new(), BTreeSet::new());
    for rule in ip::json(namespace, "-4 rule show") {
        let (source, number) = (text(&rule["src"]), text(&rule["table"]));
        let table = named(names, number);
        if ["local", "main", "default"].contains(&number) {
            continue;
        }
        let mark = rule["fwmark"].as_str();
        let mark = mark
            .map(|mark| format!(" fwmark {mark}"))
            .unwrap_or_default();
        let priority = match source {
            "all" => format!("{}: ", rule["priority"]),
            _ => {
                priorities.insert(rule["priority"].to_string());
                String::new()
            }
        };
        lines.push(format!("rule {priority}from {source}{mark} lookup {table}"));
        // Of that of the primary interface nothing is known but that it has one.
        if table != number && table != "of eth0" {
            lines.push(format!("number of the table {table}: {number}"));
        }
    }
    if !priorities.is_empty() {
        let priorities: Vec<String> = priorities.into_iter().collect();
        lines.push(format!(
            "priorities of rules for sources: {}",
            priorities.join(" ")
        ));
    }
    lines
}

#[track_caller]
fn routes(namespace: Option<&str>, names: &Names<'_>) -> Vec<String> {
    let routes = ip::json(namespace, "-4 route show table all").into_iter();
    routes
        .filter(|route| route["table"] != "local")
        .map(|route| {
            let table = named(names, route["table"].as_str().unwrap_or("main"));
            let mut line = format!("route in table {table}: {}", text(&route["dst"]));
            for (word, key) in [
                ("via", "gateway"),
                ("dev", "dev"),
                ("src", "prefsrc"),
                ("metric", "metric"),
            ] {
                match &route[key] {
                    Value::Null => {}
                    Value::String(value) => line += &format!(" {word} {value}"),
                    value => line += &format!(" {word} {value}"),
                }
            }
            line
        })
        .collect()
}

#[track_caller]
fn neighbours(namespace: Option<&str>) -> Vec<String> {
    let neighbours = ip::json(namespace, "-4 neighbour show nud permanent").into_iter();
    neighbours
        .map(|one| {
            format!(
                "permanent neighbour {} dev {}",
                text(&one["dst"]),
                text(&one["dev"])
            )
        })
        .collect()
}

/// The interface that a packet takes, from each source that it can have.
#[track_caller]
fn ways(scene: Scene, pod: &Pod, end: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut sources = vec![String::new()];
    if scene != Scene::First {
        sources.push(" from 10.244.0.5".to_owned());
    }
    sources.extend((1..=scene.rails()).map(|rail| format!(" from 172.16.1{rail}.10")));
    for destination in DESTINATIONS {
        for source in &sources {
            let way = way(Some(pod), &format!("{destination}{source}"));
            lines.push(format!("pod: way to {destination}{source}: {way}"));
        }
    }
    if scene == Scene::First {
        let way = way(Some(pod), "203.0.113.7 from 172.16.11.10 mark 1");
        lines.push(format!("pod: way of an answer to 203.0.113.7: {way}"));
    }
    for rail in 1..=scene.rails() {
        let way = way(None, &format!("172.16.1{rail}.10")).replace(end, "END");
        lines.push(format!("node: way to 172.16.1{rail}.10: {way}"));
    }
    lines
}

#[track_caller]
fn way(pod: Option<&Pod>, question: &str) -> String {
    let found = ip::json(pod.map(Pod::name), &format!("route get {question}"));
    text(&found[0]["dev"]).to_owned()
}

fn named<'a>(names: &Names<'a>, number: &'a str) -> &'a str {
    let known = names.tables.iter().find(|(table, _)| *table == number);
    known.map_or(number, |(_, purpose)| purpose)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}
