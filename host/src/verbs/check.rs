//! CHECK: request, journal, every recorded operation compared with the kernel.

use std::rc::Rc;

use super::open_netns;
use crate::cni::Request;
use crate::cni::previous::Previous;
use crate::ipam_plugin::Call;
use crate::journal::Folder;
use crate::kernel::Kernel;
use crate::machine::Machine;
use crate::operations::Reversible;
use crate::trace::Trace;
use crate::{Code, Error, Result};

/// Compares the attachment with the kernel; changes nothing.
pub fn check(request: &Request, trace: &Trace) -> Result<()> {
    let Some(expected) = request.previous()? else {
        return Err(Error::configuration(
            "CHECK needs prevResult, the result of ADD, in the network configuration",
        ));
    };
    let netns = open_netns(request)?;
    let difference = |message: String| Error::new(Code::DIFFERENCE, message);
    let name = &request.attachment.interface_name;
    let sandbox = netns.path().to_string_lossy().into_owned();
    let is_told = expected
        .interfaces
        .iter()
        .any(|interface| interface.name == *name && interface.sandbox == sandbox);
    if !is_told {
        return Err(difference(format!(
            "prevResult has no interface {name} in {sandbox}"
        )));
    }
    let record = Folder::new(&request.state_folder)
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
    if record.header.netns.identity != netns.identity() {
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
    let kernel = Kernel::open()?;
    let mut machine = Machine::new(
        &kernel,
        trace,
        request.attachment.clone(),
        request.pod.clone(),
        Call::of_request(request),
        request.state_folder.clone(),
        Some(Rc::new(netns)),
    );
    has_told_addresses(&machine, &expected)?;
    for step in &record.steps {
        let outcome = step.operation.verify(&mut machine, &expected);
        trace.debug(format_args!(
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

/// Every address that the result tells of this interface must be on it, whoever of the
/// chain added it.
fn has_told_addresses(machine: &Machine<'_>, expected: &Previous) -> Result<()> {
    let name = &machine.attachment.interface_name;
    let index = expected
        .interfaces
        .iter()
        .position(|interface| interface.name == *name && !interface.sandbox.is_empty());
    let told = expected
        .addresses
        .iter()
        .filter(|address| address.interface.is_some() && address.interface == index);
    let Some(link) = machine.pod_socket()?.link_by_name(name)? else {
        // The step that made the interface says so.
        return Ok(());
    };
    let found = machine.pod_addresses(link.index)?;
    for address in told {
        if !found.contains(&address.address) {
            return Err(Error::new(
                Code::DIFFERENCE,
                format!(
                    "interface {name} of the pod does not have the address {} that the result \
                     tells of",
                    address.address
                ),
            ));
        }
    }
    Ok(())
}
