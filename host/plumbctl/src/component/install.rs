//! `plumbctl component install`: a file becomes a component of the store, whole or not at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use plumb::components::World;
use plumb::components::store::{self, Manifest, compiled_name};
use plumb_compiler::Declaration;
use plumb_engine::Allowance;

use super::store::{Code, Installed, Store};
use super::{declared, grants, names, words};
use crate::Failure;
use crate::compile::{self, About, Size};

/// Arguments of `plumbctl component install`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The component (.wasm or .wat), or the core module that a compiler made of its source
    file: PathBuf,
    /// The name that configurations use
    #[arg(long)]
    name: String,
    /// Grant the operations that the component declares, on the devices that it declares
    #[arg(long)]
    grant_declared: bool,
    #[command(flatten)]
    size: Size,
}

/// Grants survive when the same bytes are installed again, and when another build says what it wishes: the operator
/// decides about what it wishes more. A changed component without a declaration begins with none.
pub fn run(store: &Store, arguments: &Arguments) -> Result<(), Failure> {
    let name = names::well_formed(&arguments.name)?;
    names::free(name)?;
    let bytes = compile::read(&arguments.file)?;
    let large = arguments.size.large;
    let allowance = Allowance::of(large);
    let compiled = compile::compile(&bytes, &arguments.file, allowance)?;
    compile::start(&compiled, &arguments.file, allowance)?;
    let about = &compiled.about;

    let lock = store.lock()?;
    // What cannot be read is replaced.
    let before = store.find(name).ok().flatten();
    names::fitting(name, about, before.as_ref())?;
    let kept = Kept::of(about, before.as_ref());
    let mut manifest = kept.manifest(about, large, before.as_ref());
    let mut codes: BTreeMap<String, Code<'_>> = BTreeMap::new();
    for file in manifest.compiled.keys() {
        codes.insert(file.clone(), Code::Kept);
    }
    let own = compiled_name();
    codes.insert(own.clone(), Code::New(&compiled.code));
    manifest.compiled.insert(own, store::digest(&compiled.code));
    let wishes = about.declaration.as_ref().map(declared::wishes);
    if arguments.grant_declared {
        let Some(wishes) = &wishes else {
            return Err(format!(
                "{} has no declaration, so there is nothing that --grant-declared could grant: `plumbctl component \
                 grant {name} OPERATION ...` grants by name",
                arguments.file.display()
            )
            .into());
        };
        for (operation, devices) in wishes {
            let devices = devices.clone().unwrap_or_default();
            grants::allow(&mut manifest, operation, devices);
        }
    }
    store.put(&lock, name, &manifest, &compiled.component, &codes)?;

    println!("installed {name} in {}", store.folder().display());
    words::print(&words::rows(about));
    words::print(&words::of_the_node(&manifest));
    if about.world == World::Flavour.as_str() {
        println!(
            "  {:<12} {}",
            "granted",
            declared::in_words(&declared::granted(&manifest))
        );
        for line in kept.advice(name, about, &manifest, before.as_ref()) {
            println!("{line}");
        }
    }
    Ok(())
}

/// What of an installed component another build keeps.
enum Kept {
    /// There was none.
    Nothing,
    /// The same bytes: grants, and the code of other releases.
    All,
    /// Another build of the same component, by its declaration: its grants. What it wishes more than before.
    Grants(declared::Wishes),
    /// Something else, or it does not say: no grants.
    Lost,
}

impl Kept {
    fn of(about: &About, before: Option<&Installed>) -> Self {
        let Some(before) = before else {
            return Self::Nothing;
        };
        if before.manifest.digest == about.digest {
            return Self::All;
        }
        match (&about.declaration, declaration_of(before)) {
            (Some(now), Some(then)) if declared::is_same_component(now, &then) => {
                let then = declared::wishes(&then);
                Self::Grants(declared::beyond(&declared::wishes(now), &then))
            }
            _ => Self::Lost,
        }
    }

    fn manifest(&self, about: &About, large: bool, before: Option<&Installed>) -> Manifest {
        let mut manifest = Manifest {
            world: about.world.clone(),
            digest: about.digest.clone(),
            grants: BTreeSet::new(),
            devices: BTreeMap::new(),
            large,
            compiled: BTreeMap::new(),
        };
        let Some(before) = before.map(|before| &before.manifest) else {
            return manifest;
        };
        if matches!(self, Self::All | Self::Grants(_)) {
            manifest.grants.clone_from(&before.grants);
            manifest.devices.clone_from(&before.devices);
        }
        // What it may do is no matter of its size, but the code of other releases is.
        if matches!(self, Self::All) && before.large == large {
            let is_there = |file: &&String| **file != compiled_name();
            let others = before.compiled.iter();
            manifest.compiled = others
                .filter(|(file, _)| is_there(file))
                .map(|(file, digest)| (file.clone(), digest.clone()))
                .collect();
        }
        manifest
    }

    /// What the operator should know, and what he may want to do next.
    fn advice(
        &self,
        name: &str,
        about: &About,
        manifest: &Manifest,
        before: Option<&Installed>,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        let had_grants = before.is_some_and(|before| !before.manifest.grants.is_empty());
        match self {
            Self::Grants(more) if !more.is_empty() => lines.push(format!(
                "it wishes more than the build before it: {}",
                declared::in_words(more)
            )),
            Self::Lost if had_grants => lines.push(
                "it is another component than before, or one of the two does not say what it wishes: the grants of \
                 the one before are gone"
                    .to_owned(),
            ),
            _ => {}
        }
        let granted = declared::granted(manifest);
        let wishes = about.declaration.as_ref().map(declared::wishes);
        let missing = declared::beyond(&wishes.unwrap_or_default(), &granted);
        if !missing.is_empty() {
            lines.push(format!(
                "not granted of what it declares: {}; --grant-declared grants all of it, `plumbctl component grant \
                 {name}` what you name",
                declared::in_words(&missing)
            ));
        } else if granted.is_empty() {
            lines.push(format!(
                "it has no grants yet: plumbctl component grant {name} OPERATION ..."
            ));
        }
        lines
    }
}

/// What the installed component declares; none where it is not what was installed, or cannot be read.
fn declaration_of(before: &Installed) -> Option<Declaration> {
    let component = before.component().ok()?;
    let inspected = compile::inspect(&component, &before.folder).ok()?;
    inspected.about.declaration
}
