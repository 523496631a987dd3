//! What the links of the node that pods share have in common: they are made by the first pod and removed by the last.
//!
//! | who | is known by |
//! |---|---|
//! | plumb's own | the [`Mark`] on the link, which has outlived its records if need be |
//! | its users | the records of all attachments |
//! | one half made | its name, [`TEMPORARY_NAME`], under the lock |
//!
//! A link gets its own name when its mark is on it, so that none is ever without.

use std::fs::File;
use std::time::Duration;

use super::{Operation, Reversible, difference, other_records};
use crate::attachment::Attachment;
use crate::journal::State;
use crate::kernel::RouteSocket;
use crate::kernel::bond::BOND;
use crate::kernel::bridge::BRIDGE;
use crate::kernel::create_link::VLAN;
use crate::kernel::link::Link;
use crate::machine::Machine;
use crate::mark::{Mark, TEMPORARY_NAME};
use crate::state::{self, Missing};
use crate::{Code, Error, Result};

/// How long another pod's change of the links may take: a bond sets its members down and up.
const PATIENCE: Duration = Duration::from_secs(20);

/// Has this call alone make and remove links that pods share, until the file is closed.
pub(super) fn lock(machine: &Machine<'_>) -> Result<Option<File>> {
    let path = machine.node.state.links_lock();
    let lock = state::lock(&path, Missing::Create, PATIENCE)?;
    let host = &machine.node.kernel.host;
    if let Some(link) = host.link_by_name(TEMPORARY_NAME)?
        && is_made_here(&link)
    {
        let mark = Mark::of(link.alias.as_deref()).unwrap_or_default();
        remove(&link, &mark, host)?;
    }
    Ok(lock)
}

/// Whether a link is of a kind that is shared.
fn is_made_here(link: &Link) -> bool {
    matches!(link.kind.as_deref(), Some(VLAN | BOND | BRIDGE))
}

/// The mark of a link that plumb made.
pub(super) fn mark_of(link: &Link) -> Option<Mark> {
    Mark::of(link.alias.as_deref()).filter(|_| is_made_here(link))
}

/// Puts the mark on a link that was made under its temporary name.
pub(super) fn mark(mark: &Mark, host: &RouteSocket) -> Result<Link> {
    let link = host.require_link(TEMPORARY_NAME, "the host")?;
    host.set_link_alias(link.index, &mark.text())?;
    Ok(link)
}

/// Has the host have a link of its own name: that which is there, when it is what the network asks for, else one that is
/// made. What nobody uses is made anew where it is another: it may be half taken apart by a call that was killed, or have the
/// settings of pods that are gone without a DEL.
pub(super) fn share(
    (name, keep): (&str, bool),
    machine: &Machine<'_>,
    difference: impl Fn(&Link) -> Result<Option<String>>,
    make: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let _lock = lock(machine)?;
    let host = &machine.node.kernel.host;
    if let Some(link) = host.link_by_name(name)?
        && difference(&link)?.is_some()
    {
        remove_unused(name, machine)?;
    }
    let Some(link) = host.link_by_name(name)? else {
        return make();
    };
    match difference(&link)? {
        Some(difference) => Err(is_another(name, &difference)),
        None => use_found(&link, name, keep, host),
    }
}

/// Uses a link that is there and is what the network asks for. An administrator's stays as it is; plumb's own is set up, and
/// stays when the last pod has gone where a network wants that.
pub(super) fn use_found(link: &Link, name: &str, keep: bool, host: &RouteSocket) -> Result<()> {
    let Some(mark) = mark_of(link) else {
        return match link.up {
            true => Ok(()),
            false => Err(is_another(
                name,
                &format!("it is down; ip link set {name} up"),
            )),
        };
    };
    if keep && !mark.keep {
        let mark = Mark { keep, ..mark };
        host.set_link_alias(link.index, &mark.text())?;
    }
    match link.up {
        true => Ok(()),
        false => Ok(host.set_link_up(link.index, true)?),
    }
}

/// The error for a link that is there and is another than the network asks for.
pub(super) fn is_another(name: &str, difference: &str) -> Error {
    Error::new(
        Code::ALREADY_EXISTS,
        format!(
            "the node has an interface {name} that is not what the network asks for: {difference}"
        ),
    )
}

