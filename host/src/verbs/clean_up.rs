//! What is left of others and in the way: records of attachments whose pod is gone, PCI
//! functions that nobody gave back, interfaces that somebody kept beyond their DEL.
//!
//! ADD begins with it, because a pod that died without a DEL must not keep the next one from
//! starting. All of it is in the journal or in a hold already: what is changed here is the
//! undo of what they say.

use std::path::Path;
use std::time::Duration;

use plumb_values::{Device, DeviceId};

use super::earlier_sandbox;
use crate::attachment::Attachment;
use crate::cni::previous::Interface;
use crate::cni::{AddRequest, Request};
use crate::functions::{APPEARANCE, Hold, Holds, Restored, restore};
use crate::journal::State;
use crate::kernel::Whereabouts;
use crate::machine::Machine;
use crate::node::Node;
use crate::operations::{Journal, Record, Records, Reversible};
use crate::pod::{ENDING, Pod};
use crate::state::Error as StateError;
use crate::types::OWN_TYPE;
use crate::undo::{self, Undone};
use crate::{Code, Error, Result, former};

/// Undoes an earlier record of the very same attachment, when it is what a killed ADD
/// left behind or its pod is gone.
///
/// # Errors
///
/// [`Code::ALREADY_EXISTS`] when the first attachment is alive: it stays as it is.
pub fn earlier_attachment(request: &Request, node: &Node<'_>) -> Result<()> {
    let records = Records::new(&node.state);
    let Some(journal) = records.open_readable(&request.attachment, node.trace)? else {
        return Ok(());
    };
    if is_alive(&journal)? {
        return Err(match is_behind_itself(request) {
            true => Error::configuration(format!(
                "prevResult has the interface {} of an earlier plugin, which is plumb, too: a flavour that works on it needs \
                 \"chained\": true in its network",
                request.attachment.interface_name
            )),
            false => attached_already(&request.attachment, journal.path()),
        });
    }
    node.trace.warning(format_args!(
        "undoing what an earlier ADD of {} left behind",
        request.attachment
    ));
    match undo_record(journal, node)? {
        Undone::All => Ok(()),
        Undone::Left => Err(Error::new(
            Code::TRY_AGAIN_LATER,
            format!(
                "the earlier interface of {} is in a network namespace that somebody keeps: end what keeps it; \
                 `plumbctl attachments` shows what is left",
                request.attachment
            ),
        )),
    }
}

/// Whether a flavour stands behind another network of plumb's in a chain and does not say that it is chained.
fn is_behind_itself(request: &Request) -> bool {
    let is_own = |interface: &Interface| {
        interface.name == request.attachment.interface_name && !interface.sandbox.is_empty()
    };
    let previous = request.previous().ok().flatten();
    request.configuration.plugin_type == OWN_TYPE
        && request.attachment.plugin.is_none()
        && previous.is_some_and(|previous| previous.interfaces.iter().any(is_own))
}

fn is_alive(journal: &Journal) -> Result<bool> {
    let record = journal.record();
    Ok(record.map_or(Ok(false), |record| record.is_alive())?)
}

/// The error for an attachment that is alive.
pub fn attached_already(attachment: &Attachment, record: &Path) -> Error {
    Error::new(
        Code::ALREADY_EXISTS,
        format!(
            "container {} is attached to network {} by {} already: DEL comes before the next ADD",
            attachment.container_id, attachment.network, attachment.interface_name
        ),
    )
    .with_details(format!("its record is {}", record.display()))
}

/// Makes sure that the function which the device plugin allotted is free: the pod that had
/// it before may have died without a DEL.
///
/// # Errors
///
/// [`Code::IN_USE`] when a living pod has it; [`Code::TRY_AGAIN_LATER`] when it is still in
/// the namespace of a dead one.
pub fn wanted_function(request: &AddRequest, node: &Node<'_>) -> Result<()> {
    let device = request.device_id.as_deref();
    let Some(function) = device.and_then(|id| id.parse::<DeviceId>().ok()) else {
        return Ok(());
    };
    let attachment = &request.call.attachment;
    let address = function.to_string();
    let holds = Holds::new(&node.state);
    if holds.read(&address)?.is_none() {
        former::adopt_of_function(&function, node)?;
    }
    let Some(hold) = holds.read(&address)? else {
        return Ok(());
    };
    if attachment.plugin.is_some() && hold.owner.is_interface_of(attachment) {
        return Ok(());
    }
    // This waits for a DEL of the holder that is under way.
    let records = Records::new(&node.state);
    let mut is_deleted = false;
    if let Some(journal) = records.open_readable(&hold.owner, node.trace)? {
        let is_earlier = journal
            .record()
            .is_some_and(|record| earlier_sandbox::is_of(record, &request.call));
        if !is_earlier && is_alive(&journal)? {
            return Err(hold.in_use(&address));
        }
        node.trace.warning(format_args!(
            "undoing {}: its pod is gone without a DEL, or has a new sandbox, and it has {}",
            hold.owner,
            Device(&address)
        ));
        is_deleted = undo_record(journal, node)? == Undone::Left;
    }
    let Some(hold) = holds.read(&address)? else {
        return Ok(());
    };
    let is_other = !hold.owner.is_interface_of(attachment);
    if is_other && !is_deleted && hold.live_netns()?.is_some() {
        return Err(hold.in_use(&address));
    }
    match free_function(&address, &hold, node)? {
        Restored::Whole => Ok(()),
        Restored::Away => Err(Error::new(
            Code::TRY_AGAIN_LATER,
            format!(
                "{} is still in the network namespace of {}, which has ended \
                 or is kept by a process: try again later",
                Device(&address),
                hold.owner
            ),
        )),
    }
}

