//! The log folder.

use plumb::owned;

use super::finding::Finding;
use super::node::Node;
use super::room;

/// Whether it is root's alone and has room, where a file is to be written at all.
pub fn look(node: &Node) -> Vec<Finding> {
    let folder = &node.policy.folders.log;
    if let Err(error) = owned::check(folder) {
        let remedy = format!(
            "make it root's, or name another one as {}",
            node.key("folders.log")
        );
        return vec![Finding::warn(folder.display(), error, remedy)];
    }
    let there = folder.ancestors().find(|path| path.exists());
    match there.and_then(room::look) {
        Some(finding) => vec![finding],
        None => vec![Finding::ok(folder.display(), "has room")],
    }
}
