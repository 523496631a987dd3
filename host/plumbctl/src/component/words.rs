//! A component in words: what a vendor wrote is shown without what would play tricks on a terminal.

use plumb::components::store::Manifest;
use plumb_compiler::Declaration;
use plumb_values::text::{printable, shorten};
use serde_json::{Map, Value};

use super::declared;
use crate::compile::About;

/// Most bytes that are shown of a text that a vendor wrote.
const SHOWN: usize = 400;

/// `acme-vlan 1.2.0 by ACME Networks`, as far as it says so.
pub fn title(declaration: &Declaration) -> Option<String> {
    let said = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let name = said(&declaration.name).map(|name| text(&name));
    let version = said(&declaration.version).map(|version| text(&version));
    let author = said(&declaration.author).map(|author| format!("by {}", text(&author)));
    let parts: Vec<_> = [name, version, author].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// What it is, a line each: a name of the line, and what stands there.
pub fn rows(about: &About) -> Vec<(&'static str, String)> {
    let declaration = about.declaration.as_ref();
    let mut rows = Vec::new();
    if let Some(title) = declaration.and_then(title) {
        rows.push(("component", title));
    }
    if let Some(description) = declaration.and_then(|one| one.description.as_deref()) {
        rows.push(("description", text(description)));
    }
    rows.push((
        "world",
        format!("{} of plumb:cni {}", about.world, about.contract),
    ));
    rows.push(("imports", about.imports.join(", ")));
    if !about.wasi.is_empty() {
        rows.push((
            "WASI",
            format!(
                "answered inside of it, and never reaches the host: {}",
                text(&about.wasi.join(", "))
            ),
        ));
    }
    if about.is_composed {
        rows.push((
            "parts",
            "several components that call each other: it takes --large".to_owned(),
        ));
    }
    rows.push(("size", format!("{} bytes", about.size)));
    rows.push(("digest", about.digest.clone()));
    rows.push(match declaration {
        Some(declaration) => (
            "declares",
            declared::in_words(&declared::wishes(declaration)),
        ),
        None => ("declares", "nothing: it has no declaration".to_owned()),
    });
    let keys = declaration.and_then(|one| one.keys.as_ref());
    rows.extend(keys.into_iter().flat_map(keys_in_words));
    rows
}

/// What of the node it may have, where that is more than others get.
pub fn of_the_node(manifest: &Manifest) -> Option<(&'static str, String)> {
    let limits = manifest.allowance().limits();
    manifest.large.then(|| {
        let text = format!(
            "it may have {} MiB of memory, {} memories and {} instances",
            limits.memory_bytes >> 20,
            limits.memories,
            limits.instances
        );
        ("large", text)
    })
}

/// Prints rows, the names below each other.
pub fn print<'a>(rows: impl IntoIterator<Item = &'a (&'static str, String)>) {
    for (name, value) in rows {
        println!("  {name:<12} {value}");
    }
}

/// The keys of a JSON Schema, a row each: `vlan: integer, required; 1 to 4094`.
fn keys_in_words(schema: &Map<String, Value>) -> Vec<(&'static str, String)> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array);
    let is_required =
        |key: &str| required.is_some_and(|required| required.iter().any(|one| one == key));
    let row = |(key, value): (&String, &Value)| {
        let kind = match value.get("type") {
            Some(Value::String(kind)) => text(kind),
            Some(Value::Array(kinds)) => {
                let kinds: Vec<_> = kinds.iter().filter_map(Value::as_str).map(text).collect();
                kinds.join(" or ")
            }
            _ => "any value".to_owned(),
        };
        let need = match is_required(key) {
            true => ", required",
            false => "",
        };
        let description = match value.get("description").and_then(Value::as_str) {
            Some(description) => format!("; {}", text(description)),
            None => String::new(),
        };
        ("key", format!("{}: {kind}{need}{description}", text(key)))
    };
    properties.into_iter().flatten().map(row).collect()
}

fn text(written: &str) -> String {
    printable(&shorten(written, SHOWN), false).into_owned()
}

#[cfg(test)]
mod tests;
