//! The files of a folder of manifests, and the documents in them.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_yaml_ng::Value as Yaml;

use super::manifest;
use super::set::Found;
use super::{Error, Folder, LeftOut};

/// Reads all manifests of a folder, by file name.
pub(super) fn read(folder: Folder<'_>, found: &mut Found) -> Result<(), Error> {
    for path in manifests(folder)? {
        read_file(&path, found);
    }
    Ok(())
}

/// Reads one file up to its end, or to where it cannot be read any more.
fn read_file(path: &Path, found: &mut Found) {
    let text = match read_limited(path) {
        Ok(text) => text,
        Err(source) => {
            // A link that leads to nothing, as a ConfigMap has for a moment, reserves nothing.
            let may_reserve = source.kind() != io::ErrorKind::NotFound;
            let path = path.to_owned();
            return cut_short(
                path.clone(),
                Error::File { path, source },
                may_reserve,
                found,
            );
        }
    };
    let (documents, end) = documents(path, &text);
    for (index, document) in documents.iter().enumerate() {
        let place = format!("{} document {}", path.display(), index + 1);
        manifest::read(document, path, &place, found);
    }
    if let Err(error) = end {
        let may_reserve = text
            .to_ascii_lowercase()
            .contains(&manifest::RESERVED_KIND.to_ascii_lowercase());
        cut_short(path.to_owned(), error, may_reserve, found);
    }
}

/// Notes that not all of a file could be read: pools of it are missing, and reservations may be.
fn cut_short(file: PathBuf, error: Error, may_reserve: bool, found: &mut Found) {
    if may_reserve {
        found
            .unreadable_reservation
            .get_or_insert_with(|| error.to_string());
    }
    found.left_out.push(LeftOut {
        name: None,
        is_default: false,
        file: Some(file),
        error,
    });
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
        // What cannot be looked at cannot be read either, which is said then.
        if fs::metadata(&path).map_or(true, |metadata| metadata.is_file()) {
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

/// The documents of a file, and what is wrong behind the last of them.
fn documents(path: &Path, text: &str) -> (Vec<Yaml>, Result<(), Error>) {
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
        return match serde_json::from_str(text) {
            Ok(document) => (vec![document], Ok(())),
            Err(error) => (Vec::new(), Err(syntax(1, "JSON", error.to_string()))),
        };
    }
    if is_nested_too_deeply(text) {
        let message = format!("more than {NESTING} brackets are open at a time");
        return (Vec::new(), Err(syntax(1, "YAML", message)));
    }
    let mut documents = Vec::new();
    for document in serde_yaml_ng::Deserializer::from_str(text) {
        match Yaml::deserialize(document) {
            Ok(document) => documents.push(document),
            Err(error) => {
                let number = documents.len() + 1;
                return (documents, Err(syntax(number, "YAML", error.to_string())));
            }
        }
    }
    (documents, Ok(()))
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
