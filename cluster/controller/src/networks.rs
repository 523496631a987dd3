//! What follows from the networks that users wrote: NetworkAttachmentDefinitions, and what is said of each.

mod bonds;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use plumb_resources::{Coordinator, MultusConfig, Network, Rendered, render, unknown_pools};
use plumb_values::Family;
use plumb_values::similar::question;
use serde_json::{Value, json};

use crate::act::{Action, Target, status};
use crate::conditions::Condition;
use crate::kinds::Kind;
use crate::pools::PoolSeen;

/// The conditions of a network.
const OURS: [&str; 3] = ["Rendered", "Ready", "Notes"];

/// What is known of the cluster.
pub struct Seen<'a> {
    /// All `SpiderMultusConfig`s.
    pub networks: &'a [Value],
    /// All NetworkAttachmentDefinitions, or why they are not known.
    pub attachments: Result<&'a [Value], &'a str>,
    /// All pools.
    pub pools: &'a [PoolSeen],
    /// What the cluster's `SpiderCoordinator` says.
    pub cluster: Option<&'a Coordinator>,
    /// The resources of nodes, and whether some node has one of each; none where there are no nodes.
    pub resources: Option<&'a BTreeMap<String, bool>>,
    /// What was applied last, by object.
    pub applied: &'a BTreeMap<Target, Value>,
    /// What could not be applied last time, and why.
    pub failed: &'a BTreeMap<Target, String>,
    /// The time, as the API has it.
    pub now: &'a str,
}

