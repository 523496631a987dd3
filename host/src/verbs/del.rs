//! DEL: request, journal, undo.
//!
//! No component is loaded: one that was upgraded, broken or removed cannot strand a
//! device. It does all it can the first time, and succeeds when things are gone.

use plumb_values::Device;

use super::{clean_up, is_own};
use crate::cni::Request;
use crate::cni::ifacer::Ifacer;
use crate::cni::previous::Previous;
use crate::functions::{APPEARANCE, Holds, Original, mark_unclean, restore};
use crate::kernel::Netns;
use crate::machine::Machine;
use crate::node::Node;
use crate::operations::{DelegateIpam, Journal, LinkNumber, Records, Reversible, shared_link};
use crate::pod::Pod;
use crate::types::{IFACER, OWN_TYPE, is_chained_flavour};
use crate::{Result, decide, former, imported, octets, undo};

/// Detaches the pod.
pub fn del(request: &Request, node: &Node<'_>) -> Result<()> {
    let records = Records::new(&node.state);
    match records.open_readable(&request.attachment, node.trace)? {
        Some(journal) => detach(journal, request, node),
        None => {
            records.tidy(&request.attachment);
            detach_without_record(request, node)
        }
    }
}

/// Undoes what the record says.
fn detach(journal: Journal, request: &Request, node: &Node<'_>) -> Result<()> {
    let Some(record) = journal.record() else {
        // Its writer died in the middle of the first line, or the file was damaged.
        detach_without_record(request, node)?;
        return Ok(journal.remove(&Records::new(&node.state))?);
    };
    let pod = Pod::of_record_and_request(record, request, node)?;
    undo::undo(journal, &mut Machine::new(node, pod)).map(drop)
}

/// Does what can be proven without a record: DEL was here before, the record was lost,
/// or another plugin made the attachment before plumb was installed.
fn detach_without_record(request: &Request, node: &Node<'_>) -> Result<()> {
    // What a flavour changed of an earlier plugin's interface ends with it, and is that plugin's to remove.
    if is_chained_flavour(&request.configuration) {
        return Ok(());
    }
    if let Err(error) = former::adopt_of_attachment(request, node) {
        node.trace.warning(format_args!(
            "looking for what another plugin wrote down of its function: {error}"
        ));
    }
    let functions = clean_up::functions_of(&request.attachment, node);
    if let Err(error) = take_back_link_of_result(request, node) {
        node.trace.warning(format_args!(
            "taking back the interface of the result: {error}"
        ));
    }
    if let Err(error) = former::mend_of_attachment(request, node) {
        node.trace.warning(format_args!(
            "its function may have settings of its pod: {error}"
        ));
    }
    remove_shared_links(request, node)?;
    // A plugin that works for the interface of another one has no addresses: they belong to that one.
    if request.attachment.plugin.is_none() {
        release_without_record(request, node)?;
    }
    functions
}

/// Removes the links that a network shares, where this was the last of those that used them: a network of type `ifacer` names
/// them, and of a vendor's flavour it is not known which those are.
fn remove_shared_links(request: &Request, node: &Node<'_>) -> Result<()> {
    let machine = || Machine::new(node, Pod::of_request(request, None));
    match request.configuration.plugin_type.as_str() {
        IFACER => {}
        OWN_TYPE => return shared_link::remove_unused_bridges(&machine()),
        _ => return Ok(()),
    }
    // What is wrong now must not keep anything from being deleted.
    let Ok(wanted) = Ifacer::of(&request.configuration) else {
        return Ok(());
    };
    let vlan = wanted.vlan_name();
    let names: Vec<&str> = vlan
        .as_deref()
        .into_iter()
        .chain([wanted.parent()])
        .collect();
    shared_link::remove_unused_of(&names, &machine())
}

/// Gives back the addresses that an attachment without a record may have.
fn release_without_record(request: &Request, node: &Node<'_>) -> Result<()> {
    let mut machine = Machine::new(node, Pod::of_request(request, None));
    node.leases.release(&machine.pod.owner())?;
    imported::release(request, node)?;
    match decide::delegate_of(request) {
        Ok(Some(plugin)) => {
            let link = LinkNumber::default();
            let outcome = DelegateIpam { link, plugin }.undo(&mut machine);
            if let Err(error) = outcome {
                node.trace.warning(&error);
                return Err(error);
            }
        }
        Ok(None) => {}
        Err(error) => node.trace.warning(error),
    }
    Ok(())
}

/// Takes back the interface that the result of ADD reports, when the one in the pod is
/// certainly it: same namespace path, name and hardware address, and a kind that is only
/// ever made for a pod, or the PCI function that the configuration names.
fn take_back_link_of_result(request: &Request, node: &Node<'_>) -> Result<()> {
    let Some(path) = &request.environment.netns else {
        return Ok(());
    };
    let Ok(Some(previous)) = request.previous() else {
        return Ok(());
    };
    let netns = match Netns::open(path) {
        Err(error) if error.is_gone() => return Ok(()),
        opened => opened?,
    };
    if is_own(&netns)? {
        return Ok(());
    }
    let name = &request.attachment.interface_name;
    let pod = netns.socket()?;
    let Some(link) = pod.link_by_name(name)? else {
        return Ok(());
    };
    if !reports(&previous, name, &path.to_string_lossy(), &link.mac) {
        return Ok(());
    }
    let is_child = matches!(link.kind.as_deref(), Some("macvlan" | "ipvlan" | "vlan"))
        || link.is_ipoib_child();
    if is_child {
        node.trace.warning(format_args!(
            "{} has no record: removing {name}, which its result reports",
            request.attachment
        ));
        pod.delete_link(link.index)?;
    } else if let Some(address) = netns.sysfs()?.link_function(name)?
        && request
            .device_id()?
            .is_some_and(|id| id.eq_ignore_ascii_case(&address))
        && Holds::new(&node.state).read(&address)?.is_none()
    {
        node.trace.warning(format_args!(
            "{} has no record: bringing {} back, whose interface its result \
             reports; what it was like before is not known",
            request.attachment,
            Device(&address)
        ));
        let settings = former::fresh_settings(request);
        let original = Original::of_unknown(&node.kernel, &netns, &address, link, settings)?;
        restore(node, &address, &original, Some(&netns), APPEARANCE)?;
        Holds::new(&node.state).release(&address)?;
        let unknown = "what it was like before its pod, of which there is no record";
        mark_unclean(node, &address, unknown.to_owned())?;
    }
    Ok(())
}

fn reports(previous: &Previous, name: &str, sandbox: &str, link_mac: &[u8]) -> bool {
    previous.interfaces.iter().any(|interface| {
        interface.name == name
            && interface.sandbox == sandbox
            && octets::parse(&interface.mac).is_some_and(|reported| reported == link_mac)
    })
}
