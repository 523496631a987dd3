//! The key `ipam.fromMaster` of a network configuration, typed: pools of the subnets that the parent itself has an address
//! in. Which these are on this node, [`crate::parent`] finds.

use std::ops::RangeInclusive;

use ipnetwork::IpNetwork;
use plumb_values::Family;
use plumb_values::similar::question;
use serde_json::{Map, Value};

use super::Configuration;
use crate::types::POOL_TYPES;
use crate::{Code, Error, Result};

/// The keys, as they are documented.
const KEYS: &[&str] = &["family", "range", "gateway", "exclude", "within"];

/// Keys of `ipam` that name pools as well, in lower case.
const OTHER_POOLS: [&str; 6] = [
    "pools",
    "poolfolder",
    "default_ipv4_ippool",
    "default_ipv6_ippool",
    "defaultipv4ippool",
    "defaultipv6ippool",
];

/// Most places or networks of one list.
const ITEMS: usize = 256;

const PLACES: &str =
    "a list of places in the subnet, each a number like 7 or the first and the last like [7, 9]";

/// Places in a subnet, counted from its first address, which is 0; both ends included.
pub type Places = RangeInclusive<u64>;

/// What a network asks for: `"fromMaster": {}` is enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FromMaster {
    /// The families of which there is a pool, IPv4 first.
    pub families: Vec<Family>,
    /// The addresses that are given out; none: all that are usable.
    pub range: Option<Places>,
    /// Next hop of the default route.
    pub gateway: Gateway,
    /// Addresses that are not given out.
    pub exclude: Vec<Places>,
    /// Networks of which one has the subnet; for a family without any, it may be anywhere.
    pub within: Vec<IpNetwork>,
}

/// Where the gateway is in a subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gateway {
    /// There is none.
    None,
    /// At its first usable address.
    First,
    /// At its last usable address.
    Last,
    /// At this place.
    At(u64),
}

impl FromMaster {
    /// Understands the key; none where it is absent, `null` or `false`.
    ///
    /// # Errors
    ///
    /// [`Code::INVALID_CONFIGURATION`] with the first value that is wrong; [`Code::UNSUPPORTED_FIELD`] where something
    /// else gives the addresses.
    pub fn of(configuration: &Configuration) -> Result<Option<Self>> {
        let empty = Map::new();
        let Some(ipam) = configuration.lower.get("ipam").and_then(Value::as_object) else {
            return Ok(None);
        };
        let keys = match ipam.get("frommaster") {
            None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
            Some(Value::Bool(true)) => &empty,
            Some(Value::Object(keys)) => keys,
            Some(other) => return Err(wrong("", "an object, true or false", other)),
        };
        check_neighbours(configuration, ipam)?;
        if let Some(unknown) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(Error::configuration(format!(
                "\"fromMaster\" of \"ipam\" has a key {unknown:?} that plumb does not know: {}it knows {}",
                question(unknown, KEYS.iter().copied()),
                KEYS.join(", ")
            )));
        }
        let get = |key: &str| keys.get(key).filter(|value| !value.is_null());
        let wanted = Self {
            families: get("family").map_or(Ok(vec![Family::Ipv4]), families)?,
            range: get("range").map(range).transpose()?,
            gateway: get("gateway").map_or(Ok(Gateway::None), gateway)?,
            exclude: get("exclude").map_or(Ok(Vec::new()), exclude)?,
            within: get("within").map_or(Ok(Vec::new()), within)?,
        };
        let is_other = |network: &&IpNetwork| !wanted.families.contains(&Family::of(network.ip()));
        match wanted.within.iter().find(is_other) {
            None => Ok(Some(wanted)),
            Some(network) => Err(Error::configuration(format!(
                "\"within\" of \"fromMaster\" has {network}, and \"family\" asks for no address of that family"
            ))),
        }
    }
}

