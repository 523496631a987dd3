//! `plumbctl component push`: a file becomes an artifact of a registry, from which others pull it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use plumb_compiler::Declaration;
use plumb_protocol::registry::{Described, Task};

use super::registry::{self, Access};
use crate::Failure;
use crate::compile::{self, About};

/// Arguments of `plumbctl component push`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A component (.wasm or .wat), or a core module that a compiler made of one's source
    file: PathBuf,
    /// Where to: registry.example/acme/flavour:1.2.0
    reference: String,
    #[command(flatten)]
    access: Access,
}

/// Looks at the file as `inspect` does, and pushes the component that it is; the same component to the same digest.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let bytes = compile::read(&arguments.file)?;
    let compiled = compile::inspect(&bytes, &arguments.file)?;
    let task = Task::Push(described(&compiled.about));
    let (done, _) = registry::carry_out(
        &arguments.reference,
        &arguments.access,
        task,
        &compiled.component,
    )?;
    println!("{}", done.pinned);
    Ok(())
}

/// A component in the words of an artifact. Whoever pulls it goes by the component itself.
fn described(about: &About) -> Described {
    let declaration = about.declaration.clone().unwrap_or_default();
    Described {
        annotations: annotations(&declaration),
        author: declaration.author,
        exports: about.exports.clone(),
        imports: about.imports.clone(),
        target: format!("plumb:cni/{}@{}", about.world, about.contract),
    }
}

/// What the declaration says, by the names of the OCI image specification ("Annotations").
fn annotations(declaration: &Declaration) -> BTreeMap<String, String> {
    let said = [
        ("title", &declaration.name),
        ("version", &declaration.version),
        ("description", &declaration.description),
        ("authors", &declaration.author),
    ];
    said.into_iter()
        .filter_map(|(key, text)| {
            let text = text.clone().filter(|text| !text.is_empty())?;
            Some((format!("org.opencontainers.image.{key}"), text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_says_what_the_declaration_says_and_no_more() {
        let declaration = Declaration::parse(
            br#"{"name": "acme-vlan", "version": "1.2.0", "author": "ACME Networks", "description": ""}"#,
        );
        let annotations = annotations(&declaration.expect("a declaration"));
        let expected = [
            ("org.opencontainers.image.authors", "ACME Networks"),
            ("org.opencontainers.image.title", "acme-vlan"),
            ("org.opencontainers.image.version", "1.2.0"),
        ];
        let expected = expected.map(|(key, text)| (key.to_owned(), text.to_owned()));
        assert_eq!(annotations, BTreeMap::from(expected));
    }
}
