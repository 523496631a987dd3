//! What goes to standard output: nothing, one result, or one error object.

use serde_json::{Map, Value};

use super::Version;
use crate::Error;

/// The text of a result.
pub fn result(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// The text of an error (CNI specification, section 5, "Error").
pub fn error(version: Version, error: &Error) -> String {
    let mut object = Map::new();
    object.insert("cniVersion".into(), version.as_str().into());
    object.insert("code".into(), error.code.0.into());
    object.insert("msg".into(), error.message.clone().into());
    if let Some(details) = &error.details {
        object.insert("details".into(), details.clone().into());
    }
    result(&Value::Object(object))
}
