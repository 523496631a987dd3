//! A hardware address or a GUID that somebody chose is given to one interface of the node. Two that have the same one
//! take each other's frames, and nothing says so.

use plumb_values::octets;

use crate::functions::host_link;
use crate::journal::Step;
use crate::kernel::link::Link;
use crate::machine::Machine;
use crate::operations::{Operation, Records, Reversible};
use crate::{Code, Error, Result};

/// Refuses an address that a link of the host has, or that another pod's attachment gives. The record already says
/// that this attachment will give it: of two that begin at one moment, none overlooks the other.
///
/// # Errors
///
/// [`Code::IN_USE`], with who has it.
pub fn require(operation: &Operation, address: &[u8], machine: &Machine<'_>) -> Result<()> {
    let refusal = |whose: String| {
        let what = if address.len() == 8 {
            "GUID"
        } else {
            "hardware address"
        };
        Error::new(
            Code::IN_USE,
            format!(
                "{what} {} is in use on this node, by {whose}: choose another one, or leave it out for one that is \
                 nobody's",
                octets::text(address)
            ),
        )
    };
    for link in machine.node.kernel.host.links()? {
        if has(&link, address) && !is_own(&link, operation, machine)? {
            return Err(refusal(format!("the interface {} of the host", link.name)));
        }
    }
    let records = Records::new(&machine.node.state);
    for attachment in records.list(None)? {
        // What one pod does with its own interfaces, such as a bond of two, is its own affair.
        if attachment.container_id == machine.pod.attachment.container_id {
            continue;
        }
        // One that cannot be read says nothing of addresses; its attachment's DEL reports it.
        let Ok(Some(record)) = records.read(&attachment) else {
            continue;
        };
        // What is left of one that was deleted may still be on the wire.
        let may_have_it =
            || Ok::<_, Error>(record.is_left() || record.header.live_netns()?.is_some());
        if is_given(&record.steps, address) && may_have_it()? {
            return Err(refusal(attachment.to_string()));
        }
    }
    Ok(())
}

/// Whether a link has the address, or the GUID at the end of that of InfiniBand.
fn has(link: &Link, address: &[u8]) -> bool {
    match address.len() {
        8 => link.mac.len() == 20 && link.mac.ends_with(address),
        _ => *link.mac == *address,
    }
}

/// Whether it is the link that gets the address, or whose address it takes over.
fn is_own(link: &Link, operation: &Operation, machine: &Machine<'_>) -> Result<bool> {
    if let Operation::CreateMacvlan(macvlan) = operation
        && macvlan.mode == "passthru"
        && !macvlan.parent.in_pod
    {
        return Ok(link.index == macvlan.parent.index);
    }
    let Some((function, _)) = operation.function() else {
        return Ok(false);
    };
    let own = host_link(&machine.node.kernel, function)?;
    Ok(own.is_some_and(|own| own.index == link.index))
}

/// Whether one of the steps gives the address, or is about to. A virtual function gets one in two steps.
pub fn is_given(steps: &[Step<Operation>], address: &[u8]) -> bool {
    steps
        .iter()
        .flat_map(|step| step.operation.hardware_addresses())
        .any(|given| given == address)
}
