//! The bill of materials, as scanners of vulnerabilities read it (CycloneDX 1.5, JSON).

use serde_json::{Value, json};

use crate::Failure;
use crate::linked::Linked;

/// The document. It has no date and no serial number: the same sources give the same document.
pub fn of(linked: &Linked) -> Result<String, Failure> {
    let packages = linked.packages.iter().map(|package| {
        let address = format!("pkg:cargo/{}@{}", package.name, package.version);
        json!({
            "type": "library", "bom-ref": address, "purl": address,
            "name": package.name, "version": package.version,
            "licenses": [{"expression": package.licence}],
            "externalReferences": references(&package.repository),
        })
    });
    let others = linked.others.iter().map(|other| {
        let address = format!("pkg:generic/{}@{}", other.name, other.version);
        json!({
            "type": "library", "bom-ref": address, "purl": address,
            "name": other.name, "version": other.version,
            "licenses": [{"expression": other.licence}],
            "externalReferences": references(other.repository),
        })
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

fn references(repository: &str) -> Value {
    match repository {
        "" => json!([]),
        url => json!([{"type": "vcs", "url": url}]),
    }
}
