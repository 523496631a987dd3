//! Standard input as the reference library composes it.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{json, result};
use crate::Version;

/// The configuration of one plugin, with what the library adds: name and version, the
/// previous result, and the capabilities that the plugin asks for.
///
/// The library decodes and encodes the whole once more when it adds capabilities; then the
/// keys of the previous result are sorted as well.
pub fn compose(
    configuration: &Value,
    version: Version,
    previous: Option<&Value>,
    capabilities: &Map<String, Value>,
) -> String {
    let mut configuration = configuration.as_object().cloned().unwrap_or_default();
    configuration.insert("cniVersion".into(), version.as_str().into());
    let wanted = configuration
        .get("capabilities")
        .cloned()
        .unwrap_or_default();
    let given: Map<String, Value> = capabilities
        .iter()
        .filter(|(name, _)| wanted[name.as_str()] == true)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let previous = previous.map(|previous| result::marshal(previous, version));
    if !given.is_empty() {
        configuration.insert("runtimeConfig".into(), given.into());
        if let Some(previous) = previous {
            let decoded = serde_json::from_str(&previous).expect("it was encoded here");
            configuration.insert("prevResult".into(), decoded);
        }
        return json::marshal(&configuration.into());
    }
    let mut fields: BTreeMap<String, Box<RawValue>> = configuration
        .into_iter()
        .map(|(key, value)| (key, json::raw(json::marshal(&value))))
        .collect();
    if let Some(previous) = previous {
        fields.insert("prevResult".into(), json::raw(previous));
    }
    serde_json::to_string(&fields).expect("texts and JSON have a JSON form")
}
