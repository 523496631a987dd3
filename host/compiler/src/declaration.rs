//! What a component says of itself: a document in a custom section, which is read and never executed.
//!
//! A custom section means nothing to an engine (WebAssembly, "Binary Format", section "Custom Section"; the component
//! model has the same in a component), so a declaration costs nothing at run time and cannot make a component invalid.
//! It is a wish and grants nothing: what the operator granted is in the store's manifest.

use std::collections::BTreeSet;

use plumb_values::similar::question;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use wasm_encoder::{ComponentSection, CustomSection, Section};
use wasmparser::{Encoding, Parser, Payload};

use crate::error::Error;
use crate::version::{CONTRACT_VERSION, operations};

/// Name of the custom section.
pub const SECTION: &str = "plumb:component";

/// Most bytes of the document. The largest of ours has 2 KiB, with the schema of its keys.
pub const MOST_BYTES: usize = 64 << 10;

/// What a vendor says of a component, in JSON. Every member may be missing, and members that are not known are left
/// out: a component that was built with a later SDK is read as far as it is understood.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Declaration {
    /// The name that the vendor suggests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The vendor's own version, in whatever form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// What it is for, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The operations that it wishes to record, by their names in the contract.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub operations: BTreeSet<String>,
    /// The devices that it wishes them for.
    #[serde(default, skip_serializing_if = "Devices::is_empty")]
    pub devices: Devices,
    /// The keys of its configuration: a JSON Schema of an object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Map<String, Value>>,
}

/// Devices as patterns, in the form of the node's policy: names in which `*` is any number of characters, or
/// `driver:NAME`. None: any that a network configuration names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// Interfaces of the host that interfaces are made on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub parents: BTreeSet<String>,
    /// PCI functions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub functions: BTreeSet<String>,
}

impl Devices {
    fn is_empty(&self) -> bool {
        self.parents.is_empty() && self.functions.is_empty()
    }
}

impl Declaration {
    /// The declaration of a core module or a component, in binary form; none when it has none.
    ///
    /// That of the outermost component or module holds. Where there is none, those of the modules and components inside
    /// do: what a language's tool wraps as a component keeps the section of the module.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`] for one that cannot be understood, [`Error::Invalid`] for bytes that are no WebAssembly.
    pub fn of(binary: &[u8]) -> Result<Option<Self>, Error> {
        let found = Found::in_binary(binary)?;
        let documents = match found.outermost.is_empty() {
            true => found.inside,
            false => found.outermost,
        };
        let Some((first, others)) = documents.split_first() else {
            return Ok(None);
        };
        if others.iter().any(|other| other != first) {
            return Err(broken(
                "there are several, and they differ: the component's tools put in more than one",
            ));
        }
        Self::parse(first).map(Some)
    }

    /// Understands the document.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`].
    pub fn parse(document: &[u8]) -> Result<Self, Error> {
        if document.len() > MOST_BYTES {
            return Err(broken(format!(
                "it has {} bytes, more than the {MOST_BYTES} that are read",
                document.len()
            )));
        }
        // A list of values would do for a struct, in the order of its members.
        let declaration: Self = serde_json::from_slice::<Map<String, Value>>(document)
            .and_then(|object| serde_json::from_value(Value::Object(object)))
            .map_err(|error| broken(format!("it is not the JSON that is expected: {error}")))?;
        declaration.check()?;
        Ok(declaration)
    }

    /// A word that nobody knows would be a wish that nobody can grant.
    fn check(&self) -> Result<(), Error> {
        let known = operations();
        for operation in &self.operations {
            if !known.contains(operation) {
                return Err(broken(format!(
                    "it wishes for {operation:?}, which is no operation of plumb:cni {CONTRACT_VERSION}: {}there are {}",
                    question(operation, known.iter().map(String::as_str)),
                    known.join(", ")
                )));
            }
        }
        let mut patterns = self.devices.parents.iter().chain(&self.devices.functions);
        if patterns.any(|pattern| pattern.trim().is_empty()) {
            return Err(broken("it has an empty text among its devices"));
        }
        Ok(())
    }

    /// Puts the document into a core module or a component that has none, as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`] for a document that [`Self::parse`] refuses, and where there is a declaration already.
    pub fn embed(document: &[u8], binary: &[u8]) -> Result<Vec<u8>, Error> {
        Self::parse(document)?;
        if Self::of(binary)?.is_some() {
            return Err(broken(
                "there is one in it already, which its language's SDK put in: leave one of the two out",
            ));
        }
        let section = CustomSection {
            name: SECTION.into(),
            data: document.into(),
        };
        let mut declared = binary.to_vec();
        match is_component(binary) {
            true => ComponentSection::append_to_component(&section, &mut declared),
            false => Section::append_to(&section, &mut declared),
        }
        Ok(declared)
    }
}

/// The documents in a binary, by where they are.
#[derive(Default)]
struct Found<'a> {
    outermost: Vec<&'a [u8]>,
    inside: Vec<&'a [u8]>,
}

impl<'a> Found<'a> {
    fn in_binary(binary: &'a [u8]) -> Result<Self, Error> {
        let mut found = Self::default();
        let mut depth = 0_u32;
        for payload in Parser::new(0).parse_all(binary) {
            match payload.map_err(Error::invalid)? {
                Payload::Version { .. } => depth += 1,
                Payload::End(_) => depth -= 1,
                Payload::CustomSection(section) if section.name() == SECTION => match depth {
                    1 => found.outermost.push(section.data()),
                    _ => found.inside.push(section.data()),
                },
                _ => {}
            }
        }
        Ok(found)
    }
}

/// Whether a binary is a component, and not a core module, by its first section.
pub(crate) fn is_component(binary: &[u8]) -> bool {
    let first = Parser::new(0).parse_all(binary).next();
    matches!(
        first,
        Some(Ok(Payload::Version {
            encoding: Encoding::Component,
            ..
        }))
    )
}

fn broken(reason: impl Into<String>) -> Error {
    Error::Declaration(reason.into())
}

#[cfg(test)]
mod tests;
