//! The bill of materials, as scanners of vulnerabilities read it (CycloneDX 1.5, JSON).

use serde_json::{Value, json};

use crate::Failure;
use crate::linked::Linked;

/// The document. It has no date and no serial number: the same sources give the same document.
pub fn of(linked: &Linked) -> Result<String, Failure> {
    let packages = linked.packages.iter().map(|package| {
        part(
            "cargo",
            &package.name,
            &package.version,
            &package.licence,
            &package.repository,
        )
    });
    let others = linked.others.iter().map(|other| {
        part(
            "generic",
            other.name,
            &other.version,
            other.licence,
            other.repository,
        )
    });
    let components: Vec<Value> = others.chain(packages).collect();
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {
            "type": "application", "bom-ref": "plumb", "name": "plumb", "version": env!("CARGO_PKG_VERSION"),
            "licenses": [{"expression": "Apache-2.0"}],
        }},
        "components": components,
    });
    Ok(format!("{document:#}\n"))
}

/// A part of plumb; `registry` is the type of its package URL (purl-spec).
fn part(registry: &str, name: &str, version: &str, licence: &str, repository: &str) -> Value {
    let address = format!("pkg:{registry}/{name}@{version}");
    json!({
        "type": "library", "bom-ref": address, "purl": address,
        "name": name, "version": version,
        "licenses": [{"expression": licence}],
        "externalReferences": references(repository),
    })
}

fn references(repository: &str) -> Value {
    match repository {
        "" => json!([]),
        url => json!([{"type": "vcs", "url": url}]),
    }
}
