//! The files of a folder of manifests, and the documents in them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml_ng::Value as Yaml;

use super::manifest;
use super::set::Draft;
use super::{AddressRange, Error, Folder};

/// Reads all manifests of a folder, by file name.
pub(super) fn read(
    folder: Folder<'_>,
    drafts: &mut Vec<Draft>,
    reserved: &mut Vec<AddressRange>,
) -> Result<(), Error> {
    for path in manifests(folder)? {
        for (index, document) in documents(&path)?.into_iter().enumerate() {
            let place = format!("{} document {}", path.display(), index + 1);
            manifest::read(&document, &place, drafts, reserved)?;
        }
    }
    Ok(())
}

/// The files to read. The extension also sorts out what editors leave (`pools.yaml~`,
/// `pools.yaml.swp`). Links are followed and hidden entries are not: a mounted
/// ConfigMap shows each file as a link into a hidden folder.
fn manifests(folder: Folder<'_>) -> Result<Vec<PathBuf>, Error> {
    let unreadable = |source| Error::Folder {
        path: folder.path.to_owned(),
        key: folder.key.to_owned(),
        source,
    };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder.path).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if !is_manifest(&path) {
            continue;
        }
        let metadata = fs::metadata(&path).map_err(|source| Error::File {
            path: path.clone(),
            source,
        })?;
        if metadata.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn is_manifest(path: &Path) -> bool {
    let hidden = path
        .file_name()
        .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    let named = path.extension().is_some_and(|extension| {
        ["yaml", "yml", "json"]
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known))
    });
    named && !hidden
}

fn documents(path: &Path) -> Result<Vec<Yaml>, Error> {
    let text = read_limited(path).map_err(|source| Error::File {
        path: path.to_owned(),
        source,
    })?;
    let syntax = |document: usize, format, message| Error::Syntax {
        place: format!("{} document {document}", path.display()),
        format,
        message,
    };
    if path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
    {
        // Into the YAML type because, unlike that of JSON, it refuses a key written twice.
        return serde_json::from_str(&text)
            .map(|document| vec![document])
            .map_err(|error| syntax(1, "JSON", error.to_string()));
    }
    if is_nested_too_deeply(&text) {
        let message = format!("more than {NESTING} brackets are open at a time");
        return Err(syntax(1, "YAML", message));
    }
    serde_yaml_ng::Deserializer::from_str(&text)
        .enumerate()
        .map(|(index, document)| {
            Yaml::deserialize(document)
                .map_err(|error| syntax(index + 1, "YAML", error.to_string()))
        })
        .collect()
}

/// Most bytes of a file: what the API server takes of one object (etcd's `--max-request-bytes`, 1.5 MiB).
const FILE_BYTES: u64 = 1536 * 1024;

fn read_limited(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let read = File::open(path)?
        .take(FILE_BYTES + 1)
        .read_to_string(&mut text)?;
    if read as u64 > FILE_BYTES {
        return Err(io::Error::other(format!(
            "it has more than {FILE_BYTES} bytes, the most that the Kubernetes API takes of an object"
        )));
    }
    Ok(text)
}

/// Most brackets that are open at a time: a pool needs three.
const NESTING: usize = 64;

/// libyaml looks through all open brackets at every token, so a file of nothing else would take it hours. Brackets in
/// texts and comments count as well: no sound pool has that many.
fn is_nested_too_deeply(text: &str) -> bool {
    let mut open = 0_usize;
    text.bytes().any(|byte| {
        match byte {
            b'{' | b'[' => open += 1,
            b'}' | b']' => open = open.saturating_sub(1),
            _ => {}
        }
        open > NESTING
    })
}

#[cfg(test)]
mod tests;
