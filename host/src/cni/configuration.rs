//! The network configuration on standard input (CNI specification, section 3).

use plumb_values::names::is_identifier;
use serde_json::{Map, Value};

use super::keys;
use super::{Verb, Version};
use crate::{Code, Error, Result};

/// Largest configuration that is read, in bytes. Kubernetes objects end at 1.5 MiB.
pub const MAXIMAL_SIZE: usize = 8 * 1024 * 1024;

/// The configuration, checked as far as every verb needs it.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// Standard input, byte for byte: what an IPAM plugin gets.
    pub text: Vec<u8>,
    /// The object with every key in lower case: what plumb and components read.
    pub lower: Map<String, Value>,
    /// `prevResult` as it was written.
    pub previous_result: Option<Map<String, Value>>,
    /// `cniVersion`
    pub version: Version,
    /// `name`
    pub network: String,
    /// `type`
    pub plugin_type: String,
}

impl Configuration {
    /// Understands the text of standard input for a verb.
    pub fn parse(verb: Verb, text: Vec<u8>) -> Result<Self> {
        let mut original = decode(&text)?;
        let version = version(verb, &original)?;
        let previous_result = match keys::remove(&mut original, "prevResult") {
            None | Some(Value::Null) => None,
            Some(Value::Object(result)) => Some(result),
            // DEL has its own record and does not depend on what a runtime kept.
            Some(_) if verb == Verb::Del => None,
            Some(other) => {
                return Err(Error::configuration(format!(
                    "prevResult must be an object, not {other}"
                )));
            }
        };
        let Value::Object(lower) = keys::lower(&Value::Object(original)) else {
            unreachable!("an object stays an object");
        };
        let network = network_name(&lower)?;
        let plugin_type = match lower.get("type") {
            Some(Value::String(kind)) if !kind.is_empty() => kind.clone(),
            None | Some(Value::String(_)) => {
                return Err(Error::configuration(format!(
                    "network {network} has no \"type\""
                )));
            }
            Some(other) => {
                return Err(Error::configuration(format!(
                    "\"type\" must be a string, not {other}"
                )));
            }
        };
        Ok(Self {
            text,
            lower,
            previous_result,
            version,
            network,
            plugin_type,
        })
    }

    /// A string at the top level; an empty one is none.
    pub fn string(&self, key: &str) -> Result<Option<&str>> {
        match self.lower.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(other) => Err(Error::configuration(format!(
                "{key:?} must be a string, not {other}"
            ))),
        }
    }

    /// A flag at the top level, `key` in the spelling of the documentation; left out, it is false.
    pub fn flag(&self, key: &str) -> Result<bool> {
        match self.lower.get(&key.to_lowercase()) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(other) => Err(Error::configuration(format!(
                "{key:?} must be true or false, not {other}"
            ))),
        }
    }

    /// A value of `runtimeConfig`, where a runtime puts what a pod asks of a capability.
    pub fn runtime(&self, key: &str) -> Option<&Value> {
        self.lower.get("runtimeconfig")?.get(key)
    }

    /// A value of `args.cni`, where Multus puts the pod's `cni-args`.
    pub fn argument(&self, key: &str) -> Option<&Value> {
        self.lower.get("args")?.get("cni")?.get(key)
    }

    /// `ipam`, unless it names nothing that could give addresses: with the replaced plugins an `ipam` whose `type` is
    /// left out or empty is none, whatever else it has, and the interface is one without addresses.
    pub fn ipam(&self) -> Option<&Map<String, Value>> {
        self.lower.get("ipam")?.as_object().filter(|ipam| {
            let kind = ipam.get("type").unwrap_or(&Value::Null);
            !kind.is_null() && kind != ""
        })
    }

    /// The keys of an `ipam` that is none, see [`Self::ipam`].
    pub fn unused_ipam_keys(&self) -> Vec<&str> {
        let ipam = self.lower.get("ipam").and_then(Value::as_object);
        match (self.ipam(), ipam) {
            (None, Some(ipam)) => ipam
                .keys()
                .map(String::as_str)
                .filter(|key| *key != "type")
                .collect(),
            _ => Vec::new(),
        }
    }

    /// `dns`, unless it is absent or empty.
    pub fn dns(&self) -> Option<&Value> {
        self.lower
            .get("dns")
            .filter(|dns| dns.as_object().is_some_and(|dns| !dns.is_empty()))
    }

    /// Refuses a `dns` that no result may have: the runtime would refuse the result,
    /// and the pod with it, when all has been done.
    pub fn check_dns(&self) -> Result<()> {
        let dns = match self.lower.get("dns") {
            None | Some(Value::Null) => return Ok(()),
            Some(Value::Object(dns)) => dns,
            Some(other) => {
                return Err(Error::configuration(format!(
                    "\"dns\" must be an object, not {other}"
                )));
            }
        };
        let is_text = |value: &Value| value.is_string() || value.is_null();
        let is_list = |value: &Value| match value {
            Value::Array(items) => items.iter().all(is_text),
            other => other.is_null(),
        };
        for (key, value) in dns {
            let needed = match key.as_str() {
                "domain" if !is_text(value) => "a string",
                "nameservers" | "search" | "options" if !is_list(value) => "a list of strings",
                _ => continue,
            };
            return Err(Error::configuration(format!(
                "{key:?} of \"dns\" must be {needed}, not {value}"
            )));
        }
        Ok(())
    }
}

