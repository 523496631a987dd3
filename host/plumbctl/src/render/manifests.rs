//! The objects in files of manifests.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use plumb_resources::{
    COORDINATOR_KIND, MULTUS_CONFIG_KIND, POOL_KIND, RESERVED_KIND, SUBNET_KIND, USERS_GROUP,
    USERS_VERSION,
};
use plumb_values::Family;
use plumb_values::similar::question;
use serde::Deserialize;
use serde_json::Value;
use serde_yaml_ng::Value as Yaml;

use crate::Failure;

const KINDS: [&str; 5] = [
    POOL_KIND,
    RESERVED_KIND,
    MULTUS_CONFIG_KIND,
    COORDINATOR_KIND,
    SUBNET_KIND,
];

/// An object, and where it is written.
#[derive(Debug)]
pub(super) struct Manifest {
    /// File and document.
    pub(super) file: String,
    /// File, document, kind and name.
    pub(super) place: String,
    /// The object.
    pub(super) object: Value,
}

impl Manifest {
    pub(super) fn kind(&self) -> &str {
        self.text(&["kind"]).unwrap_or_default()
    }

    pub(super) fn name(&self) -> Option<&str> {
        self.text(&["metadata", "name"])
    }

    /// Of a pool: that of its subnet.
    pub(super) fn family(&self) -> Family {
        match self.text(&["spec", "subnet"]) {
            Some(subnet) if subnet.contains(':') => Family::Ipv6,
            _ => Family::Ipv4,
        }
    }

    /// Sentences about fields of the object, with its place before each.
    pub(super) fn sentences(&self, about: Vec<String>) -> Vec<String> {
        let with_place = |sentence| format!("{}: {sentence}", self.place);
        about.into_iter().map(with_place).collect()
    }

    fn text(&self, path: &[&str]) -> Option<&str> {
        let start = Some(&self.object);
        path.iter()
            .fold(start, |value, field| value?.get(field))?
            .as_str()
    }
}

/// Reads all documents of all files.
pub(super) fn read(files: &[PathBuf]) -> Result<Vec<Manifest>, Failure> {
    let mut manifests = Vec::new();
    for file in files {
        let text = text(file)?;
        manifests.extend(documents(&file.display().to_string(), &text)?);
    }
    Ok(manifests)
}

fn text(file: &Path) -> Result<String, Failure> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| format!("read standard input: {error}"))?;
        return Ok(text);
    }
    let text = fs::read_to_string(file);
    Ok(text.map_err(|error| format!("read {}: {error}", file.display()))?)
}

/// The objects of a text. Empty documents are none.
pub(super) fn documents(file: &str, text: &str) -> Result<Vec<Manifest>, Failure> {
    let mut manifests = Vec::new();
    for (index, document) in serde_yaml_ng::Deserializer::from_str(text).enumerate() {
        let file = format!("{file} document {}", index + 1);
        let document = Yaml::deserialize(document);
        let document =
            document.map_err(|error| format!("{file}: not readable as YAML: {error}"))?;
        if document.is_null() {
            continue;
        }
        let object = serde_json::to_value(document)
            .map_err(|error| format!("{file}: not an object of Kubernetes: {error}"))?;
        add(file, object, &mut manifests)?;
    }
    Ok(manifests)
}

/// Adds an object, or those of a list, as `kubectl get -o yaml` prints it.
fn add(file: String, object: Value, manifests: &mut Vec<Manifest>) -> Result<(), Failure> {
    if let Some(Value::Array(items)) = object.get("items") {
        for (index, item) in items.iter().enumerate() {
            let file = format!("{file} item {}", index + 1);
            add(file, item.clone(), manifests)?;
        }
        return Ok(());
    }
    let text = |path: &str| object.pointer(path).and_then(Value::as_str);
    let Some(kind) = text("/kind") else {
        return Err(format!("{file}: has no `kind`, so it is no object of Kubernetes").into());
    };
    let place = match text("/metadata/name") {
        Some(name) => format!("{file} ({kind} {name:?})"),
        None => format!("{file} ({kind})"),
    };
    let group = text("/apiVersion")
        .unwrap_or_default()
        .split('/')
        .next()
        .unwrap_or_default();
    match (group == USERS_GROUP, KINDS.contains(&kind)) {
        // A slip of the finger would be passed over like the objects of others.
        (true, false) => {
            let question = question(kind, KINDS);
            let known = KINDS.join(", ");
            return Err(format!("{place}: no such kind: {question}there are {known}").into());
        }
        (false, true) => {
            return Err(format!(
                "{place}: `apiVersion` is {:?}, expected {USERS_GROUP}/{USERS_VERSION}",
                text("/apiVersion").unwrap_or_default()
            )
            .into());
        }
        _ => {}
    }
    manifests.push(Manifest {
        file,
        place,
        object,
    });
    Ok(())
}
