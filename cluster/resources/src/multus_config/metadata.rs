//! What the metadata of a network says: names, version and form.

use std::collections::BTreeMap;

use plumb_values::similar::question;
use serde_json::Value;

use super::{FORM_ANNOTATION, Form};
use crate::fields::{Fields, Problems};

const NAME_ANNOTATION: &str = "multus.spidernet.io/cr-name";
const VERSION_ANNOTATION: &str = "multus.spidernet.io/cni-version";
const NETWORK_NAME_ANNOTATION: &str = "cni.spidernet.io/cniconfig-name";
const INJECT_ANNOTATIONS: [&str; 2] = [
    "cni.spidernet.io/rdma-resource-inject",
    "cni.spidernet.io/network-resource-inject",
];
/// kubectl's own note of what was applied. In another object it would be a lie about that one.
const APPLIED_ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Those that Spiderpool takes, the first of which it takes where nothing is said.
const VERSIONS: [&str; 4] = ["0.3.1", "0.3.0", "0.4.0", "1.0.0"];

/// Most characters of the name: the label of an object has no more.
const NAME_LENGTH: usize = 63;

pub(super) struct Metadata {
    pub(super) namespace: Option<String>,
    pub(super) name: String,
    pub(super) attachment: String,
    pub(super) network_name: String,
    pub(super) version: &'static str,
    pub(super) form: Form,
    pub(super) annotations: BTreeMap<String, String>,
}

impl Metadata {
    pub(super) fn read(object: &Value, problems: &Problems, notes: &mut Vec<String>) -> Self {
        let nothing = Value::Object(serde_json::Map::new());
        let metadata = object.get("metadata").unwrap_or(&nothing);
        let fields = Fields::of("metadata", metadata, problems);
        let text = |field: &str| fields.as_ref().and_then(|fields| fields.text(field));
        let name = match &fields {
            Some(fields) => fields.required_text("name", "the name of the network"),
            None => String::new(),
        };
        let annotations = annotations(metadata, problems);
        let attachment = match annotations.get(NAME_ANNOTATION) {
            None => name.clone(),
            Some(written) => {
                check_name(written, problems);
                written.clone()
            }
        };
        for inject in INJECT_ANNOTATIONS {
            if annotations.contains_key(inject) {
                notes.push(format!(
                    "the annotation {inject} has no effect: plumb changes no pods, so write k8s.v1.cni.cncf.io/networks and \
                     the limits of the resource into the pod"
                ));
            }
        }
        Self {
            namespace: text("namespace").map(str::to_owned),
            network_name: annotations
                .get(NETWORK_NAME_ANNOTATION)
                .filter(|name| !name.is_empty())
                .unwrap_or(&attachment)
                .clone(),
            version: version(&annotations, problems),
            form: form(&annotations, problems),
            annotations: annotations
                .into_iter()
                .filter(|(key, _)| key != APPLIED_ANNOTATION)
                .collect(),
            name,
            attachment,
        }
    }
}

fn annotations(metadata: &Value, problems: &Problems) -> BTreeMap<String, String> {
    let written = metadata.get("annotations").and_then(Value::as_object);
    written
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| match value {
            Value::String(text) => Some((key.clone(), text.clone())),
            other => {
                problems.add(format!(
                    "the annotation {key} is {other}, expected a text in quotes"
                ));
                None
            }
        })
        .collect()
}

/// As RFC 1123 says of the labels of a host's name, which Kubernetes takes for names.
fn check_name(name: &str, problems: &Problems) {
    let inside = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| inside(byte) && *byte != b'-');
    let bytes = name.as_bytes();
    let is_name = bytes.iter().all(inside) && edge(bytes.first()) && edge(bytes.last());
    if !is_name || bytes.len() > NAME_LENGTH {
        problems.add(format!(
            "the annotation {NAME_ANNOTATION} is {name:?}, expected a name of at most {NAME_LENGTH} small letters, digits and -"
        ));
    }
}

fn version(annotations: &BTreeMap<String, String>, problems: &Problems) -> &'static str {
    let Some(written) = annotations.get(VERSION_ANNOTATION) else {
        return VERSIONS[0];
    };
    let found = VERSIONS.into_iter().find(|version| version == written);
    found.unwrap_or_else(|| {
        problems.add(format!(
            "the annotation {VERSION_ANNOTATION} is {written:?}, expected one of {}",
            VERSIONS.join(", ")
        ));
        VERSIONS[0]
    })
}

fn form(annotations: &BTreeMap<String, String>, problems: &Problems) -> Form {
    match annotations.get(FORM_ANNOTATION).map(String::as_str) {
        None | Some("list") => Form::List,
        Some("single") => Form::Single,
        Some(other) => {
            problems.add(format!(
                "the annotation {FORM_ANNOTATION} is {other:?}: {}it is list or single",
                question(other, ["list", "single"])
            ));
            Form::List
        }
    }
}
