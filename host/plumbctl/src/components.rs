//! `plumbctl component`: the store of vendor components.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use plumb::components::Device;
use plumb::components::store::{
    self, COMPONENT, MANIFEST, Manifest, compiled_name, is_component_name,
};
use plumb::policy::Reader;
use plumb::replace::{self, Lasting};

use crate::{Failure, compile};

/// Commands of `plumbctl component`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check a component by name, compile it for this release and install it without any grant
    Install {
        /// The component (.wasm or .wat), or the core module that cargo made of its crate
        file: PathBuf,
        /// The name that configurations use
        #[arg(long)]
        name: String,
    },
    /// List the installed components, and what each may do
    List,
    /// Allow a component to record operations, by their names in the contract
    Grant {
        /// The component
        name: String,
        /// The operations
        #[arg(required = true)]
        operations: Vec<String>,
        /// Interfaces of the host that they may make interfaces on: names in which * is any number of characters,
        /// or driver:NAME; any that the network configuration names when left out
        #[arg(long)]
        parent: Vec<String>,
        /// PCI functions that they may be about: addresses, interfaces of physical functions, or driver:NAME, as
        /// above; any that the network configuration names when left out
        #[arg(long)]
        function: Vec<String>,
    },
    /// Remove a component; attachments that it made can still be deleted
    Remove {
        /// The component
        name: String,
    },
}

/// Runs one of the commands.
pub fn run(folder: Option<PathBuf>, command: Command, policy: &Reader) -> Result<(), Failure> {
    let folder = &match folder {
        Some(folder) => folder,
        None => policy.read_for_removal()?.folders.components,
    };
    match command {
        Command::Install { file, name } => install(folder, &file, &name),
        Command::List => list(folder),
        Command::Grant {
            name,
            operations,
            parent,
            function,
        } => grant(folder, &name, &operations, &parent, &function),
        Command::Remove { name } => remove(folder, &name),
    }
}

fn checked(name: &str) -> Result<&str, Failure> {
    if is_component_name(name) {
        return Ok(name);
    }
    Err(format!("{name:?} is not a component's name: lower-case letters, digits and '-'").into())
}

/// The component's grants survive when it is installed again from the same bytes; a
/// changed component begins with none.
fn install(folder: &Path, file: &Path, name: &str) -> Result<(), Failure> {
    let name = checked(name)?;
    let compiled = compile::file(file)?;
    let digest = format!("sha256:{}", compiled.head.digest);
    let target = folder.join(name);
    // The code of other releases is this component's as long as it is the same.
    let (grants, devices, mut compiled_for) = match read_manifest(&target) {
        Ok(before) if before.digest == digest => (before.grants, before.devices, before.compiled),
        _ => (BTreeSet::new(), BTreeMap::new(), BTreeMap::new()),
    };
    compiled_for.insert(compiled_name(), store::digest(&compiled.code));
    let manifest = Manifest {
        world: compiled.head.world,
        digest,
        grants,
        devices,
        compiled: compiled_for,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(&target)
        .map_err(|error| format!("cannot create {}: {error}", target.display()))?;
    write(&target.join(COMPONENT), &compiled.component)?;
    write(&target.join(compiled_name()), &compiled.code)?;
    write_manifest(&target, &manifest)?;
    println!(
        "installed {name}, world {}, {}; it imports {}",
        manifest.world,
        manifest.digest,
        compiled.head.imports.join(", ")
    );
    if manifest.grants.is_empty() && manifest.world == "flavour" {
        println!("it has no grants yet: plumbctl component grant {name} OPERATION ...");
    }
    Ok(())
}

fn list(folder: &Path) -> Result<(), Failure> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    for name in names {
        let target = folder.join(&name);
        match read_manifest(&target) {
            Ok(manifest) => {
                let is_compiled = target.join(compiled_name()).exists()
                    && manifest.compiled.contains_key(&compiled_name());
                println!(
                    "{name}  {}  {}  grants: {}{}",
                    manifest.world,
                    manifest.digest,
                    in_words(&manifest),
                    if is_compiled {
                        ""
                    } else {
                        "  not compiled for this release: install it again"
                    }
                );
            }
            Err(failure) => println!("{name}  {failure}"),
        }
    }
    Ok(())
}

/// What a component may record, and on what.
fn in_words(manifest: &Manifest) -> String {
    let grants = manifest.grants.iter().map(|operation| {
        let Some(patterns) = manifest.devices.get(operation) else {
            return operation.clone();
        };
        let patterns: Vec<_> = patterns.iter().map(String::as_str).collect();
        format!("{operation} on {}", patterns.join(" and "))
    });
    let grants: Vec<_> = grants.collect();
    match grants.is_empty() {
        true => "none".to_owned(),
        false => grants.join(", "),
    }
}

/// Grants operations: on the devices that are named, beside those that were; without any, on all that a network
/// configuration names.
fn grant(
    folder: &Path,
    name: &str,
    operations: &[String],
    parents: &[String],
    functions: &[String],
) -> Result<(), Failure> {
    for (device, patterns) in [(Device::Parent, parents), (Device::Function, functions)] {
        let is_about = |operation: &String| Device::of(operation) == Some(device);
        if !patterns.is_empty() && !operations.iter().any(is_about) {
            return Err(format!(
                "{} {} limits none of these operations: {}",
                device.option(),
                patterns[0],
                operations.join(", ")
            )
            .into());
        }
    }
    let target = folder.join(checked(name)?);
    let mut manifest = read_manifest(&target)?;
    let known = plumb_compiler::operations();
    for operation in operations {
        // A typing error must not look like a grant.
        if !known.contains(operation) {
            return Err(format!(
                "{operation:?} is no operation: there are {}",
                known.join(", ")
            )
            .into());
        }
        let is_new = manifest.grants.insert(operation.clone());
        let patterns = match Device::of(operation) {
            Some(Device::Parent) => parents,
            Some(Device::Function) => functions,
            None => &[],
        };
        if patterns.is_empty() {
            manifest.devices.remove(operation);
            continue;
        }
        if !is_new && !manifest.devices.contains_key(operation) {
            println!("{name} had {operation} on any device that a configuration names");
        }
        let devices = manifest.devices.entry(operation.clone()).or_default();
        devices.extend(patterns.iter().cloned());
    }
    write_manifest(&target, &manifest)?;
    println!("{name} may record {}", in_words(&manifest));
    Ok(())
}

fn remove(folder: &Path, name: &str) -> Result<(), Failure> {
    let target = folder.join(checked(name)?);
    fs::remove_dir_all(&target)
        .map_err(|error| format!("cannot remove {}: {error}", target.display()))?;
    println!("removed {name}");
    Ok(())
}

fn read_manifest(target: &Path) -> Result<Manifest, Failure> {
    let path = target.join(MANIFEST);
    let text = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn write_manifest(target: &Path, manifest: &Manifest) -> Result<(), Failure> {
    let mut text = serde_json::to_vec_pretty(manifest)?;
    text.push(b'\n');
    write(&target.join(MANIFEST), &text)
}

/// Writes a file of the store: a process that has the old one mapped keeps it.
fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let draft = path.with_extension(format!("{}.new", std::process::id()));
    replace::file(path, &draft, content, 0o444, Lasting::Forever)
        .map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}
