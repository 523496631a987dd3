//! `plumbctl component verify`: whether the store is what was installed, and root's alone.

use std::fs::{self, File};
use std::path::Path;

use plumb::components::store::{COMPONENT, MANIFEST, digest};
use plumb::owned;

use super::list::is_compiled;
use super::names;
use super::store::{Installed, Store};
use crate::Failure;

/// Arguments of `plumbctl component verify`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The component; all when left out
    name: Option<String>,
}

/// Prints what is wrong; succeeds when nothing is.
pub fn run(store: &Store, arguments: &Arguments) -> Result<(), Failure> {
    let mut wrong = 0;
    if let Err(error) = owned::check(store.folder()) {
        println!("{error}");
        wrong += 1;
    }
    let names = match &arguments.name {
        Some(name) => {
            let name = names::well_formed(name)?;
            // Whether there is one of this name; what is wrong with it is said below.
            if !store.names()?.iter().any(|known| known == name) {
                store.get(name)?;
            }
            vec![name.to_owned()]
        }
        None => store.names()?,
    };
    for name in &names {
        let findings = match store.get(name) {
            Ok(installed) => findings(&installed),
            Err(failure) => vec![failure.to_string()],
        };
        if findings.is_empty() {
            println!("{name}: as it was installed");
        }
        for finding in &findings {
            println!("{name}: {finding}");
        }
        wrong += findings.len();
    }
    match wrong {
        0 => Ok(()),
        1 => Err("1 thing in the store is not as it was installed".into()),
        _ => Err(format!("{wrong} things in the store are not as they were installed").into()),
    }
}

/// What is wrong with a component, a sentence each.
fn findings(installed: &Installed) -> Vec<String> {
    let Installed {
        folder, manifest, ..
    } = installed;
    let mut findings = Vec::new();
    findings.extend(owner(folder));
    findings.extend(owner(&folder.join(MANIFEST)));
    findings.extend(owner(&folder.join(COMPONENT)));
    findings.extend(installed.component().err().map(|error| error.to_string()));
    for (file, expected) in &manifest.compiled {
        let path = folder.join(file);
        findings.extend(owner(&path));
        match fs::read(&path) {
            Ok(code) if digest(&code) == *expected => {}
            Ok(code) => findings.push(format!(
                "{} is not what was installed: its digest is {}, and the manifest has {expected}; find out who \
                 changed it, then `plumbctl component recompile {}`",
                path.display(),
                digest(&code),
                installed.name
            )),
            Err(error) => findings.push(format!("cannot read {}: {error}", path.display())),
        }
    }
    findings.extend(strangers(installed));
    if !is_compiled(installed) {
        findings.push(format!(
            "it is not compiled for this release: `plumbctl component recompile {}`",
            installed.name
        ));
    }
    findings
}

/// Whose a file or folder is, if not root's alone.
fn owner(path: &Path) -> Option<String> {
    let link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    if link {
        return Some(format!(
            "{} is a link, which is not followed",
            path.display()
        ));
    }
    // What cannot be opened is said by whoever reads it.
    let file = File::open(path).ok()?;
    owned::check_open(&file, path)
        .err()
        .map(|error| error.to_string())
}

/// Files that nobody installed.
fn strangers(installed: &Installed) -> Vec<String> {
    let is_known = |name: &str| {
        [COMPONENT, MANIFEST].contains(&name) || installed.manifest.compiled.contains_key(name)
    };
    let entries = fs::read_dir(&installed.folder).into_iter().flatten();
    entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .filter(|name| !is_known(name))
        .map(|name| {
            format!(
                "{} is in no manifest",
                installed.folder.join(name).display()
            )
        })
        .collect()
}
