//! The notices that the licences ask for: each text once, with those whose it is.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use crate::Failure;
use crate::linked::{Linked, Package};

/// What files with licences and notices are called, in small letters.
const NAMES: [&str; 5] = ["license", "licence", "copying", "notice", "unlicense"];

/// The Apache License 2.0, which is plumb's own.
const APACHE: &str = include_str!("../../LICENSE");

/// The file, as it is installed beside plumb.
pub fn of(linked: &Linked) -> Result<String, Failure> {
    let mut text = String::from(
        "What plumb, plumbctl, plumb-agent, plumb-controller, plumb-migrate, plumb-registry and the components in plumb contain of others\n\
         ================================================================================================================================\n\n",
    );
    for other in &linked.others {
        writeln!(text, "{} {}, {}", other.name, other.version, other.licence)?;
        writeln!(text, "    {}\n    {}", other.repository, other.remark)?;
    }
    for package in &linked.packages {
        writeln!(
            text,
            "{} {}, {}",
            package.name, package.version, package.licence
        )?;
        writeln!(text, "    {}", package.repository)?;
    }
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for package in &linked.packages {
        for licence in licences(package, &linked.packages)? {
            let owners = texts.entry(licence).or_default();
            owners.push(format!("{} {}", package.name, package.version));
        }
    }
    for (licence, owners) in &texts {
        let line = "-".repeat(100);
        writeln!(text, "\n{line}\n{}\n{line}\n\n{licence}", owners.join(", "))?;
    }
    for (name, licence) in [
        ("glibc", include_str!("../licences/LGPL-2.1.txt")),
        ("libgcc", include_str!("../licences/GCC-exception-3.1.txt")),
    ] {
        let line = "-".repeat(100);
        writeln!(text, "\n{line}\n{name}\n{line}\n\n{}", licence.trim_end())?;
    }
    Ok(text)
}

/// The texts that come with a package. One that has none is a part of a project of which another package has.
fn licences(package: &Package, all: &[Package]) -> Result<Vec<String>, Failure> {
    let own = texts(package)?;
    if !own.is_empty() {
        return Ok(own);
    }
    let family = |package: &Package| package.name.split('-').next().map(str::to_owned);
    for sibling in all {
        let is_of_project = match package.repository.as_str() {
            "" => family(sibling) == family(package),
            repository => project(&sibling.repository) == project(repository),
        };
        if is_of_project && sibling.licence == package.licence {
            let texts = texts(sibling)?;
            if !texts.is_empty() {
                return Ok(texts);
            }
        }
    }
    // The text of this licence is the same for everyone: it names no owner.
    if package.licence == "Apache-2.0" {
        return Ok(vec![APACHE.trim_end().to_owned()]);
    }
    Err(format!(
        "{} {} comes without the text of its licence, {}, and so does all of {}",
        package.name, package.version, package.licence, package.repository
    )
    .into())
}

/// Host, owner and name of a repository, without the folder in it.
fn project(repository: &str) -> Vec<&str> {
    repository.split('/').take(5).collect()
}

fn texts(package: &Package) -> Result<Vec<String>, Failure> {
    let mut texts = Vec::new();
    for entry in fs::read_dir(&package.folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_lowercase();
        if NAMES.iter().any(|known| name.starts_with(known)) && entry.file_type()?.is_file() {
            let text = String::from_utf8_lossy(&fs::read(entry.path())?).replace("\r\n", "\n");
            texts.push(text.trim_end().to_owned());
        }
    }
    texts.sort_unstable();
    Ok(texts)
}
