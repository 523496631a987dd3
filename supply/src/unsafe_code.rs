//! Unsafe code of others in the privileged program: how much there is, what it is for and whose bytes reach it stands
//! in `supply/unsafe.json`. What is new or has another version there must be looked at before it lands.
//!
//! It is the program that every pod starts as root, with text of a tenant. The agent, the controller and what speaks to
//! registries are not in the list: theirs is the unsafe code of tokio, hyper, rustls and ring, which every client of
//! Kubernetes in Rust has, and a fault of it stops no pod from leaving. That none of it is in the CNI binary,
//! `host/tests/boundaries.rs` looks.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use crate::Failure;
use crate::linked::{Package, packages_in};

/// The list.
const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/unsafe.json");

/// Compares the list with what is linked in.
pub fn check() -> Result<(), Failure> {
    let listed: Map<String, Value> = serde_json::from_str(&fs::read_to_string(LIST)?)?;
    let mut wrong = Vec::new();
    let packages = packages_in(&["plumb"])?;
    let keys: Vec<String> = packages
        .iter()
        .map(|package| key(package, &packages))
        .collect();
    for (package, name) in packages.iter().zip(&keys) {
        let count = lines(&package.folder.join("src"))?;
        let entry = listed.get(name);
        let say = |key: &str| entry.and_then(|entry| entry.get(key));
        let version = say("version").and_then(Value::as_str);
        let known = say("lines").and_then(Value::as_u64);
        if count == 0 && entry.is_none() {
            continue;
        }
        if version != Some(&package.version) || known != Some(count) {
            wrong.push(format!(
                "{name:?}: {{\"version\": {:?}, \"lines\": {count}",
                package.version
            ));
        }
        if ["for", "reads"].iter().any(|key| say(key).is_none()) {
            wrong.push(format!("{name:?} needs \"for\" and \"reads\""));
        }
    }
    for name in listed.keys() {
        if !keys.contains(name) {
            wrong.push(format!("{name:?} is not linked in any more"));
        }
    }
    if wrong.is_empty() {
        println!(
            "unsafe code of others in plumb: {} packages, all as listed",
            listed.len()
        );
        return Ok(());
    }
    Err(format!(
        "look at these, and put what you find into supply/unsafe.json:\n{}",
        wrong.join("\n")
    )
    .into())
}

/// A package's name in the list: with its version, where there are two.
fn key(package: &Package, packages: &[Package]) -> String {
    let of_the_name = packages.iter().filter(|other| other.name == package.name);
    match of_the_name.count() {
        1 => package.name.clone(),
        _ => format!("{} {}", package.name, package.version),
    }
}

/// How many lines below a folder have the word `unsafe`, without those that are comments.
fn lines(folder: &Path) -> Result<u64, Failure> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            count += lines(&path)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)?;
            let is_unsafe = |line: &&str| {
                let line = line.trim_start();
                !line.starts_with("//")
                    && line
                        .split(|c: char| !c.is_alphanumeric() && c != '_')
                        .any(|word| word == "unsafe")
            };
            count += u64::try_from(text.lines().filter(is_unsafe).count())?;
        }
    }
    Ok(count)
}
