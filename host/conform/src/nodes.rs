//! The nodes that matter, which are the examples of `docs/facts.md`, and what may be odd about a node.

mod odd;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Trial;

pub use odd::{ODDITIES, Oddity};

/// A described node.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Short name.
    pub name: &'static str,
    /// What it is like.
    pub title: &'static str,
    text: &'static str,
}

macro_rules! nodes {
    ($($name:literal: $title:literal),+ $(,)?) => {
        [$(Node {
            name: $name,
            title: $title,
            text: include_str!(concat!("../../../docs/examples/", $name, ".json")),
        }),+]
    };
}

/// The nodes that matter.
pub const NODES: [Node; 7] = nodes! {
    "roce-shared": "two RoCE adapters, whose RDMA devices all pods share",
    "roce-exclusive": "two RoCE adapters with virtual functions, whose RDMA devices belong to one pod each",
    "infiniband-functions": "two InfiniBand adapters with virtual functions",
    "infiniband": "two InfiniBand adapters without virtual functions",
    "vfio": "a RoCE adapter whose virtual functions are bound to vfio-pci",
    "without-rdma": "an adapter without RDMA, with virtual functions, and no RDMA subsystem",
    "one-interface": "one interface, without a PCI function, and nothing else",
};

impl Node {
    /// The node of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        NODES.iter().find(|node| node.name == name)
    }

    /// Its facts.
    ///
    /// # Panics
    ///
    /// Never: a test reads each of them.
    pub fn facts(&self) -> Value {
        serde_json::from_str(self.text).expect("the description of a node is JSON")
    }
}

/// The names by which a configuration can mean a device of a node, in the order of the node's list.
struct Names {
    links: Vec<String>,
    functions: Vec<String>,
    rdma_devices: Vec<String>,
}

impl Names {
    fn of(node: &Value) -> Self {
        let texts = |list: &Value, key: &str| -> Vec<String> {
            let items = list.as_array().into_iter().flatten();
            items
                .filter_map(|item| item[key].as_str().map(str::to_owned))
                .collect()
        };
        let links = &node["host"]["links"];
        let uplink = &node["host"]["defaultRouteLink"];
        let mut names = texts(links, "name");
        // What pods are attached to comes first; the node's own way out is a makeshift.
        names.sort_by_key(|name| uplink == name);
        let functions = node["pciFunctions"].as_array().cloned().unwrap_or_default();
        let (virtual_ones, others): (Vec<Value>, Vec<Value>) = functions
            .into_iter()
            .partition(|function| function["virtualFunction"].is_object());
        let ordered = Value::from([virtual_ones, others].concat());
        let rdma_devices = links
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|link| link["rdmaDevices"].as_array().cloned().unwrap_or_default());
        Self {
            links: names,
            functions: texts(&ordered, "address"),
            rdma_devices: rdma_devices
                .filter_map(|name| name.as_str().map(str::to_owned))
                .collect(),
        }
    }
}

/// A trial as it would be on another node: its configuration names the devices that this one has in the place of its own.
pub fn moved(trial: &Trial, name: &str, node: Value) -> Trial {
    let (own, there) = (Names::of(&trial.node), Names::of(&node));
    let mut instead = BTreeMap::new();
    for (own, there) in [
        (own.links, there.links),
        (own.functions, there.functions),
        (own.rdma_devices, there.rdma_devices),
    ] {
        let others = there.into_iter();
        instead.extend(own.into_iter().zip(others.cycle()));
    }
    let configuration = replaced(&trial.configuration, &instead);
    let moved = trial.on(format_args!("on {name}"), node);
    Trial {
        configuration,
        ..moved
    }
}

/// A trial on each of the nodes that matter.
pub fn on_each(trial: &Trial) -> Vec<Trial> {
    NODES
        .iter()
        .map(|node| moved(trial, node.name, node.facts()))
        .collect()
}

/// A node of which nothing is known but that it has the devices that a configuration names: every node has its own in their
/// place.
pub fn named_by(configuration: &Value) -> Value {
    let text = |key: &str| {
        let keys = configuration.as_object().into_iter().flatten();
        let mut values = keys.filter(|(name, _)| name.eq_ignore_ascii_case(key));
        values.find_map(|(_, value)| value.as_str())
    };
    let runtime = configuration["runtimeConfig"]["deviceID"].as_str();
    let links: Vec<_> = text("master")
        .map(|name| json!({"name": name}))
        .into_iter()
        .collect();
    let functions: Vec<_> = runtime
        .or(text("deviceID"))
        .map(|address| json!({"address": address}))
        .into_iter()
        .collect();
    json!({"host": {"links": links}, "pciFunctions": functions})
}

/// A value in which texts are replaced by others.
fn replaced(value: &Value, instead: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => instead.get(text).unwrap_or(text).as_str().into(),
        Value::Array(items) => items.iter().map(|item| replaced(item, instead)).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), replaced(value, instead)))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plumb::facts::RecordedFacts;

    #[test]
    fn each_node_is_in_the_documented_format() {
        for node in &NODES {
            RecordedFacts::parse(node.facts().to_string().as_bytes())
                .unwrap_or_else(|error| panic!("{}: {error}", node.name));
        }
        for oddity in ODDITIES {
            for node in &NODES {
                let trial = trial(node.facts());
                let odd = (oddity.of)(&trial);
                RecordedFacts::parse(odd.node.to_string().as_bytes())
                    .unwrap_or_else(|error| panic!("{} of {}: {error}", oddity.name, node.name));
            }
        }
    }

    fn trial(node: Value) -> Trial {
        Trial {
            name: "trial".into(),
            configuration: json!({"master": "ens6f0np0", "deviceID": "0000:3b:00.2", "list": ["ens6f1np1"]}),
            arguments: String::new(),
            node,
        }
    }

    #[test]
    fn a_configuration_names_the_devices_of_the_node_that_it_comes_to() {
        let shared = Node::named("roce-exclusive").unwrap().facts();
        let other = Node::named("without-rdma").unwrap().facts();
        let moved = moved(&trial(shared), "without-rdma", other);
        assert_eq!(
            moved.configuration,
            json!({"master": "ens6f0", "deviceID": "0000:3b:02.0", "list": ["ens6f1"]})
        );
    }
}
