//! The node's policy.

use super::finding::Finding;
use super::node::Node;

/// Whether the file can be read and says nothing unknown.
pub fn look(node: &Node) -> Vec<Finding> {
    vec![match node.reader.read() {
        Ok(policy) if policy.file.is_some() => Finding::ok(
            policy.place(),
            "it is understood (`plumbctl policy` shows it)",
        ),
        Ok(policy) => Finding::ok(
            policy.place(),
            "there is no such file, so networks may use what the replaced plugins let them use",
        ),
        Err(error) => Finding::wrong(
            node.policy.place(),
            error,
            "correct it: until then no pod is attached",
        ),
    }]
}
