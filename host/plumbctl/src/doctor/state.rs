//! The state folder.

use std::path::Path;

use plumb::owned;
use plumb::state;

use super::finding::Finding;
use super::node::Node;
use super::room;

/// Whether it is root's alone, has room, and what was set aside in it.
pub fn look(node: &Node) -> Vec<Finding> {
    let folder = node.state.path();
    if let Err(error) = owned::check(folder) {
        let remedy = "make it root's with mode 700: until then no pod is attached";
        return vec![Finding::wrong(folder.display(), error, remedy)];
    }
    // It is made by the first pod, in what is there of the folders above it.
    let there = folder.ancestors().find(|path| path.exists());
    let mut findings: Vec<_> = room::look(there.unwrap_or(Path::new("/")))
        .into_iter()
        .collect();
    let corrupt = node.state.corrupt();
    match state::entries(&corrupt) {
        Ok(names) if names.is_empty() => {}
        Ok(names) => findings.push(Finding::warn(
            corrupt.display(),
            format!(
                "{} files could not be read and were set aside, the last as {}",
                names.len(),
                names[names.len() - 1]
            ),
            "look at what damaged them (disk, memory), and remove them",
        )),
        Err(error) => findings.push(Finding::unseen(corrupt.display(), error)),
    }
    if findings.is_empty() {
        let says = match folder.exists() {
            true => "root's alone, and has room",
            false => "not there yet: the first pod makes it",
        };
        findings.push(Finding::ok(folder.display(), says));
    }
    findings
}
