//! The network configurations of the runtime: whether pods get to plumb.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use plumb::types;
use serde_json::Value;

use super::finding::Finding;
use super::node::Node;

/// The types that attach further networks by other plugins.
const META: [&str; 2] = ["multus", "multus-shim"];

/// What runtimes read (libcni, `ConfFiles`).
const EXTENSIONS: [&str; 3] = ["conf", "conflist", "json"];

/// Which file the runtime takes, which is the first, and whether it leads to plumb.
pub fn look(node: &Node) -> Vec<Finding> {
    let folder = &node.configurations;
    let names = match files(folder) {
        Ok(names) if names.is_empty() => {
            return vec![Finding::wrong(
                folder.display(),
                "no network configuration, so the runtime starts no pod",
                "install the cluster's network, and Multus for further ones",
            )];
        }
        Ok(names) => names,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return vec![Finding::warn(
                folder.display(),
                "there is no such folder here",
                "run this on the node itself, or name the runtime's folder by --configuration-dir",
            )];
        }
        Err(error) => return vec![Finding::unseen(folder.display(), error)],
    };
    let mut findings = Vec::new();
    let mut first = None;
    let mut leading = None;
    for name in &names {
        let path = folder.join(name);
        let types = match read(&path) {
            Ok(types) => types,
            Err(reason) => {
                findings.push(Finding::wrong(
                    path.display(),
                    reason,
                    "correct it, or take it away: the runtime may stop at it",
                ));
                continue;
            }
        };
        let leads = types.iter().any(|kind| leads_to_plumb(node, kind));
        first.get_or_insert(name);
        if leads && leading.is_none() {
            leading = Some((name, types));
        }
    }
    findings.push(match (first, leading) {
        (Some(first), Some((name, types))) if first == name => Finding::ok(
            folder.join(name).display(),
            format!("the runtime takes it, and it has {}", types.join(", ")),
        ),
        (Some(first), Some((name, types))) => Finding::wrong(
            folder.join(name).display(),
            format!("it has {}, and the runtime takes {first}, which comes before it", types.join(", ")),
            "give it a name that comes first, or take the other one away",
        ),
        (Some(first), None) => Finding::wrong(
            folder.join(first).display(),
            "the runtime takes it, and neither it nor another one names Multus or plumb, so no pod gets to plumb",
            "install Multus, or add plumb to the list of plugins",
        ),
        (None, _) => return findings,
    });
    findings
}

/// The names that runtimes read, in their order.
fn files(folder: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        if extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// The types of a configuration or a list.
fn read(path: &Path) -> Result<Vec<String>, String> {
    let text = fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    let value: Value =
        serde_json::from_slice(&text).map_err(|error| format!("is not JSON: {error}"))?;
    let plugins = value.get("plugins").and_then(Value::as_array);
    let types: Vec<_> = match plugins {
        Some(plugins) => plugins.iter().map(|plugin| &plugin["type"]).collect(),
        None => vec![&value["type"]],
    };
    let names: Option<Vec<_>> = types
        .into_iter()
        .map(|kind| kind.as_str().map(str::to_owned))
        .collect();
    match names {
        Some(names) if !names.is_empty() => Ok(names),
        _ => Err("it has no \"type\"".to_owned()),
    }
}

/// Whether a type is plumb under one of its names, or calls further plugins.
fn leads_to_plumb(node: &Node, kind: &str) -> bool {
    let is_link = || {
        let target = fs::read_link(node.plugins.join(kind));
        types::types().any(|name| name == kind) && target.is_ok_and(|to| to == Path::new("plumb"))
    };
    kind == types::OWN_TYPE || META.contains(&kind) || is_link()
}