/// For CHECK: whether a link is up and what it should be. `what` says what that is, `problem` what it is instead.
pub(super) fn verify(link: &Link, name: &str, what: &str, problem: Option<String>) -> Result<()> {
    match problem {
        Some(problem) => Err(difference(format!(
            "the node's {name} is not {what} any more: {problem}"
        ))),
        None if link.up => Ok(()),
        None => Err(difference(format!("{name}, {what}, is down"))),
    }
}

/// As [`remove_unused`], for an attachment whose record is lost.
///
/// # Errors
///
/// Where the kernel or the state folder refuses.
pub fn remove_unused_of(names: &[&str], machine: &Machine<'_>) -> Result<()> {
    let _lock = lock(machine)?;
    names
        .iter()
        .try_for_each(|name| remove_unused(name, machine))
}

/// Removes each bridge that plumb made and that nobody uses any more: which of them an attachment shared whose record is lost,
/// nobody knows.
///
/// # Errors
///
/// As [`remove_unused_of`].
pub fn remove_unused_bridges(machine: &Machine<'_>) -> Result<()> {
    let links = machine.node.kernel.host.links()?;
    let bridges = links
        .iter()
        .filter(|link| is_bridge(link) && mark_of(link).is_some());
    let names: Vec<&str> = bridges.map(|link| link.name.as_str()).collect();
    match names.is_empty() {
        true => Ok(()),
        false => remove_unused_of(&names, machine),
    }
}

/// Removes a link that plumb made, has not been told to keep, and that nobody uses any more. The lock is held.
pub(super) fn remove_unused(name: &str, machine: &Machine<'_>) -> Result<()> {
    let host = &machine.node.kernel.host;
    let Some(link) = host.link_by_name(name)? else {
        return Ok(());
    };
    let Some(mark) = mark_of(&link).filter(|mark| !mark.keep) else {
        return Ok(());
    };
    if is_built_upon(&link, host)? || user(name, machine)?.is_some() {
        return Ok(());
    }
    remove(&link, &mark, host)
}

/// Whether the administrator has put a link into a bridge, or made another one on it, or given a bridge an address or a port.
/// What pods have on it is in their namespaces, and in records; a port of theirs is gone before the bridge is looked at.
fn is_built_upon(link: &Link, host: &RouteSocket) -> Result<bool> {
    let links = host.links()?;
    let is_on_it = |other: &Link| other.below() == Some(link.index);
    if link.controller.is_some() || links.iter().any(is_on_it) {
        return Ok(true);
    }
    if !is_bridge(link) {
        return Ok(false);
    }
    let is_port = |other: &Link| other.controller == Some(link.index);
    let mut addresses = host.all_addresses()?.into_iter();
    Ok(links.iter().any(is_port) || addresses.any(|(index, _)| index == link.index))
}

fn is_bridge(link: &Link) -> bool {
    link.kind.as_deref() == Some(BRIDGE)
}

/// Another attachment that needs a link of the host. Of a record that cannot be read that is not known, and it counts as one.
pub(super) fn user(name: &str, machine: &Machine<'_>) -> Result<Option<Attachment>> {
    for (attachment, record) in other_records(machine)? {
        let Some(record) = record else {
            return Ok(Some(attachment));
        };
        let mut steps = record.steps.iter();
        let is_used =
            steps.any(|step| step.state != State::Undone && rests_on(&step.operation, name));
        if is_used && !record.header.is_of_earlier_boot()? {
            return Ok(Some(attachment));
        }
    }
    Ok(None)
}

/// Whether what an operation does is lost with a link of the host.
fn rests_on(operation: &Operation, name: &str) -> bool {
    match operation {
        Operation::ShareVlan(vlan) => vlan.name == name || vlan.parent == name,
        Operation::ShareBond(bond) => bond.name == name,
        Operation::ShareBridge(bridge) => bridge.name == name,
        other => other
            .parent()
            .is_some_and(|parent| !parent.in_pod && parent.name == name),
    }
}

/// Removes a link, and sets the members of a bond up that were up before: first, because the bond alone says which they are.
pub(super) fn remove(link: &Link, mark: &Mark, host: &RouteSocket) -> Result<()> {
    for member in host.links()? {
        if member.controller == Some(link.index) {
            host.take_from_bond((member.index, &member.name))?;
        }
    }
    for name in &mark.were_up {
        let member = host.link_by_name(name)?;
        if let Some(member) = member.filter(|member| !member.up && member.controller.is_none()) {
            host.set_link_up(member.index, true)?;
        }
    }
    host.delete_link(link.index)?;
    Ok(())
}
