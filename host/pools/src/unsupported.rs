//! Fields of Spiderpool that a node cannot honour.

use serde_json::Value;

use super::fields::Fields;
use super::{Error, Problem};

/// Fields that only make sense with the objects of the API server at hand, and what
/// serves instead. Ignoring one would give a pod an address of the wrong pool.
const NEEDS_KUBERNETES: &[(&str, &str)] = &[
    (
        "podAffinity",
        "limit the pool with `namespaceName` or `nodeName`, or name it only in the networks of these pods",
    ),
    (
        "namespaceAffinity",
        "list the namespaces in `namespaceName`",
    ),
    ("nodeAffinity", "list the nodes in `nodeName`"),
];

/// Refuses fields that would be ignored, unless they are empty.
pub(super) fn refuse_unsupported(fields: &Fields<'_>) -> Result<(), Error> {
    for &(field, instead) in NEEDS_KUBERNETES {
        if fields.value(field).is_some_and(|value| !is_empty(value)) {
            return Err(fields.error(field, Problem::Unsupported { instead }));
        }
    }
    // Older releases of Spiderpool wrote the default `vlan: 0` into every pool. Another
    // number meant a tagged network, where untagged pods would be on the wrong wire.
    match fields.value("vlan") {
        Some(value) if value.as_u64() != Some(0) => Err(fields.unexpected(
            "vlan",
            value,
            "0 or nothing, because a pool does not tag frames: set the VLAN in the network's configuration",
        )),
        _ => Ok(()),
    }
}

/// Whether a selector selects nothing in particular, however deep it is written.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.is_empty(),
        Value::Object(object) => object.values().all(is_empty),
        _ => false,
    }
}