/// Refuses what would give addresses beside it, or in its place.
fn check_neighbours(configuration: &Configuration, ipam: &Map<String, Value>) -> Result<()> {
    let kind = ipam.get("type").and_then(Value::as_str).unwrap_or_default();
    if !POOL_TYPES.contains(&kind) {
        return Err(Error::new(
            Code::UNSUPPORTED_FIELD,
            format!(
                "\"fromMaster\" makes a pool of the parent's subnet, and the \"type\" of \"ipam\" is {kind:?}, which gives \
                 addresses by itself: use \"pool\", or leave out \"fromMaster\""
            ),
        ));
    }
    if let Some(other) = OTHER_POOLS.iter().find(|key| ipam.contains_key(**key)) {
        return Err(Error::configuration(format!(
            "\"ipam\" has \"fromMaster\" and {other:?}, each of which says where addresses come from: leave one out"
        )));
    }
    if configuration.lower.get("linkincontainer") == Some(&Value::Bool(true)) {
        return Err(Error::configuration(
            "\"fromMaster\" is about a parent of the node, and with \"linkInContainer\" it is in the pod: write the pool's \
             subnet into \"pools\"",
        ));
    }
    Ok(())
}

fn families(value: &Value) -> Result<Vec<Family>> {
    const WORDS: [&str; 3] = ["ipv4", "ipv6", "both"];
    match value.as_str() {
        Some("ipv4") => Ok(vec![Family::Ipv4]),
        Some("ipv6") => Ok(vec![Family::Ipv6]),
        Some("both") => Ok(vec![Family::Ipv4, Family::Ipv6]),
        other => Err(Error::configuration(format!(
            "\"family\" of \"fromMaster\" is {value}: {}it is one of {}",
            question(other.unwrap_or_default(), WORDS),
            WORDS.join(", ")
        ))),
    }
}

fn gateway(value: &Value) -> Result<Gateway> {
    const WORDS: [&str; 3] = ["first", "last", "none"];
    match (value.as_str(), value.as_u64()) {
        (Some("none"), _) => Ok(Gateway::None),
        (Some("first"), _) => Ok(Gateway::First),
        (Some("last"), _) => Ok(Gateway::Last),
        (_, Some(place)) => Ok(Gateway::At(place)),
        (other, _) => Err(Error::configuration(format!(
            "\"gateway\" of \"fromMaster\" is {value}: {}it is one of {}, or the number of its place in the subnet",
            question(other.unwrap_or_default(), WORDS),
            WORDS.join(", ")
        ))),
    }
}

fn range(value: &Value) -> Result<Places> {
    pair(value).ok_or_else(|| {
        wrong(
            "range",
            "the places of the first and of the last address in the subnet, like [10, 200]",
            value,
        )
    })
}

fn exclude(value: &Value) -> Result<Vec<Places>> {
    let items = list("exclude", PLACES, value)?;
    let place = |item: &Value| match item.as_u64() {
        Some(place) => Ok(place..=place),
        None => pair(item).ok_or_else(|| wrong("exclude", PLACES, item)),
    };
    items.iter().map(place).collect()
}

fn pair(value: &Value) -> Option<Places> {
    let [first, last] = value.as_array()?.as_slice() else {
        return None;
    };
    let (first, last) = (first.as_u64()?, last.as_u64()?);
    (first <= last).then_some(first..=last)
}

fn within(value: &Value) -> Result<Vec<IpNetwork>> {
    let wanted = "a network like \"172.16.0.0/12\", or a list of them";
    let items = match value {
        Value::String(_) => std::slice::from_ref(value),
        other => list("within", wanted, other)?,
    };
    let network = |item: &Value| {
        let network: Option<IpNetwork> = item.as_str().and_then(|text| text.trim().parse().ok());
        network.ok_or_else(|| wrong("within", wanted, item))
    };
    items.iter().map(network).collect()
}

fn list<'a>(key: &str, wanted: &str, value: &'a Value) -> Result<&'a [Value]> {
    match value.as_array() {
        Some(items) if items.len() <= ITEMS => Ok(items),
        Some(items) => Err(Error::configuration(format!(
            "{key:?} of \"fromMaster\" has {} items, and may have {ITEMS}",
            items.len()
        ))),
        None => Err(wrong(key, wanted, value)),
    }
}

fn wrong(key: &str, wanted: &str, value: &Value) -> Error {
    let place = match key {
        "" => "\"fromMaster\" of \"ipam\"".to_owned(),
        key => format!("{key:?} of \"fromMaster\""),
    };
    Error::configuration(format!("{place} must be {wanted}, not {value}"))
}

#[cfg(test)]
mod tests;
