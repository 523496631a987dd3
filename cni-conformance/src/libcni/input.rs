//! Standard input as the reference library composes it.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::json;
use super::result::{self, Library};
use crate::Version;

/// A value for a capability: its name, and JSON in the order in which the runtime's own
/// structure is written.
pub type Capability = (&'static str, &'static str);

/// The configuration of one plugin, with what the library adds: name and version, the
/// previous result, and the capabilities that the plugin asks for.
///
/// The library decodes and encodes the whole once more when it adds capabilities; then the
/// keys of the previous result are sorted in any release.
pub fn compose(
    configuration: &Value,
    version: Version,
    previous: Option<&Value>,
    capabilities: &[Capability],
    library: Library,
) -> String {
    let wanted = &configuration["capabilities"];
    let given: BTreeMap<&str, Box<RawValue>> = capabilities
        .iter()
        .filter(|(name, _)| wanted[*name] == true)
        .map(|(name, value)| (*name, json::raw(json::escape(value))))
        .collect();
    let mut fields: BTreeMap<&str, Box<RawValue>> = configuration
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), json::raw(json::marshal(value))))
        .collect();
    fields.insert("cniVersion", json::raw(format!("\"{version}\"")));
    if let Some(previous) = previous {
        let text = result::marshal(previous, version, library);
        let text = match given.is_empty() {
            true => text,
            false => json::sort(&text),
        };
        fields.insert("prevResult", json::raw(text));
    }
    if !given.is_empty() {
        let text = serde_json::to_string(&given).expect("texts and JSON have a JSON form");
        fields.insert("runtimeConfig", json::raw(text));
    }
    serde_json::to_string(&fields).expect("texts and JSON have a JSON form")
}
