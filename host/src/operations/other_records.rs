//! What the records of other attachments say, for those who ask whether somebody else has, or needs, something.

use super::{Record, Records};
use crate::Result;
use crate::attachment::Attachment;
use crate::machine::Machine;

/// The other attachments, each with its record; none for one that cannot be read, of which it is not known what it has. What the
/// rest of a chain did for the same interface is not another's: it is gone when this comes to its turn, or goes with it.
///
/// # Errors
///
/// [`crate::state::Error::Io`] where it is not known which there are.
pub fn other_records(
    machine: &Machine<'_>,
) -> Result<impl Iterator<Item = (Attachment, Option<Record>)>> {
    let records = Records::new(&machine.node.state);
    let mut others = records.list(None)?;
    others.retain(|attachment| !attachment.is_interface_of(&machine.pod.attachment));
    Ok(others
        .into_iter()
        .filter_map(move |attachment| match records.read(&attachment) {
            Ok(Some(record)) => Some((attachment, Some(record))),
            // Removed since it was listed, or begun but not written to yet.
            Ok(None) => None,
            Err(_) => Some((attachment, None)),
        }))
}

/// The records of the pod's other attachments, those of the same interface among them, the oldest first. Of one that cannot be
/// read nothing is known: what it did to the pod ends with it.
///
/// # Errors
///
/// [`crate::state::Error::Io`] where it is not known which there are.
pub fn records_of_pod(machine: &Machine<'_>) -> Result<Vec<Record>> {
    let own = &machine.pod.attachment;
    let netns = machine.pod.netns()?;
    let records = Records::new(&machine.node.state);
    let mut attachments = records.list(None)?;
    attachments.retain(|other| other.container_id == own.container_id && other != own);
    let mut found = Vec::new();
    for attachment in attachments {
        if let Ok(Some(record)) = records.read(&attachment)
            && netns.is(&record.header.netns.identity)?
        {
            found.push(record);
        }
    }
    // Records of earlier releases, which have no uptime, are older than all that have one.
    found.sort_by_key(|record| (record.header.uptime, record.header.since));
    Ok(found)
}
