//! DEL: request, journal, undo.
//!
//! No component is loaded: one that was upgraded, broken or removed cannot strand a
//! device. It does all it can the first time, and succeeds when things are gone.

use std::rc::Rc;

use super::{is_own, reclaim, recorded_netns};
use crate::cni::Request;
use crate::cni::previous::Previous;
use crate::functions::{Holds, Original, restore};
use crate::ipam_plugin::Call;
use crate::journal::{self, Folder, Journal};
use crate::kernel::{Kernel, Netns, boot};
use crate::machine::Machine;
use crate::operations::{DelegateIpam, Reversible};
use crate::trace::Trace;
use crate::watch::Watcher;
use crate::{Result, decide, mac, undo};

/// Detaches the pod.
pub fn del(request: &Request, trace: &Trace, watcher: &mut dyn Watcher) -> Result<()> {
    let folder = Folder::new(&request.state_folder);
    let kernel = Kernel::open()?;
    match folder.open(&request.attachment) {
        Ok(Some(journal)) => detach(journal, request, &kernel, &folder, trace, watcher),
        Ok(None) => {
            folder.tidy(&request.attachment);
            detach_without_record(request, &kernel, trace)
        }
        Err(error @ journal::Error::Corrupt { .. }) => {
            trace.error(&error);
            detach_without_record(request, &kernel, trace)
        }
        Err(error) => Err(error.into()),
    }
}

/// Undoes what the record says.
fn detach(
    journal: Journal,
    request: &Request,
    kernel: &Kernel,
    folder: &Folder,
    trace: &Trace,
    watcher: &mut dyn Watcher,
) -> Result<()> {
    let Some(record) = journal.record() else {
        // Its writer died in the middle of the first line, or the file was damaged.
        detach_without_record(request, kernel, trace)?;
        return Ok(journal.remove(folder)?);
    };
    let netns = recorded_netns(&record.header, Some(request)).map(Rc::new);
    let mut call = Call::of_request(request);
    if call.path.is_empty() {
        call.path.clone_from(&record.header.path);
    }
    let mut machine = Machine::new(
        kernel,
        trace,
        request.attachment.clone(),
        record.header.pod.clone(),
        call,
        request.state_folder.clone(),
        netns,
    );
    machine.rebooted = record.header.boot != boot::id();
    undo::undo(journal, folder, &mut machine, watcher)
}

/// Does what can be proven without a record: DEL was here before, the record was lost,
/// or another plugin made the attachment before plumb was installed.
fn detach_without_record(request: &Request, kernel: &Kernel, trace: &Trace) -> Result<()> {
    let mut machine = Machine::new(
        kernel,
        trace,
        request.attachment.clone(),
        request.pod.clone(),
        Call::of_request(request),
        request.state_folder.clone(),
        None,
    );
    reclaim::free_functions_of(&request.attachment, kernel, &request.state_folder, trace);
    if let Err(error) = take_back_link_of_result(request, kernel, trace) {
        trace.warning(format_args!(
            "taking back the interface of the result: {error}"
        ));
    }
    if request.attachment.plugin.is_some() {
        // The addresses belong to the plugin that made the interface.
        return Ok(());
    }
    machine.release_leases()?;
    match decide::delegate_of(request) {
        Ok(Some(plugin)) => {
            let outcome = DelegateIpam { plugin }.undo(&mut machine);
            if let Err(error) = outcome {
                trace.warning(&error);
                return Err(error);
            }
        }
        Ok(None) => {}
        Err(error) => trace.warning(error),
    }
    Ok(())
}

/// Takes back the interface that the result of ADD tells of, when the one in the pod is
/// certainly it: same namespace path, name and hardware address, and a kind that is only
/// ever made for a pod, or the PCI function that the configuration names.
fn take_back_link_of_result(request: &Request, kernel: &Kernel, trace: &Trace) -> Result<()> {
    let Some(path) = &request.environment.netns else {
        return Ok(());
    };
    let Ok(Some(previous)) = request.previous() else {
        return Ok(());
    };
    let Ok(netns) = Netns::open(path) else {
        return Ok(());
    };
    if is_own(&netns)? {
        return Ok(());
    }
    let name = &request.attachment.interface_name;
    let pod = netns.socket()?;
    let Some(link) = pod.link_by_name(name)? else {
        return Ok(());
    };
    if !tells_of(&previous, name, &path.to_string_lossy(), &link.mac) {
        return Ok(());
    }
    let is_child =
        matches!(link.kind.as_deref(), Some("macvlan" | "ipvlan")) || link.is_ipoib_child();
    let function = netns
        .sysfs()
        .ok()
        .and_then(|sysfs| sysfs.link_pci_address(name));
    if is_child {
        trace.warning(format_args!(
            "{} has no record: removing {name}, which its result tells of",
            request.attachment
        ));
        pod.delete_link(link.index)?;
    } else if let Some(address) = function
        && request
            .device_id()?
            .is_some_and(|id| id.eq_ignore_ascii_case(&address))
        && Holds::new(&request.state_folder).read(&address)?.is_none()
    {
        trace.warning(format_args!(
            "{} has no record: bringing PCI function {address} back, whose interface its result \
             tells of; what it was like before is not known",
            request.attachment
        ));
        let original = Original::of_unknown(kernel, &netns, &address, link)?;
        restore(
            kernel,
            &request.state_folder,
            &address,
            &original,
            Some(&netns),
        )?;
        Holds::new(&request.state_folder).release(&address)?;
    }
    Ok(())
}

fn tells_of(previous: &Previous, name: &str, sandbox: &str, link_mac: &[u8]) -> bool {
    previous.interfaces.iter().any(|interface| {
        interface.name == name
            && interface.sandbox == sandbox
            && mac::parse(&interface.mac).is_some_and(|told| told == link_mac)
    })
}
