//! VERSION, and the versions that the specimen speaks.

use std::fs;

use serde_json::{Value, json};

use crate::error::{CONFIGURATION, DECODE, ENVIRONMENT, Error, INCOMPATIBLE, INPUT_OUTPUT};
use crate::{defects, json, record};

/// Oldest first.
const SUPPORTED: [&str; 4] = ["0.3.1", "0.4.0", "1.0.0", "1.1.0"];

/// A version of [`SUPPORTED`], in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 0.3.1
    V0_3_1,
    /// 0.4.0: CHECK was new.
    V0_4_0,
    /// 1.0.0: addresses without `version`.
    V1_0_0,
    /// 1.1.0: STATUS and GC were new.
    V1_1_0,
}

impl Version {
    const ALL: [Self; 4] = [Self::V0_3_1, Self::V0_4_0, Self::V1_0_0, Self::V1_1_0];

    /// The version of a configuration.
    pub fn of(configuration: &Value) -> Result<Self, Error> {
        let asked = json::get(configuration, "cniVersion");
        if asked.is_null() && defects::has("no-version-is-the-newest") {
            return Ok(Self::V1_1_0);
        }
        if asked == "0.0.0" && defects::has("takes-older-versions") {
            return Ok(Self::V0_3_1);
        }
        // No version means 0.1.0.
        let asked = asked.as_str().unwrap_or("0.1.0");
        let found = SUPPORTED.iter().position(|version| *version == asked);
        found.map(|index| Self::ALL[index]).ok_or_else(|| Error {
            code: INCOMPATIBLE,
            message: format!("version {asked:?} of the configuration is not supported"),
            details: match defects::has("empty-message") {
                true => String::new(),
                false => format!("supported are {}", SUPPORTED.join(", ")),
            },
        })
    }

    /// As `cniVersion` has it.
    pub fn as_str(self) -> &'static str {
        SUPPORTED[self as usize]
    }
}

/// The newest supported version.
pub fn newest() -> &'static str {
    SUPPORTED[SUPPORTED.len() - 1]
}

/// The versions, and that of the input where it has one.
pub fn answer(input: &[u8]) -> Result<Value, Error> {
    let configuration: Value = serde_json::from_slice(input).unwrap_or_default();
    if defects::has("version-needs-input") && input.is_empty() {
        return Err(Error::new(DECODE, "there is no network configuration"));
    }
    if defects::has("version-decodes-strictly") && !configuration["type"].is_null() {
        return Err(Error::new(CONFIGURATION, "unknown field \"type\""));
    }
    if defects::has("version-needs-an-interface")
        && std::env::var("CNI_IFNAME").is_ok_and(|name| name.is_empty())
    {
        return Err(Error::new(ENVIRONMENT, "CNI_IFNAME is missing"));
    }
    if defects::has("version-leaves-a-note") {
        let note = record::root().join("note");
        fs::create_dir_all(record::root())
            .and_then(|()| fs::write(note, "asked"))
            .map_err(|error| Error::new(INPUT_OUTPUT, format!("write a note: {error}")))?;
    }
    let asked = json::get(&configuration, "cniVersion").as_str();
    let asked = match defects::has("version-says-its-own") {
        true => None,
        false => asked,
    };
    let mut supported = SUPPORTED.to_vec();
    if defects::has("lists-half-a-version") {
        supported.push("1.2");
    }
    Ok(json!({
        "cniVersion": asked.unwrap_or(newest()),
        "supportedVersions": supported,
    }))
}
