//! `SpiderMultusConfig`: a network as its users write it.
//!
//! The rules are those of Spiderpool's CRD and admission webhook. They are checked here as well as by the API server, because a
//! file never passes it, and because what takes two objects or a calculation cannot be said in a schema.

mod bond;
mod infiniband;
mod metadata;
mod network;
mod partition_key;

use std::collections::BTreeMap;

use serde_json::Value;

pub use bond::{Bond, Parent};
pub use network::{Network, Ovs, Pools, Trunk};

use crate::coordinator::Coordinator;
use crate::fields::{Fields, Problems};
use metadata::Metadata;

/// The kind.
pub const KIND: &str = "SpiderMultusConfig";

/// The annotation that asks for plumb's own form: one entry, which does what a list of plugins does.
pub const FORM_ANNOTATION: &str = "plumb.network/form";

const FIELDS: &[&str] = &[
    "cniType",
    "macvlan",
    "ipvlan",
    "vlan",
    "sriov",
    "ovs",
    "ibsriov",
    "ipoib",
    "customCNI",
    "enableCoordinator",
    "disableIPAM",
    "coordinator",
    "chainCNIJsonData",
];

/// How the configuration of a network is laid out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Form {
    /// A list of plugins, as Spiderpool writes it.
    #[default]
    List,
    /// One plugin, with what the others would do among its keys.
    Single,
}

/// A network, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultusConfig {
    /// Its namespace; none in a file that leaves it to kubectl.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// The name of its NetworkAttachmentDefinition.
    pub attachment: String,
    /// `name` in the configuration.
    pub network_name: String,
    /// `cniVersion` in the configuration.
    pub version: &'static str,
    /// How the configuration is laid out.
    pub form: Form,
    /// The annotations that the NetworkAttachmentDefinition gets.
    pub annotations: BTreeMap<String, String>,
    /// What makes the interface.
    pub network: Network,
    /// Where its addresses come from; none where it gets none.
    pub pools: Option<Pools>,
    /// What keeps it apart from others; none where nothing does.
    pub coordinator: Option<Coordinator>,
    /// Plugins of the user's own, behind the first.
    pub chained: Vec<Value>,
    /// What was understood in another way than it was written.
    pub notes: Vec<String>,
}

impl MultusConfig {
    /// Understands a manifest, or an object of the API server.
    ///
    /// # Errors
    ///
    /// All that is wrong, in sentences that name the field.
    pub fn read(object: &Value) -> Result<Self, Vec<String>> {
        let problems = Problems::default();
        let mut notes = Vec::new();
        let metadata = Metadata::read(object, &problems, &mut notes);
        let nothing = Value::Object(serde_json::Map::new());
        let specification = object
            .get("spec")
            .filter(|value| !value.is_null())
            .unwrap_or(&nothing);
        let Some(fields) = Fields::of("spec", specification, &problems) else {
            return Err(problems.into_sentences());
        };
        fields.only(FIELDS);
        let (network, pools) = network::read(&fields, &mut notes);
        let coordinator = coordinator(&fields, &network, &mut notes);
        let without_addresses = fields.flag("disableIPAM").unwrap_or(false);
        let read = Self {
            namespace: metadata.namespace,
            name: metadata.name,
            attachment: metadata.attachment,
            network_name: metadata.network_name,
            version: metadata.version,
            form: metadata.form,
            annotations: metadata.annotations,
            pools: pools.filter(|_| !without_addresses),
            coordinator,
            chained: chained(&fields, &network),
            network,
            notes,
        };
        problems.unless_any(read)
    }

    /// Namespace and name, for sentences.
    #[must_use]
    pub fn place(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.name),
            None => self.name.clone(),
        }
    }
}

fn coordinator(
    fields: &Fields<'_>,
    network: &Network,
    notes: &mut Vec<String>,
) -> Option<Coordinator> {
    let enabled = fields.flag("enableCoordinator");
    let written = fields
        .inside("coordinator")
        .map(|inside| Coordinator::read(&inside, notes));
    if matches!(network, Network::Custom(_)) {
        if enabled == Some(true) || written.is_some() {
            notes.push(
                "no coordinator is added to a custom network: write it into spec.customCNI".into(),
            );
        }
        return None;
    }
    if enabled == Some(false) {
        if written.is_some() {
            notes.push(
                "spec.coordinator has no effect, because spec.enableCoordinator is false".into(),
            );
        }
        return None;
    }
    Some(written.unwrap_or_default())
}

fn chained(fields: &Fields<'_>, network: &Network) -> Vec<Value> {
    const FIELD: &str = "chainCNIJsonData";
    let texts = fields.texts(FIELD, "['{\"type\":\"tuning\",\"mtu\":9000}']");
    if matches!(network, Network::Custom(_)) && !texts.is_empty() {
        fields.problems.add(format!(
            "{} has no effect on a custom network: write the plugins into spec.customCNI",
            fields.name(FIELD)
        ));
        return Vec::new();
    }
    texts
        .iter()
        .enumerate()
        .filter_map(|(index, text)| {
            let place = fields.name(&format!("{FIELD}[{index}]"));
            let plugin = serde_json::from_str(text).map_err(|error| {
                format!(
                    "{place} is not the JSON of a plugin ({error}): write it like '{{\"type\":\"tuning\",\"mtu\":9000}}'"
                )
            });
            let plugin = plugin.and_then(|plugin: Value| match plugin.get("type") {
                Some(Value::String(kind)) if !kind.is_empty() => Ok(plugin),
                _ => Err(format!("{place} has no \"type\", so nobody knows which plugin it is for")),
            });
            plugin.map_err(|problem| fields.problems.add(problem)).ok()
        })
        .collect()
}

#[cfg(test)]
mod tests;
