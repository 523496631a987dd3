//! `plumbctl component pull`: an artifact of a registry becomes a file. Nothing is installed, and any user may.

use std::path::{Path, PathBuf};

use plumb::replace::{self, Lasting};
use plumb_engine::limits::COMPONENT_BYTES;
use plumb_protocol::registry::Task;

use super::registry::{self, Access};
use super::{names, words};
use crate::Failure;
use crate::compile::{self, About};

/// Arguments of `plumbctl component pull`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What: registry.example/acme/flavour:1.2.0, and with @sha256:… behind it that very one
    reference: String,
    /// Where to write it; flavour.wasm in this folder when left out. A file of that name is replaced
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    access: Access,
}

/// Pulls it, looks at it as `inspect` does, writes it, and says what comes next.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let reference = &arguments.reference;
    let task = Task::Pull {
        most: COMPONENT_BYTES as u64,
    };
    let (done, component) = registry::carry_out(reference, &arguments.access, task, &[])?;
    let found = format!("sha256:{}", plumb_compiler::digest(&component));
    if found != done.component {
        return Err(format!(
            "{reference} did not come whole: {} bytes with the digest {found} and not {}",
            component.len(),
            done.component
        )
        .into());
    }
    let about = compile::inspect(&component, Path::new(reference))?.about;
    let path = match &arguments.output {
        Some(path) => path.clone(),
        None => PathBuf::from(format!("{}.wasm", last_name(reference))),
    };
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    replace::file(&path, &draft, &component, 0o644, Lasting::UntilBoot)
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;

    println!("{}: {}", path.display(), done.pinned);
    words::print(&words::rows(&about));
    if !reference.contains('@') {
        println!(
            "a tag may become another component: by the reference above, with its digest, this one is pulled again"
        );
    }
    println!(
        "next, as root: plumbctl component install {} --name {}{}",
        path.display(),
        name(&about, reference),
        match about.declaration {
            Some(_) => " --grant-declared",
            None => "",
        }
    );
    Ok(())
}

/// `flavour` of `registry.example/acme/flavour:1.2.0@sha256:…`.
fn last_name(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or_default();
    let name = name.rsplit('/').next().unwrap_or_default();
    name.split(':').next().unwrap_or_default()
}

/// A name to install it by: the declared one, else the repository's.
fn name<'a>(about: &'a About, reference: &'a str) -> &'a str {
    let declared = about.declaration.as_ref();
    let declared = declared.and_then(|declaration| declaration.name.as_deref());
    let usable = |name: &&str| names::well_formed(name).is_ok();
    declared
        .filter(usable)
        .unwrap_or_else(|| last_name(reference))
}
