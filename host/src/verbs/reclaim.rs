//! Takes back devices of pods that are dead: PCI functions that are still held, and IPoIB
//! interfaces that the kernel gave back.

use std::path::Path;

use super::reconcile::clean_up;
use super::recorded_netns;
use crate::cni::Request;
use crate::cni::request::Attachment;
use crate::functions::{Hold, Holds, Restored, restore};
use crate::journal::{self, Folder};
use crate::kernel::{Kernel, boot, pci};
use crate::operations::create_ipoib;
use crate::trace::Trace;
use crate::{Code, Error, Result};

/// Makes sure that the function which the device plugin allotted is free: the pod that had
/// it before may have died without a DEL. A living pod keeps it, and this ADD is refused.
pub fn requested_function(
    request: &Request,
    kernel: &Kernel,
    folder: &Folder,
    trace: &Trace,
) -> Result<()> {
    let Some(address) = request.device_id()?.filter(|id| pci::is_address(id)) else {
        return Ok(());
    };
    let address = address.to_ascii_lowercase();
    let holds = Holds::new(&request.state_folder);
    let Some(hold) = holds.read(&address)? else {
        return Ok(());
    };
    if request.attachment.plugin.is_some() && hold.owner.is_interface_of(&request.attachment) {
        return Ok(());
    }
    // This waits for a DEL of the holder that is under way.
    match folder.open(&hold.owner) {
        Ok(Some(journal)) => {
            let stands = journal.record().is_some_and(|record| {
                record.complete && recorded_netns(&record.header, None).is_some()
            });
            if stands {
                return Err(hold.in_use(&address));
            }
            trace.warning(format_args!(
                "undoing {}: its pod is gone without a DEL and has PCI function {address}",
                hold.owner
            ));
            clean_up(journal, kernel, folder, trace, &request.state_folder)?;
        }
        Ok(None) => {}
        Err(error @ journal::Error::Corrupt { .. }) => trace.error(&error),
        Err(error) => return Err(error.into()),
    }
    let Some(hold) = holds.read(&address)? else {
        return Ok(());
    };
    let is_other = !hold.owner.is_interface_of(&request.attachment);
    if is_other && hold.live_netns().is_some() {
        return Err(hold.in_use(&address));
    }
    match free_function(&address, &hold, kernel, &request.state_folder)? {
        Restored::Whole => Ok(()),
        Restored::Away => Err(Error::new(
            Code::TRY_AGAIN_LATER,
            format!(
                "PCI function {address} is still in the network namespace of {}, which has ended \
                 or is kept by a process: try again later",
                hold.owner
            ),
        )),
    }
}

/// Restores a function by what its hold says, and gives it back when that is done. Whoever
/// else is at it is waited for; a hold that is another one by then is left alone.
fn free_function(
    address: &str,
    hold: &Hold,
    kernel: &Kernel,
    state_folder: &Path,
) -> Result<Restored> {
    let holds = Holds::new(state_folder);
    let Some(locked) = holds.lock(address)? else {
        return Ok(Restored::Whole);
    };
    if locked.hold != *hold {
        return Ok(Restored::Whole);
    }
    if hold.boot == boot::id() {
        let netns = hold.live_netns();
        let restored = restore(
            kernel,
            state_folder,
            address,
            &hold.original,
            netns.as_ref(),
        )?;
        if restored == Restored::Away {
            return Ok(Restored::Away);
        }
    }
    holds.release(address)?;
    Ok(Restored::Whole)
}

/// Frees the functions that an attachment without a record still holds.
pub fn free_functions_of(
    attachment: &Attachment,
    kernel: &Kernel,
    state_folder: &Path,
    trace: &Trace,
) {
    for (address, hold) in Holds::new(state_folder).list() {
        if hold.owner != *attachment {
            continue;
        }
        trace.warning(format_args!(
            "PCI function {address} is held by {attachment}, which has no record: restoring it"
        ));
        match free_function(&address, &hold, kernel, state_folder) {
            Ok(Restored::Whole) => {}
            Ok(Restored::Away) => trace.warning(format_args!(
                "PCI function {address} is still in a network namespace that cannot be reached"
            )),
            Err(error) => trace.error(format_args!(
                "PCI function {address} cannot be restored now: {error}"
            )),
        }
    }
}

/// Removes IPoIB interfaces on the host that plumb made and no record speaks of: the kernel
/// gave them back from a namespace that ended, after the DEL.
pub fn returned_links(kernel: &Kernel, folder: &Folder, trace: &Trace) -> Result<()> {
    for link in kernel.host.links()? {
        let owner = link
            .alias
            .as_deref()
            .filter(|_| link.is_ipoib_child())
            .and_then(|alias| alias.strip_prefix(create_ipoib::ALIAS))
            .and_then(Attachment::parse);
        let Some(owner) = owner.filter(|owner| !folder.path(owner).exists()) else {
            continue;
        };
        trace.warning(format_args!(
            "removing interface {}, which is left of {owner}",
            link.name
        ));
        kernel.host.delete_link(link.index)?;
    }
    Ok(())
}
