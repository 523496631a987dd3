//! Which code of others is linked into the programs and into the built-in components.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::Failure;

/// The privileged program, the tool beside it, and what runs as pods or speaks to registries.
pub const PROGRAMS: [&str; 3] = ["plumb", "plumbctl", "plumb-programs"];

/// The components that are built into plumb.
const COMPONENTS: [&str; 5] = ["macvlan-shared", "sriov-rdma", "ib-sriov", "ipoib", "pool"];

/// What components are built for.
const WEB_ASSEMBLY: &str = "wasm32-unknown-unknown";

/// A package of the registry.
#[derive(Debug)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The expression of its manifest (SPDX).
    pub licence: String,
    /// Where it is developed.
    pub repository: String,
    /// Where its source lies on this machine.
    pub folder: PathBuf,
}

/// What does not come from the registry.
#[derive(Debug)]
pub struct Other {
    /// Its name.
    pub name: &'static str,
    /// Its version on this machine.
    pub version: String,
    /// SPDX.
    pub licence: &'static str,
    /// Where it comes from.
    pub repository: &'static str,
    /// What to know of it.
    pub remark: &'static str,
}

/// All of it.
pub struct Linked {
    /// Packages, by name and version.
    pub packages: Vec<Package>,
    /// The rest.
    pub others: Vec<Other>,
}

impl Linked {
    /// What is in all programs and in the built-in components.
    pub fn everything() -> Result<Self, Failure> {
        let mut names = tree(&PROGRAMS, None)?;
        names.extend(tree(&COMPONENTS, Some(WEB_ASSEMBLY))?);
        let packages = packages(&names)?;
        let others = others(&packages)?;
        Ok(Self { packages, others })
    }
}

/// The packages of the registry that are linked into these of the workspace: what their builds run is not.
pub fn packages_in(programs: &[&str]) -> Result<Vec<Package>, Failure> {
    packages(&tree(programs, None)?)
}

/// Names and versions, as in `serde 1.0.229`.
fn tree(of: &[&str], target: Option<&str>) -> Result<Vec<String>, Failure> {
    let mut arguments = vec!["tree", "--locked", "--edges", "normal,no-proc-macro"];
    arguments.extend(["--prefix", "none", "--format", "{p}"]);
    arguments.extend(of.iter().flat_map(|package| ["--package", package]));
    arguments.extend(target.iter().flat_map(|target| ["--target", target]));
    let text = cargo(&arguments)?;
    let mut names: Vec<_> = text
        .lines()
        // Packages of the workspace have a path behind the version.
        .filter(|line| !line.contains(" (/"))
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some(format!(
                "{} {}",
                words.next()?,
                words.next()?.strip_prefix('v')?
            ))
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    match names.is_empty() {
        true => Err(format!("cargo tree names nothing in {}", of.join(", ")).into()),
        false => Ok(names),
    }
}

fn packages(names: &[String]) -> Result<Vec<Package>, Failure> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--locked", "--format-version", "1"])?)?;
    let text = |package: &Value, key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let mut known = BTreeMap::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = PathBuf::from(text(package, "manifest_path"));
        let package = Package {
            name: text(package, "name"),
            version: text(package, "version"),
            licence: text(package, "license"),
            repository: text(package, "repository"),
            folder: manifest.parent().unwrap_or(Path::new("/")).to_owned(),
        };
        known.insert(format!("{} {}", package.name, package.version), package);
    }
    let mut names = names.to_vec();
    names.sort_unstable();
    names.dedup();
    names
        .iter()
        .map(|name| {
            let package = known.remove(name);
            package.ok_or_else(|| format!("cargo metadata does not know {name}").into())
        })
        .collect()
}

fn others(packages: &[Package]) -> Result<Vec<Other>, Failure> {
    let sqlite = packages
        .iter()
        .find(|package| package.name == "libsqlite3-sys")
        .ok_or("libsqlite3-sys is not linked in: where is the lease store?")?;
    let header = std::fs::read_to_string(sqlite.folder.join("sqlite3/sqlite3.h"))?;
    let version = header
        .lines()
        .find_map(|line| line.strip_prefix("#define SQLITE_VERSION "))
        .ok_or("sqlite3.h says no version")?;
    Ok(vec![
        Other {
            name: "sqlite",
            version: version.trim().trim_matches('"').to_owned(),
            licence: "blessing",
            repository: "https://sqlite.org",
            remark: "The lease store. Its authors have put it into the public domain.",
        },
        Other {
            name: "rust-std",
            version: word(&run("rustc", &["--version"])?, 1),
            licence: "MIT OR Apache-2.0",
            repository: "https://github.com/rust-lang/rust",
            remark: "The standard library of Rust; its COPYRIGHT-library.html names what it contains of others.",
        },
        Other {
            name: "glibc",
            version: word(&run("getconf", &["GNU_LIBC_VERSION"])?, 1),
            licence: "LGPL-2.1-or-later",
            repository: "https://sourceware.org/glibc",
            remark: "The C library, linked statically into plumb. The source of plumb, with which it can be linked \
                     again to a changed one, is free under the Apache License 2.0.",
        },
        Other {
            name: "libgcc",
            version: run("cc", &["-dumpfullversion"])?.trim().to_owned(),
            licence: "GPL-3.0-or-later WITH GCC-exception-3.1",
            repository: "https://gcc.gnu.org",
            remark: "The compiler's runtime library. The exception allows programs of any licence.",
        },
    ])
}

fn word(text: &str, number: usize) -> String {
    text.split_whitespace()
        .nth(number)
        .unwrap_or_default()
        .to_owned()
}

fn cargo(arguments: &[&str]) -> Result<String, Failure> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    run(&cargo, arguments)
}

fn run(program: &str, arguments: &[&str]) -> Result<String, Failure> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .map_err(|error| format!("cannot run {program}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} {}: {said}", arguments.join(" ")).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