/// Undoes the records of pods whose namespace is gone, and of earlier sandboxes of the pod that a call is about; how many
/// there were. Records that another process works on are left to it.
pub fn dead_pods(call: &Request, node: &Node<'_>) -> Result<usize> {
    let mut count = 0;
    for attachment in dead_attachments(&Records::new(&node.state), call)? {
        match earlier_sandbox::end(&attachment, call, node) {
            Ok(true) => count += 1,
            Ok(false) => {}
            Err(error) => node
                .trace
                .error(format_args!("undoing {attachment}: {error}")),
        }
    }
    Ok(count)
}

/// The attachments whose record says that they are over. Only looks, and waits for nobody. One of which that is not
/// known counts as alive.
fn dead_attachments<'a>(
    records: &'a Records,
    call: &'a Request,
) -> Result<impl Iterator<Item = Attachment> + 'a> {
    Ok(records.list(None)?.into_iter().filter(|attachment| {
        matches!(
            records.read(attachment),
            Ok(Some(record)) if earlier_sandbox::is_over(&record, call).unwrap_or(false)
        )
    }))
}

/// Undoes a record with nothing but what it says itself.
pub fn undo_record(journal: Journal, node: &Node<'_>) -> Result<Undone> {
    let Some(record) = journal.record() else {
        journal.remove(&Records::new(&node.state))?;
        return Ok(Undone::All);
    };
    let mut machine = Machine::new(node, Pod::of_record(record, node)?);
    undo::undo(journal, &mut machine)
}

/// Frees the functions that an attachment without a record still holds.
pub fn functions_of(attachment: &Attachment, node: &Node<'_>) -> Result<()> {
    for (address, hold) in Holds::new(&node.state).list()? {
        if hold.owner == *attachment {
            held_function(&address, &hold, node);
        }
    }
    Ok(())
}

/// Frees a function whose holder has no record. What cannot be freed now stays held, and is
/// reported.
pub fn held_function(address: &str, hold: &Hold, node: &Node<'_>) {
    node.trace.warning(format_args!(
        "{} is held by {}, which has no record: restoring it",
        Device(address),
        hold.owner
    ));
    match free_function(address, hold, node) {
        Ok(Restored::Whole) => {}
        Ok(Restored::Away) => node.trace.warning(format_args!(
            "{} is still in a network namespace that cannot be reached",
            Device(address)
        )),
        Err(error) => node.trace.error(format_args!(
            "{} cannot be restored now: {error}",
            Device(address)
        )),
    }
}

/// Restores a function by what its hold says, and gives it back when that is done. Another
/// process that works on it is waited for; a hold that is another one by then is left alone.
fn free_function(address: &str, hold: &Hold, node: &Node<'_>) -> Result<Restored> {
    let holds = Holds::new(&node.state);
    let Some(locked) = holds.lock(address)? else {
        return Ok(Restored::Whole);
    };
    if locked.hold != *hold {
        return Ok(Restored::Whole);
    }
    if !hold.is_of_earlier_boot()? {
        let found = hold.netns.find(&hold.boot, None, &node.kernel, ENDING)?;
        let (netns, patience) = match found {
            Whereabouts::Found(netns) => (Some(netns), APPEARANCE),
            Whereabouts::Gone => (None, APPEARANCE),
            Whereabouts::Kept => (None, Duration::ZERO),
        };
        let restored = restore(node, address, &hold.original, netns.as_ref(), patience)?;
        if restored == Restored::Away {
            return Ok(Restored::Away);
        }
    }
    holds.release(address)?;
    Ok(Restored::Whole)
}

/// Undoes what earlier calls could not reach: the records that stayed after their DEL.
pub fn left_over(node: &Node<'_>) -> Result<()> {
    let records = Records::new(&node.state);
    let mut failures: Vec<Error> = Vec::new();
    for attachment in records.list(None)? {
        let is_left = matches!(records.read(&attachment), Ok(Some(record)) if record.is_left());
        if !is_left {
            continue;
        }
        match records.open(&attachment) {
            // Another call may have ended it meanwhile, and a new ADD have begun.
            Ok(Some(journal)) if journal.record().is_some_and(Record::is_left) => {
                failures.extend(undo_record(journal, node).err());
            }
            Ok(_) | Err(StateError::Busy { .. }) => {}
            Err(error) => failures.push(error.into()),
        }
    }
    Error::all(failures).map_or(Ok(()), Err)
}

/// As [`left_over`], when an IPoIB interface is on the host that may have come back from a namespace. The kernel gives
/// it back set down.
pub fn returned_links(node: &Node<'_>) -> Result<()> {
    let links = node.kernel.host.links()?;
    match links.iter().any(|link| link.is_ipoib_child() && !link.up) {
        true => left_over(node),
        false => Ok(()),
    }
}

/// What an error says of addresses that cannot be given out yet; none where there are none.
pub fn waiting_addresses(node: &Node<'_>) -> Result<Option<String>> {
    let records = Records::new(&node.state);
    let mut lines = Vec::new();
    for attachment in records.list(None)? {
        let Ok(Some(record)) = records.read(&attachment) else {
            continue;
        };
        let stuck = record.steps.iter().find_map(|step| match &step.state {
            State::Stuck(reason) if step.operation.gives_addresses() => Some(reason),
            _ => None,
        });
        if let Some(reason) = stuck.filter(|_| record.is_left()) {
            lines.push(format!(
                "those of {attachment} are not free yet, because {reason}"
            ));
        }
    }
    Ok((!lines.is_empty()).then(|| lines.join("; ")))
}
