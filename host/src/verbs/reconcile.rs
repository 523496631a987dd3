//! What ADD cleans up before it begins: records of attachments that are dead.

use std::path::Path;
use std::rc::Rc;

use super::recorded_netns;
use crate::cni::Request;
use crate::ipam_plugin::Call;
use crate::journal::{self, Folder, Journal};
use crate::kernel::{Kernel, boot};
use crate::machine::Machine;
use crate::trace::Trace;
use crate::watch::Nobody;
use crate::{Code, Error, Result, undo};

/// Undoes an earlier record of the very same attachment, when it is what a killed ADD
/// left behind or its pod is gone. One that stands is an error: the first attachment
/// stays as it is.
pub fn same_attachment(
    request: &Request,
    kernel: &Kernel,
    folder: &Folder,
    trace: &Trace,
) -> Result<()> {
    let opened = match folder.open(&request.attachment) {
        Err(error @ journal::Error::Corrupt { .. }) => {
            trace.error(&error);
            None
        }
        opened => opened?,
    };
    let Some(journal) = opened else {
        return Ok(());
    };
    let stands = journal
        .record()
        .is_some_and(|record| record.complete && recorded_netns(&record.header, None).is_some());
    if stands {
        return Err(attached_already(request, journal.path()));
    }
    trace.warning(format_args!(
        "undoing what an earlier ADD of {} left behind",
        request.attachment
    ));
    clean_up(journal, kernel, folder, trace, &request.state_folder)
}

/// The error for an attachment that stands.
pub fn attached_already(request: &Request, record: &Path) -> Error {
    Error::new(
        Code::ALREADY_EXISTS,
        format!(
            "container {} is attached to network {} by {} already: DEL comes before the next ADD",
            request.attachment.container_id,
            request.attachment.network,
            request.attachment.interface_name
        ),
    )
    .with_details(format!("its record is {}", record.display()))
}

/// Undoes the records of pods whose namespace is gone; how many there were. Records that
/// another process works on are left to it.
pub fn dead_pods(
    request: &Request,
    kernel: &Kernel,
    folder: &Folder,
    trace: &Trace,
) -> Result<usize> {
    let mut count = 0;
    for attachment in folder.list(None) {
        let is_dead = match folder.read(&attachment) {
            Ok(Some(record)) => recorded_netns(&record.header, None).is_none(),
            _ => false,
        };
        if !is_dead {
            continue;
        }
        let cleaned = match folder.open(&attachment) {
            Ok(Some(journal)) if journal.record().is_some() => {
                trace.warning(format_args!(
                    "undoing {attachment}: its pod is gone without a DEL"
                ));
                clean_up(journal, kernel, folder, trace, &request.state_folder)
            }
            Ok(_) => continue,
            Err(error) => Err(error.into()),
        };
        match cleaned {
            Ok(()) => count += 1,
            Err(error) => trace.error(format_args!("undoing {attachment}: {error}")),
        }
    }
    Ok(count)
}

/// Undoes a record with nothing but what it says itself.
pub fn clean_up(
    journal: Journal,
    kernel: &Kernel,
    folder: &Folder,
    trace: &Trace,
    state_folder: &Path,
) -> Result<()> {
    let Some(record) = journal.record() else {
        return Ok(journal.remove(folder)?);
    };
    let header = record.header.clone();
    let netns = recorded_netns(&header, None).map(Rc::new);
    let mut machine = Machine::new(
        kernel,
        trace,
        header.attachment.clone(),
        header.pod.clone(),
        Call::of_record(&header),
        state_folder.to_owned(),
        netns,
    );
    machine.rebooted = header.boot != boot::id();
    undo::undo(journal, folder, &mut machine, &mut Nobody)
}
