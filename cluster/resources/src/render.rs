//! From a `SpiderMultusConfig` to the NetworkAttachmentDefinition that Multus reads.
//!
//! Keys, their order and the order of the plugins are Spiderpool's, so that a cluster that changes over sees its networks
//! unchanged. Where it leaves out what its users wrote (`podRPFilter`, `hostRuleTable`), it is there.

mod entries;
mod single;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::coordinator::Coordinator;
use crate::multus_config::{Form, MultusConfig, Network};
use entries::Entry;

/// The group and version of NetworkAttachmentDefinitions.
pub const ATTACHMENT_VERSION: &str = "k8s.cni.cncf.io/v1";
/// Their kind.
pub const ATTACHMENT_KIND: &str = "NetworkAttachmentDefinition";
/// By which Multus finds the PCI function of a network.
pub const RESOURCE_ANNOTATION: &str = "k8s.v1.cni.cncf.io/resourceName";

/// The types that plumb answers to: an entry of another one needs that plugin on each node.
pub const ANSWERED: [&str; 9] = [
    "macvlan",
    "ipvlan",
    "sriov",
    "rdma",
    "ib-sriov",
    "ipoib",
    "coordinator",
    "ifacer",
    "plumb",
];

/// What a network comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The NetworkAttachmentDefinition's namespace; none where the file leaves it to kubectl.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its annotations.
    pub annotations: BTreeMap<String, String>,
    /// The configuration, as JSON; none leaves it to a file of the node.
    pub config: Option<String>,
    /// Types of plugins that must be on each node beside plumb.
    pub other_plugins: Vec<String>,
    /// What was understood in another way than it was written, or does not do what is expected.
    pub notes: Vec<String>,
}

impl Rendered {
    /// The object, as it is applied.
    #[must_use]
    pub fn manifest(&self) -> Value {
        let mut metadata = json!({"name": self.name});
        if let Some(namespace) = &self.namespace {
            metadata["namespace"] = json!(namespace);
        }
        if !self.annotations.is_empty() {
            metadata["annotations"] = json!(self.annotations);
        }
        let specification = match &self.config {
            Some(config) => json!({"config": config}),
            None => json!({}),
        };
        json!({
            "apiVersion": ATTACHMENT_VERSION,
            "kind": ATTACHMENT_KIND,
            "metadata": metadata,
            "spec": specification,
        })
    }
}

/// A configuration with a list of plugins.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    cni_version: &'a str,
    name: &'a str,
    plugins: Vec<Entry<'a>>,
}

/// Renders a network. `cluster` is what the cluster's `SpiderCoordinator` says; nothing where there is none.
///
/// # Errors
///
/// What plumb's own form cannot say, in sentences.
pub fn render(
    network: &MultusConfig,
    cluster: Option<&Coordinator>,
) -> Result<Rendered, Vec<String>> {
    let coordinator = network
        .coordinator
        .as_ref()
        .map(|own| cluster.map_or_else(|| own.clone(), |cluster| own.or(cluster)));
    let mut notes = network.notes.clone();
    let (config, types) = match (&network.network, network.form) {
        (Network::Custom(text), _) => (text.clone(), text.as_deref().map(types_in)),
        (_, Form::List) => {
            let plugins = entries::list(network, coordinator.as_ref());
            let types = plugins.iter().map(Entry::kind).collect();
            let list = List {
                cni_version: network.version,
                name: &network.network_name,
                plugins,
            };
            (text(&list)?, Some(types))
        }
        (_, Form::Single) => {
            let single = single::configuration(network, coordinator.as_ref())?;
            (text(&single)?, Some(vec![single.kind()]))
        }
    };
    let mut other_plugins: Vec<String> = types.unwrap_or_default();
    other_plugins.retain(|kind| !ANSWERED.contains(&kind.as_str()));
    other_plugins.dedup();
    notes.extend(addresses_of_others(network));
    let mut annotations = network.annotations.clone();
    if let Some(resource) = resource(&network.network) {
        annotations.insert(RESOURCE_ANNOTATION.to_owned(), resource);
    }
    Ok(Rendered {
        namespace: network.namespace.clone(),
        name: network.attachment.clone(),
        annotations,
        config,
        other_plugins,
        notes,
    })
}

fn text(configuration: &impl Serialize) -> Result<Option<String>, Vec<String>> {
    let text = serde_json::to_string(configuration);
    text.map(Some)
        .map_err(|error| vec![format!("the configuration cannot be written: {error}")])
}

/// The resource by which Multus finds the PCI function.
fn resource(network: &Network) -> Option<String> {
    match network {
        Network::Sriov { resource, .. } | Network::InfinibandSriov { resource, .. } => {
            Some(resource.clone())
        }
        Network::Ovs(ovs) if !ovs.device.is_empty() => {
            Some(format!("ovs-cni.network.kubevirt.io/{}", ovs.bridge))
        }
        _ => None,
    }
}

/// plumb gives addresses to its own interfaces. It is no IPAM plugin that another maker's plugin could call.
fn addresses_of_others(network: &MultusConfig) -> Option<String> {
    let kind = match &network.network {
        Network::Vlan { .. } => "vlan",
        Network::Ovs(_) => "ovs",
        _ => return None,
    };
    network.pools.as_ref()?;
    let instead = match kind {
        "vlan" => "write cniType macvlan with macvlan.vlanID",
        _ => "write disableIPAM: true",
    };
    Some(format!(
        "{kind} is a plugin of another maker, which asks an IPAM plugin spiderpool for addresses, and plumb is none: {instead}, \
         or leave Spiderpool's own on the nodes"
    ))
}

/// The types of the plugins in a configuration of the user's own.
fn types_in(config: &str) -> Vec<String> {
    let config: Value = serde_json::from_str(config).unwrap_or_default();
    let kind = |plugin: &Value| plugin.get("type")?.as_str().map(str::to_owned);
    match config.get("plugins").and_then(Value::as_array) {
        Some(plugins) => plugins.iter().filter_map(kind).collect(),
        None => kind(&config).into_iter().collect(),
    }
}

#[cfg(test)]
mod tests;
