//! Which pods are attached by a component, by the records of the node.

use std::collections::BTreeSet;

use plumb::operations::{Record, Records};
use plumb::state::StateFolder;
use plumb_values::text::printable;

use crate::{Failure, attachments};

/// The attachments of a node that a component decided. Records of earlier releases do not say by which they were made.
///
/// # Errors
///
/// Where the records cannot be listed; one that cannot be read is reported.
pub fn of(name: &str, state: &StateFolder) -> Result<Vec<Record>, Failure> {
    let records = Records::new(state);
    let mut users = Vec::new();
    for attachment in records.list(None)? {
        match records.read(&attachment) {
            Ok(Some(record)) => {
                if record.header.components.iter().any(|one| one == name) {
                    users.push(record);
                }
            }
            // Removed since it was listed, or begun but not written to yet.
            Ok(None) => {}
            Err(reason) => eprintln!(
                "plumbctl: the record {} cannot be read: {reason}",
                records.path(&attachment).display()
            ),
        }
    }
    Ok(users)
}

/// An attachment in a line.
pub fn in_words(record: &Record) -> String {
    let header = &record.header;
    let pod = match &header.pod {
        Some(pod) => format!(", pod {pod}"),
        None => String::new(),
    };
    let line = format!(
        "{}{pod}, since {}, {}",
        header.attachment,
        attachments::since(record),
        attachments::condition(record)
    );
    printable(&line, false).into_owned()
}

/// The networks of attachments.
pub fn networks(users: &[Record]) -> BTreeSet<String> {
    let networks = users.iter().map(|user| &user.header.attachment.network);
    networks
        .map(|network| printable(network, false).into_owned())
        .collect()
}
