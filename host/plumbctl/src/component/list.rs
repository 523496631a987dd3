//! `plumbctl component list`: what is installed, by its manifests.

use plumb::components::store::compiled_name;
use serde_json::{Value, json};

use super::declared;
use super::store::{Installed, Store};
use crate::{Failure, print_json};

/// Arguments of `plumbctl component list`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Prints a line for each component.
pub fn run(store: &Store, arguments: &Arguments) -> Result<(), Failure> {
    let mut items = Vec::new();
    for name in store.names()? {
        match store.get(&name) {
            Ok(installed) if arguments.json => items.push(as_json(&installed)),
            Ok(installed) => print(&installed),
            Err(failure) if arguments.json => {
                items.push(json!({"name": name, "error": failure.to_string()}));
            }
            Err(failure) => println!("{name}  {failure}"),
        }
    }
    match arguments.json {
        true => print_json(&items),
        false => Ok(()),
    }
}

/// Whether plumb can run it.
pub fn is_compiled(installed: &Installed) -> bool {
    let own = compiled_name();
    installed.manifest.compiled.contains_key(&own) && installed.folder.join(own).exists()
}

fn print(installed: &Installed) {
    let Installed { name, manifest, .. } = installed;
    println!(
        "{name}  {}  {}  grants: {}{}{}",
        manifest.world,
        manifest.digest,
        declared::in_words(&declared::granted(manifest)),
        match manifest.large {
            true => "  large",
            false => "",
        },
        match is_compiled(installed) {
            true => "".to_owned(),
            false =>
                format!("  not compiled for this release: plumbctl component recompile {name}"),
        }
    );
}

fn as_json(installed: &Installed) -> Value {
    let manifest = &installed.manifest;
    json!({
        "name": installed.name,
        "world": manifest.world,
        "digest": manifest.digest,
        "grants": declared::granted(manifest),
        "large": manifest.large,
        "isCompiledForThisRelease": is_compiled(installed),
    })
}
