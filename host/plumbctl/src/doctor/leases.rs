//! The lease store.

use plumb::leases::{Error, FILE_NAME, Leases, Store};

use super::finding::Finding;
use super::node::Node;

/// Lets the store compare all that is in it. It is not made, and not made again.
pub fn look(node: &Node) -> Vec<Finding> {
    let path = node.state.path().join(FILE_NAME);
    let checked = match Store::open_existing(node.state.path()) {
        Ok(None) => {
            let says = "not there yet: the first address makes it";
            return vec![Finding::ok(path.display(), says)];
        }
        Ok(Some(store)) => store.check(),
        Err(error) => Err(error),
    };
    vec![match checked {
        Ok(1) => Finding::ok(path.display(), "sound, with one lease"),
        Ok(number) => Finding::ok(path.display(), format!("sound, with {number} leases")),
        Err(error @ Error::Corrupt { .. }) => Finding::wrong(
            path.display(),
            error,
            "the next ADD or DEL sets it aside and makes it again from the records; look at what damaged it",
        ),
        Err(error @ Error::Layout { .. }) => Finding::wrong(
            path.display(),
            error,
            "install the later release again that made it: this one cannot read it",
        ),
        Err(error) => Finding::unseen(path.display(), error),
    }]
}
