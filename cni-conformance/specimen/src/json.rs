//! JSON as Go programs write and read it.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::defects;
use crate::error::{CONFIGURATION, DECODE, Error};

/// The value of a key in any letter case: runtimes in Go are not exact with it. An
/// exact key wins.
pub fn get<'value>(object: &'value Value, key: &str) -> &'value Value {
    const NOTHING: &Value = &Value::Null;
    let exact = &object[key];
    if !exact.is_null() || defects::has("exact-letter-case") {
        return exact;
    }
    object
        .as_object()
        .and_then(|object| {
            object
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
        })
        .map_or(NOTHING, |(_, value)| value)
}

/// The network configuration: one object and nothing after it; of a repeated key the last
/// one counts.
pub fn configuration(input: &[u8]) -> Result<Value, Error> {
    let decode = |error: serde_json::Error| {
        if defects::has("panics-at-depth") && error.to_string().contains("recursion") {
            panic!("the configuration is nested too deeply");
        }
        Error::new(DECODE, format!("decode the network configuration: {error}"))
    };
    if defects::has("refuses-repeated-keys") {
        serde_json::from_slice::<Strict>(input).map_err(decode)?;
    }
    let value: Value = match defects::has("reads-one-document") {
        true => serde_json::Deserializer::from_slice(input)
            .into_iter()
            .next()
            .unwrap_or(Ok(Value::Null))
            .map_err(decode)?,
        false => serde_json::from_slice(input).map_err(decode)?,
    };
    if defects::has("null-is-empty") && value.is_null() {
        return Ok(serde_json::json!({}));
    }
    match value.is_object() {
        true => Ok(value),
        false => Err(Error::new(
            CONFIGURATION,
            "the network configuration is not a JSON object",
        )),
    }
}

/// A structure of serde takes each key once.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Strict {
    #[serde(rename = "name")]
    _name: Option<IgnoredAny>,
    #[serde(rename = "type")]
    _type: Option<IgnoredAny>,
}
