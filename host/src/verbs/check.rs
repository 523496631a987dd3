//! CHECK: request, journal, every recorded operation compared with the kernel.

use super::open_netns;
use crate::cni::Request;
use crate::delegate::Call;
use crate::journal::Folder;
use crate::kernel::Kernel;
use crate::machine::Machine;
use crate::operations::Perform;
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
        Some(netns),
    );
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
