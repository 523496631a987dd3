//! The sandbox that a pod had before this one, where no DEL came for it: a node that lost its containers, a runtime that
//! was reset.
//!
//! The kubelet makes a pod's next sandbox when it has given up the one before (`SyncPod`, pkg/kubelet/kuberuntime), so
//! with the same UID the earlier one is dead by definition, even while something holds its namespace. It is deleted as
//! its DEL would have, and the pod has its addresses and functions at once. With the same name and another UID it is
//! another pod, which may still run when its deletion was forced: it counts as dead only when its namespace has ended.

use crate::attachment::{Attachment, PodIdentity};
use crate::cni::Request;
use crate::journal::State;
use crate::leases::{self, Owner};
use crate::node::Node;
use crate::operations::{ClaimAddresses, Operation, Record, Records};
use crate::plan::Plan;
use crate::undo::Undone;
use crate::{Result, kernel};

use super::clean_up::undo_record;

/// Whether a record is of an earlier sandbox of the pod that a call is about: the same pod's same interface, in another
/// container.
pub fn is_of(record: &Record, call: &Request) -> bool {
    let (before, now) = (&record.header.attachment, &call.attachment);
    let is_same_pod = |pod: &PodIdentity| {
        !pod.uid.is_empty()
            && record
                .header
                .pod
                .as_ref()
                .is_some_and(|before| before == pod)
    };
    before.container_id != now.container_id
        && before.network == now.network
        && before.interface_name == now.interface_name
        && call.pod.as_ref().is_some_and(is_same_pod)
}

/// Whether a record's attachment is over: that of an earlier sandbox of the pod, or of a pod that is gone.
///
/// # Errors
///
/// Where the kernel does not say whether the pod is gone.
pub fn is_over(record: &Record, call: &Request) -> kernel::Result<bool> {
    Ok(is_of(record, call) || record.is_left() || record.header.live_netns()?.is_none())
}

/// Frees what an earlier sandbox of the pod holds of the addresses that are remembered for it. What cannot be freed is
/// reported, and the pod gets another address.
pub fn free_addresses(plan: &Plan, call: &Request, node: &Node<'_>) {
    let keeps = |operation: &Operation| {
        matches!(
            operation,
            Operation::ClaimAddresses(ClaimAddresses { keep: true, .. })
        )
    };
    let Some(pod) = call.pod.as_ref().filter(|_| plan.operations().any(keeps)) else {
        return;
    };
    let owner = Owner::from(&call.attachment);
    let freed = node
        .leases
        .remembered(&owner, &leases::Pod::from(pod))
        .map_err(Into::into)
        .and_then(|held| {
            held.into_iter()
                .try_for_each(|lease| end(&Attachment::from(lease.owner), call, node).map(drop))
        });
    if let Err(error) = freed {
        node.trace.error(format_args!(
            "the addresses that pod {pod} had before cannot be freed: {error}"
        ));
    }
}

/// Ends an attachment of the pod's earlier sandbox, if it is one or its pod is gone; whether its addresses are free.
///
/// # Errors
///
/// Where something cannot be undone, or the kernel does not say whether the pod is gone.
pub fn end(attachment: &Attachment, call: &Request, node: &Node<'_>) -> Result<bool> {
    let records = Records::new(&node.state);
    // One that lives is not locked: its own calls would wait.
    match records.read(attachment) {
        Ok(Some(record)) if is_over(&record, call)? => {}
        _ => return Ok(false),
    }
    let Some(journal) = records.open_readable(attachment, node.trace)? else {
        return Ok(true);
    };
    let Some(record) = journal.record() else {
        return Ok(false);
    };
    // Another call may have ended it meanwhile, and a new ADD have begun.
    if !is_over(record, call)? {
        return Ok(false);
    }
    let is_own = is_of(record, call);
    node.trace.warning(format_args!(
        "undoing {attachment}: {}",
        match is_own {
            true => "the pod has a new sandbox, and no DEL came for this one",
            false => "its pod is gone without a DEL",
        }
    ));
    match undo_record(journal, node)? {
        Undone::All => Ok(true),
        Undone::Left if is_own => take_over(attachment, node),
        Undone::Left => Ok(false),
    }
}

/// Takes the addresses from an earlier sandbox whose interface is still somewhere that nobody can reach. Nobody but the
/// pod's own dead processes can use it, so it disturbs nobody else.
fn take_over(attachment: &Attachment, node: &Node<'_>) -> Result<bool> {
    let Some(mut journal) = Records::new(&node.state).open_readable(attachment, node.trace)? else {
        return Ok(true);
    };
    let steps = journal.record().map_or(&[][..], |record| &record.steps);
    let claims: Vec<_> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| matches!(step.operation, Operation::ClaimAddresses(_)))
        .map(|(number, _)| number)
        .collect();
    for lease in node.leases.release(&Owner::from(attachment))? {
        node.trace.warning(format_args!(
            "{} goes to the pod's new sandbox, though the interface of {attachment} that has it cannot be reached: it stays \
             on the wire until whoever keeps its network namespace ends",
            lease.address
        ));
    }
    for number in claims {
        journal.note(number, State::Undone);
    }
    Ok(true)
}
