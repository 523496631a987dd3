//! CHECK: request, journal, every recorded operation compared with the kernel.

use std::rc::Rc;

use super::open_netns;
use crate::cni::Request;
use crate::cni::previous::Previous;
use crate::machine::Machine;
use crate::node::Node;
use crate::operations::{Records, Reversible};
use crate::pod::Pod;
use crate::{Code, Error, Result};

/// Compares the attachment with the kernel; changes nothing.
pub fn check(request: &Request, node: &Node<'_>) -> Result<()> {
    let Some(expected) = request.previous()? else {
        return Err(Error::configuration(
            "CHECK needs prevResult, the result of ADD, in the network configuration",
        ));
    };
    let netns = open_netns(request)?;
    let difference = |message: String| Error::new(Code::DIFFERENCE, message);
    let name = &request.attachment.interface_name;
    let sandbox = netns.path().to_string_lossy().into_owned();
    let is_reported = expected
        .interfaces
        .iter()
        .any(|interface| interface.name == *name && interface.sandbox == sandbox);
    if !is_reported {
        return Err(difference(format!(
            "prevResult has no interface {name} in {sandbox}"
        )));
    }
    let record = Records::new(&node.state)
        .read(&request.attachment)
        .map_err(|reason| {
            Error::new(
                Code::STATE,
                format!(
                    "the record of {} cannot be read: {reason}",
                    request.attachment
                ),
            )
        })?
        .ok_or_else(|| difference(format!("there is no record of {}", request.attachment)))?;
    if !netns.is(&record.header.netns.identity)? {
        return Err(difference(format!(
            "{} was attached in another network namespace than {sandbox} is now",
            request.attachment
        )));
    }
    if !record.complete {
        return Err(difference(format!(
            "the ADD of {} did not come to its end",
            request.attachment
        )));
    }
    let mut machine = Machine::new(node, Pod::of_request(request, Some(Rc::new(netns))));
    machine.know_links(&record.steps)?;
    has_reported_addresses(&machine, &expected)?;
    for step in &record.steps {
        let outcome = step.operation.verify(&mut machine, &expected);
        node.trace.debug(format_args!(
            "verify: {}: {}",
            step.operation.describe(),
            outcome
                .as_ref()
                .err()
                .map_or("ok".to_owned(), Error::to_string)
        ));
        outcome?;
    }
    Ok(())
}

/// Every address that the result lists for this interface must be on it, whichever plugin of
/// the chain added it.
fn has_reported_addresses(machine: &Machine<'_>, expected: &Previous) -> Result<()> {
    let name = &machine.pod.attachment.interface_name;
    let index = expected
        .interfaces
        .iter()
        .position(|interface| interface.name == *name && !interface.sandbox.is_empty());
    let reported = expected
        .addresses
        .iter()
        .filter(|address| address.interface.is_some() && address.interface == index);
    let Some(link) = machine.pod.socket()?.link_by_name(name)? else {
        // The step that made the interface says so.
        return Ok(());
    };
    let found = machine.pod.addresses(link.index)?;
    for address in reported {
        if !found.contains(&address.address) {
            return Err(Error::new(
                Code::DIFFERENCE,
                format!(
                    "interface {name} of the pod does not have the address {} that the result \
                     lists",
                    address.address
                ),
            ));
        }
    }
    Ok(())
}