/// `cniVersion` of a text that may be anything: VERSION answers whatever comes.
pub fn version_of(text: &[u8]) -> Option<Version> {
    let object = decode(text).ok()?;
    Version::parse(keys::get(&object, "cniVersion")?.as_str()?)
}

fn decode(text: &[u8]) -> Result<Map<String, Value>> {
    let failed = |reason: String| {
        Error::new(
            Code::DECODE,
            format!("the network configuration on standard input is not one JSON object: {reason}"),
        )
    };
    if text.is_empty() {
        return Err(failed("it is empty".into()));
    }
    match serde_json::from_slice(text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(Value::Null) => Err(failed("it is null".into())),
        Ok(Value::Array(_)) => Err(failed("it is an array".into())),
        Ok(_) => Err(failed("it is a single value".into())),
        Err(error) => Err(failed(error.to_string())),
    }
}

fn version(verb: Verb, object: &Map<String, Value>) -> Result<Version> {
    let supported = || format!("plumb speaks {}", Version::names().join(", "));
    let incompatible = |message: String| Error::new(Code::INCOMPATIBLE_VERSION, message);
    let version = match keys::get(object, "cniVersion") {
        None | Some(Value::Null) => Ok(Version::UNNAMED),
        Some(Value::String(text)) if text.is_empty() => Ok(Version::UNNAMED),
        Some(Value::String(text)) => Version::parse(text)
            .ok_or_else(|| incompatible(format!("cniVersion {text:?} is not supported"))),
        Some(other) => Err(incompatible(format!(
            "cniVersion must be a string, not {other}"
        ))),
    };
    let version = match version {
        Ok(version) => version,
        // It prints no result, and what it detaches is in the record.
        Err(_) if verb == Verb::Del => Version::NEWEST,
        Err(error) => return Err(error.with_details(supported())),
    };
    if version < verb.since() {
        return Err(incompatible(format!(
            "config version does not allow {}: cniVersion is {version}, {} came with {}",
            verb.as_str(),
            verb.as_str(),
            verb.since()
        ))
        .with_details(supported()));
    }
    Ok(version)
}

fn network_name(lower: &Map<String, Value>) -> Result<String> {
    match lower.get("name") {
        Some(Value::String(name)) if is_identifier(name) => Ok(name.clone()),
        None | Some(Value::Null) => Err(Error::configuration(
            "the network configuration has no \"name\"",
        )),
        Some(other) => Err(Error::configuration(format!(
            "network name {other} must begin with a letter or digit and hold only letters, \
             digits, '_', '.' and '-', 255 of them at most"
        ))),
    }
}