/// What is to be done.
pub fn decide(seen: &Seen<'_>) -> Vec<Action> {
    let mut actions = Vec::new();
    let mut networks: Vec<&Value> = seen
        .networks
        .iter()
        .filter(|network| !is_ending(network))
        .collect();
    // The older one keeps what two want.
    networks.sort_by_key(|network| {
        let text = |path: &str| {
            network
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        (
            text("/metadata/creationTimestamp"),
            text("/metadata/namespace"),
            text("/metadata/name"),
        )
    });
    let read: Vec<_> = networks
        .iter()
        .map(|network| MultusConfig::read(network))
        .collect();
    let clashes = bonds::clashes(&read);
    let mut wanted: BTreeMap<Target, String> = BTreeMap::new();
    for ((object, read), clash) in networks.iter().zip(&read).zip(clashes) {
        let rendered = match read {
            Ok(network) => render(network, seen.cluster).map(|rendered| (network, rendered)),
            Err(problems) => Err(problems.clone()),
        };
        let (conditions, name) = match rendered {
            Err(problems) => (invalid(problems), Value::Null),
            Ok((network, rendered)) => {
                let (made, action) = attachment(object, network, &rendered, &mut wanted, seen);
                actions.extend(action);
                let mut wrong = wrong(network, &rendered, seen);
                wrong.extend(clash.map(|clash| ("BondDiffers", clash)));
                let name = match made.holds {
                    true => json!(full_name(&rendered.namespace, &rendered.name)),
                    false => Value::Null,
                };
                (conditions(made, wrong, rendered), name)
            }
        };
        let fields = [("networkAttachmentDefinition", name)];
        actions.extend(status(
            Kind::Network,
            object,
            &conditions,
            &OURS,
            &fields,
            seen.now,
        ));
    }
    actions
}

fn is_ending(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some()
}

fn full_name(namespace: &Option<String>, name: &str) -> String {
    match namespace {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

fn invalid(problems: Vec<String>) -> Vec<Condition> {
    let message = problems.join("; ");
    vec![
        Condition::no("Rendered", "Invalid", message.clone()),
        Condition::no("Ready", "Invalid", message),
    ]
}

fn conditions(
    made: Condition,
    wrong: Vec<(&'static str, String)>,
    rendered: Rendered,
) -> Vec<Condition> {
    let ready = match (made.holds, wrong.first()) {
        (false, _) => Condition::no("Ready", made.reason, made.message.clone()),
        (true, Some((reason, _))) => {
            let sentences: Vec<_> = wrong
                .iter()
                .map(|(_, sentence)| sentence.as_str())
                .collect();
            Condition::no("Ready", reason, sentences.join("; "))
        }
        (true, None) if !rendered.other_plugins.is_empty() => Condition::yes(
            "Ready",
            "NeedsOtherPlugins",
            format!(
                "plumb does not answer to {}: each node needs the plugin of this name beside plumb",
                rendered.other_plugins.join(", ")
            ),
        ),
        (true, None) => Condition::yes("Ready", "Usable", "pods can use the network"),
    };
    let mut conditions = vec![made, ready];
    if !rendered.notes.is_empty() {
        conditions.push(Condition::yes(
            "Notes",
            "ReadOtherwise",
            rendered.notes.join("; "),
        ));
    }
    conditions
}

/// Whether the NetworkAttachmentDefinition is as it is to be, and what makes it so.
fn attachment(
    object: &Value,
    network: &MultusConfig,
    rendered: &Rendered,
    wanted: &mut BTreeMap<Target, String>,
    seen: &Seen<'_>,
) -> (Condition, Option<Action>) {
    let present = match seen.attachments {
        Ok(present) => present,
        Err(reason) => return (Condition::no("Rendered", "NoMultus", reason), None),
    };
    let target = Target {
        kind: Kind::Attachment,
        namespace: rendered.namespace.clone(),
        name: rendered.name.clone(),
    };
    let uid = object
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let full_name = full_name(&target.namespace, &target.name);
    let refused = |owner: &str| {
        let message = format!(
            "NetworkAttachmentDefinition {full_name} is that of SpiderMultusConfig {owner:?}: give one of them another name by \
             the annotation multus.spidernet.io/cr-name"
        );
        (Condition::no("Rendered", "Taken", message), None)
    };
    if let Some(owner) = wanted.get(&target) {
        return refused(owner);
    }
    let existing = present
        .iter()
        .find(|one| Target::of(Kind::Attachment, one) == target);
    let owner = existing.and_then(owner);
    if let Some((owner_uid, owner_name)) = &owner
        && owner_uid != uid
    {
        if lives(owner_uid, seen.networks) {
            return refused(owner_name);
        }
        // That one is gone, and the object would go with it.
        wanted.insert(target.clone(), network.name.clone());
        let version = existing.and_then(|one| one.pointer("/metadata/resourceVersion"));
        let take = json!({"metadata": {"resourceVersion": version, "ownerReferences": [reference(object)]}});
        let message = format!("NetworkAttachmentDefinition {full_name} is taken over");
        return (
            Condition::no("Rendered", "TakenOver", message),
            Some(Action::Change(target, take)),
        );
    }
    wanted.insert(target.clone(), network.name.clone());
    if let Some(reason) = seen.failed.get(&target) {
        let action = Action::Apply(target, manifest(object, rendered));
        return (
            Condition::no("Rendered", "NotApplied", reason.clone()),
            Some(action),
        );
    }
    let manifest = manifest(object, rendered);
    let is_so = existing.is_some_and(|existing| has_all(existing, &manifest))
        && seen.applied.get(&target) == Some(&manifest);
    let made = Condition::yes(
        "Rendered",
        "Applied",
        format!("NetworkAttachmentDefinition {full_name}"),
    );
    (made, (!is_so).then_some(Action::Apply(target, manifest)))
}

fn manifest(object: &Value, rendered: &Rendered) -> Value {
    let mut manifest = rendered.manifest();
    manifest["metadata"]["ownerReferences"] = json!([reference(object)]);
    manifest
}

/// The network as the owner of an object.
fn reference(object: &Value) -> Value {
    json!({
        "apiVersion": Kind::Network.version(), "kind": Kind::Network.name(), "controller": true,
        "name": object.pointer("/metadata/name"), "uid": object.pointer("/metadata/uid"),
    })
}

/// UID and name of the network that owns an object.
fn owner(object: &Value) -> Option<(String, String)> {
    let owners = object.pointer("/metadata/ownerReferences")?.as_array()?;
    let owner = owners
        .iter()
        .find(|owner| owner["kind"] == Kind::Network.name() && owner["controller"] == true)?;
    let text = |key: &str| owner[key].as_str().map(str::to_owned);
    Some((text("uid")?, text("name")?))
}

fn lives(uid: &str, networks: &[Value]) -> bool {
    networks
        .iter()
        .any(|network| network.pointer("/metadata/uid").and_then(Value::as_str) == Some(uid))
}

/// Whether an object has all that another one says.
fn has_all(object: &Value, wanted: &Value) -> bool {
    match (object, wanted) {
        (Value::Object(object), Value::Object(wanted)) => wanted.iter().all(|(key, wanted)| {
            object
                .get(key)
                .is_some_and(|object| has_all(object, wanted))
        }),
        (Value::Array(object), Value::Array(wanted)) => wanted
            .iter()
            .all(|wanted| object.iter().any(|object| has_all(object, wanted))),
        _ => object == wanted,
    }
}

/// What keeps pods from using a network that can be rendered: reasons and sentences.
fn wrong(
    network: &MultusConfig,
    rendered: &Rendered,
    seen: &Seen<'_>,
) -> Vec<(&'static str, String)> {
    let known: Vec<(&str, Family)> = seen
        .pools
        .iter()
        .map(|pool| (pool.name.as_str(), pool.family))
        .collect();
    let unknown = unknown_pools(network, &known);
    let mut wrong: Vec<_> = unknown
        .into_iter()
        .map(|sentence| ("UnknownPool", sentence))
        .collect();
    let names = network
        .pools
        .iter()
        .flat_map(|pools| pools.ipv4.iter().chain(&pools.ipv6));
    for name in names {
        let unusable = seen.pools.iter().find(|pool| pool.name == *name);
        if let Some(reason) = unusable.and_then(|pool| pool.unusable.as_ref()) {
            let sentence = format!("pool {name:?} gives out no address: {reason}");
            wrong.push(("UnusablePool", sentence));
        }
    }
    wrong.extend(
        unknown_resource(network, rendered, seen).map(|sentence| ("UnknownResource", sentence)),
    );
    wrong
}

fn unknown_resource(
    network: &MultusConfig,
    rendered: &Rendered,
    seen: &Seen<'_>,
) -> Option<String> {
    let resources = seen.resources?;
    if !matches!(
        network.network,
        Network::Sriov { .. } | Network::InfinibandSriov { .. }
    ) {
        return None;
    }
    let name = rendered
        .annotations
        .get(plumb_resources::RESOURCE_ANNOTATION)?;
    match resources.get(name) {
        Some(true) => None,
        Some(false) => Some(format!(
            "every node has 0 of the resource {name:?}: the device plugin has found no function of it"
        )),
        None => {
            let question = question(name, resources.keys().map(String::as_str));
            Some(format!(
                "no node has the resource {name:?}: {question}a device plugin gives it to nodes, as resourceName of its configuration"
            ))
        }
    }
}
