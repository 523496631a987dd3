//! Trials for a component whose vendor gave none: drawn from the keys that it declares.

use plumb::components::World;
use serde_json::{Map, Value, json};

use crate::keys::{self, Key};
use crate::nodes::{NODES, Node, moved, named_by};
use crate::{Subject, Trial, Trials};

/// Trials on each of the nodes that matter; none where the keys do not lead to a configuration.
///
/// # Errors
///
/// Why not, in words.
pub fn draw(subject: &Subject) -> Trials {
    let configurations = match (&subject.declared.keys, subject.world) {
        (Some(schema), _) => of_schema(subject, schema)?,
        // A policy is asked by the host's own keys alone.
        (None, World::AddressPolicy) => vec![configuration(subject, Map::new())],
        (None, World::Flavour) => return Err("it declares no keys".to_owned()),
    };
    let nodes: Vec<&Node> = match subject.world {
        World::Flavour => NODES.iter().collect(),
        World::AddressPolicy => Node::named("roce-shared").into_iter().collect(),
    };
    let mut trials = Vec::new();
    for (number, drawn) in configurations.into_iter().enumerate() {
        let pattern = Trial {
            name: format!("drawn {}", number + 1),
            node: named_by(&drawn),
            configuration: drawn,
            arguments: String::new(),
        };
        let nodes = nodes.iter();
        trials.extend(nodes.map(|node| moved(&pattern, node.name, node.facts())));
    }
    Ok(trials)
}

/// What stands in a drawn configuration for a link and for a PCI function of whatever node it comes to.
const LINK: &str = "LINK";
const FUNCTION: &str = "FUNCTION";

/// With the required keys alone, with all of them, and with each other right value of each key.
fn of_schema(subject: &Subject, schema: &Value) -> Result<Vec<Value>, String> {
    let keys = keys::declared(schema);
    let mut required = Map::new();
    let mut all = Map::new();
    for key in &keys {
        let Some(value) = right(key).into_iter().next() else {
            if key.is_required {
                return Err(format!(
                    "its schema requires {:?} and has neither default nor example of it",
                    key.name
                ));
            }
            continue;
        };
        if key.is_required {
            required.insert(key.name.clone(), value.clone());
        }
        all.insert(key.name.clone(), value);
    }
    let mut drawn = vec![required.clone(), all];
    for key in &keys {
        for value in right(key).into_iter().skip(1) {
            let mut one = required.clone();
            one.insert(key.name.clone(), value);
            drawn.push(one);
        }
    }
    drawn.dedup();
    let drawn = drawn.into_iter();
    Ok(drawn.map(|keys| configuration(subject, keys)).collect())
}

/// The values of a key. What every network calls by the same name is a device of the node.
fn right(key: &Key) -> Vec<Value> {
    match key.name.to_ascii_lowercase().as_str() {
        "master" => vec![json!(LINK)],
        "deviceid" => vec![json!(FUNCTION)],
        _ => key.right(),
    }
}

/// A pool of each family, with which a policy can do what it likes.
pub fn pools() -> Value {
    json!([
        {"name": "pool-4", "subnet": "172.16.0.0/24", "ips": ["172.16.0.100-172.16.0.120"], "gateway": "172.16.0.1"},
        {"name": "pool-6", "subnet": "fd00:16::/64", "ips": ["fd00:16::100-fd00:16::1ff"]},
    ])
}

fn configuration(subject: &Subject, mut keys: Map<String, Value>) -> Value {
    let common = json!({"cniVersion": "1.1.0", "name": "conform"});
    let mut configuration = common.as_object().cloned().unwrap_or_default();
    match subject.world {
        World::Flavour => {
            configuration.insert("type".into(), "plumb".into());
            configuration.insert("flavour".into(), subject.name.as_str().into());
            configuration.append(&mut keys);
        }
        World::AddressPolicy => {
            keys.insert("type".into(), subject.name.as_str().into());
            keys.insert("pools".into(), pools());
            configuration.insert("type".into(), "macvlan".into());
            configuration.insert("master".into(), LINK.into());
            configuration.insert("ipam".into(), keys.into());
        }
    }
    Value::Object(configuration)
}

#[cfg(test)]
mod tests {
    use plumb_engine::Allowance;

    use super::*;
    use crate::Declared;

    fn declaring(declared: Declared) -> Subject {
        let ordinary = Allowance::Ordinary;
        Subject::vendors("acme", World::Flavour, Vec::new(), ordinary, declared)
    }

    #[test]
    fn what_is_declared_is_drawn_on_each_node_with_its_own_devices() {
        let schema = json!({
            "properties": {
                "master": {"type": "string"},
                "mode": {"enum": ["bridge", "vepa"]},
                "secret": {"type": "string"},
            },
            "required": ["master"],
        });
        let declared = Declared {
            keys: Some(schema),
            ..Declared::default()
        };
        let subject = declaring(declared);
        let trials = draw(&subject).unwrap();
        // The required ones, all, and the other mode.
        assert_eq!(trials.len(), 3 * NODES.len());
        let all = &trials[NODES.len()];
        assert_eq!(
            all.configuration,
            json!({
                "cniVersion": "1.1.0", "name": "conform", "type": "plumb", "flavour": "acme",
                "master": "ens6f0np0", "mode": "bridge",
            })
        );
    }

    #[test]
    fn a_required_key_that_nobody_can_guess_is_named() {
        let declared = Declared {
            keys: Some(json!({"properties": {"zone": {"type": "string"}}, "required": ["zone"]})),
            ..Declared::default()
        };
        let subject = declaring(declared);
        let reason = draw(&subject).unwrap_err();
        assert!(reason.contains("\"zone\""), "{reason}");
    }
}
