//! `plumbctl component recompile`: code for this release, of the components that are installed.

use std::collections::BTreeMap;

use plumb::components::store::{self, compiled_name};

use super::names;
use super::store::{Code, Lock, Store};
use crate::{Failure, compile};

/// Arguments of `plumbctl component recompile`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The components
    #[arg(required_unless_present = "all")]
    names: Vec<String>,
    /// All that are installed
    #[arg(long, conflicts_with = "names")]
    all: bool,
    /// Keep the code of other releases, for a way back to one of them
    #[arg(long)]
    keep: bool,
}

/// Compiles each; one that cannot be compiled keeps none of the others from it.
pub fn run(store: &Store, arguments: &Arguments) -> Result<(), Failure> {
    let names = match arguments.all {
        true => store.names()?,
        false => arguments.names.clone(),
    };
    for name in &names {
        names::well_formed(name)?;
        store.get(name)?;
    }
    if names.is_empty() {
        println!("none is installed in {}", store.folder().display());
        return Ok(());
    }
    let lock = store.lock()?;
    let mut failed = Vec::new();
    for name in &names {
        match recompile(store, &lock, name, arguments.keep) {
            Ok(()) => println!("compiled {name} for {}", plumb_engine::engine_key()),
            Err(failure) => {
                eprintln!("plumbctl: {name}: {failure}");
                failed.push(name.as_str());
            }
        }
    }
    match failed.is_empty() {
        true => Ok(()),
        false => Err(format!("not compiled: {}", failed.join(", ")).into()),
    }
}

fn recompile(store: &Store, lock: &Lock, name: &str, keep: bool) -> Result<(), Failure> {
    let mut installed = store.get(name)?;
    let component = installed.component()?;
    let allowance = installed.manifest.allowance();
    let compiled = compile::compile(&component, &installed.folder, allowance)?;
    let own = compiled_name();
    let manifest = &mut installed.manifest;
    manifest.compiled.retain(|file, _| keep && *file != own);
    let mut codes: BTreeMap<_, _> = manifest
        .compiled
        .keys()
        .map(|file| (file.clone(), Code::Kept))
        .collect();
    codes.insert(own.clone(), Code::New(&compiled.code));
    manifest.compiled.insert(own, store::digest(&compiled.code));
    store.put(lock, name, manifest, &component, &codes)
}
