//! The key `master` of a network configuration, typed: how a network names its parent, so that one text serves nodes that
//! differ. Which interface of this node it is, [`crate::parent`] finds.

use plumb_values::Pattern;
use plumb_values::similar::question;
use serde_json::{Map, Value};

use super::Configuration;
use crate::facts::Place;
use crate::types::{WITHOUT_PARENT, flavour_of};
use crate::{Error, Result};

/// The keys of an object.
const KEYS: &[&str] = &["rdma", "rail", "numa", "match"];

/// Most names of a list. Each is looked up.
const NAMES: usize = 64;

const FORMS: &str = "the name of an interface, a list of names, a pattern like \"ens*\", or an object like {\"rail\": 1} or \
                     {\"rdma\": \"mlx5_0\"}";

/// What a network says of its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// Where the parent is: in the pod with `linkInContainer`.
    pub place: Place,
    /// Which one it is.
    pub choice: Choice,
}

/// How one interface is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// By its name.
    Name(String),
    /// The first of these names that there is.
    FirstOf(Vec<String>),
    /// The one that a pattern matches.
    Like(Pattern),
    /// The netdev of an RDMA device.
    RdmaDevice(String),
    /// By its place among the adapters.
    Rail(Rail),
}

/// A place among the node's adapters with RDMA devices, in PCI order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rail {
    /// From 1.
    pub number: usize,
    /// Only those of this NUMA node are counted.
    pub numa_node: Option<u32>,
    /// Only those are counted whose netdev, RDMA device or driver is like this.
    pub like: Option<Pattern>,
}

impl Master {
    /// Understands the key; none where it is absent or empty, or the flavour has no parent that a network names.
    ///
    /// # Errors
    ///
    /// [`crate::Code::INVALID_CONFIGURATION`] with what is wrong.
    pub fn of(configuration: &Configuration) -> Result<Option<Self>> {
        let has_parent =
            flavour_of(configuration).is_none_or(|name| !WITHOUT_PARENT.contains(&name));
        let value = configuration.lower.get("master").filter(|_| has_parent);
        let choice = match value {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) if is_pattern(text) => Choice::Like(text.clone().into()),
            Some(Value::String(text)) => Choice::Name(text.clone()),
            Some(Value::Array(items)) => Choice::FirstOf(names(items)?),
            Some(Value::Object(keys)) => by_keys(keys)?,
            Some(other) => return Err(wrong("", FORMS, other)),
        };
        let in_pod = configuration.lower.get("linkincontainer") == Some(&Value::Bool(true));
        if in_pod && !matches!(choice, Choice::Name(_) | Choice::FirstOf(_)) {
            return Err(Error::configuration(format!(
                "\"master\" is {}, which chooses among the node's interfaces, and with \"linkInContainer\" the parent is in \
                 the pod: write its name there, or a list of names",
                value.unwrap_or(&Value::Null)
            )));
        }
        let place = match in_pod {
            true => Place::Pod,
            false => Place::Host,
        };
        Ok(Some(Self { place, choice }))
    }
}

/// Whether a text is more than the name of an interface: no name has a colon, and nobody has met one with a star.
fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?']) || text.starts_with("driver:")
}

fn names(items: &[Value]) -> Result<Vec<String>> {
    if items.is_empty() || items.len() > NAMES {
        return Err(Error::configuration(format!(
            "\"master\" is a list of {} names, and must have 1 to {NAMES}",
            items.len()
        )));
    }
    let name = |item: &Value| match item.as_str() {
        Some(name) if is_pattern(name) => Err(Error::configuration(format!(
            "\"master\" is a list with the pattern {name:?}: a list has names, a pattern stands alone"
        ))),
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(wrong("", "a list of names of interfaces", item)),
    };
    items.iter().map(name).collect()
}

fn by_keys(keys: &Map<String, Value>) -> Result<Choice> {
    if let Some(unknown) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
        return Err(Error::configuration(format!(
            "\"master\" has a key {unknown:?} that plumb does not know: {}it knows {}",
            question(unknown, KEYS.iter().copied()),
            KEYS.join(", ")
        )));
    }
    let get = |key: &str| keys.get(key).filter(|value| !value.is_null());
    let text = |key: &str, wanted: &str| {
        let text = |value: &Value| match value.as_str().filter(|text| !text.is_empty()) {
            Some(text) => Ok(text.to_owned()),
            None => Err(wrong(key, wanted, value)),
        };
        get(key).map(text).transpose()
    };
    let rdma = text("rdma", "the name of an RDMA device, such as \"mlx5_0\"")?;
    match (rdma, get("rail")) {
        (None, None) => Err(Error::configuration(format!(
            "\"master\" is an object without \"rdma\" and without \"rail\": it must be {FORMS}"
        ))),
        (Some(_), Some(_)) => Err(Error::configuration(
            "\"master\" has \"rdma\" and \"rail\", each of which says which interface it is: leave one out",
        )),
        (Some(device), None) => match ["numa", "match"].iter().find(|key| get(key).is_some()) {
            Some(key) => Err(Error::configuration(format!(
                "\"master\" has {key:?}, which says something only with \"rail\""
            ))),
            None => Ok(Choice::RdmaDevice(device)),
        },
        (None, Some(rail)) => Ok(Choice::Rail(Rail {
            number: number("rail", "the number of a rail, counted from 1", 1, rail)? as usize,
            numa_node: get("numa")
                .map(|numa| number("numa", "the number of a NUMA node", 0, numa))
                .transpose()?,
            like: text("match", "a pattern like \"mlx5_*\"")?.map(Pattern::from),
        })),
    }
}

fn number(key: &str, wanted: &str, least: u32, value: &Value) -> Result<u32> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number
        .filter(|number| *number >= least)
        .ok_or_else(|| wrong(key, wanted, value))
}

fn wrong(key: &str, wanted: &str, value: &Value) -> Error {
    let place = match key {
        "" => "\"master\"".to_owned(),
        key => format!("{key:?} of \"master\""),
    };
    Error::configuration(format!("{place} must be {wanted}, not {value}"))
}

#[cfg(test)]
mod tests;
