//! What the creation of a macvlan and of an ipvlan have in common: a child of a parent
//! link that appears in the pod, and that must be recognised as ours afterwards.

use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::{Operation, difference, other_records};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::create_link::Child;
use crate::kernel::link::Link;
use crate::kernel::{Netns, RouteSocket, random};
use crate::machine::Machine;
use crate::outcome::LinkNumber;
use crate::pod::ENDING;
use crate::{Code, Error, Result, octets, wait};

/// The link that a child is made on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parent {
    /// Its name, for people.
    pub name: String,
    /// Its index in its namespace.
    pub index: u32,
    /// Whether it lies in the pod instead of on the host.
    pub in_pod: bool,
}

impl std::fmt::Display for Parent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = if self.in_pod { " in the pod" } else { "" };
        write!(formatter, "{}{place}", self.name)
    }
}

/// Checks the names in the record of a child.
pub fn check_names(parent: &Parent, name: &str, temporary_name: &str) -> Checked {
    check_link_name(&parent.name)?;
    check_link_name(name)?;
    check_link_name(temporary_name)
}

/// Refuses a name that the pod has already: the interface of another plugin or of an
/// attachment that is still alive. That it is free now also proves later that a link of
/// this name and make is ours.
pub fn require_free_name(machine: &Machine<'_>, name: &str) -> Result<()> {
    let Some(link) = machine.pod.socket()?.link_by_name(name)? else {
        return Ok(());
    };
    Err(Error::new(
        Code::ALREADY_EXISTS,
        format!(
            "the pod {} has an interface named {name} already ({}, {}): another network of the \
             pod uses the name, or an earlier attachment was not deleted",
            machine.pod.netns()?.path().display(),
            link.kind.as_deref().unwrap_or("device"),
            octets::text(&link.mac)
        ),
    ))
}

/// A name that no link has, for the moment until the link gets its own.
pub fn temporary_name() -> Result<String> {
    let number = u32::from_ne_bytes(random::bytes()?);
    Ok(format!("plumb{number:08x}"))
}

/// Makes the child and returns it as the kernel shows it.
pub fn create(
    machine: &Machine<'_>,
    parent: &Parent,
    child: Child<'_>,
    name: &str,
    temporary_name: &str,
    mtu: Option<u32>,
) -> Result<Link> {
    let pod = machine.pod.socket()?;
    let netns = machine.pod.netns()?;
    let (socket, into) = if parent.in_pod {
        (pod, None)
    } else {
        (&machine.node.kernel.host, Some(netns.as_fd()))
    };
    let below = (parent.index, parent.name.as_str());
    match socket.create_child(below, child, name, mtu, into) {
        Err(error) if error.errno() == Some(Errno::EEXIST) => {
            // Kernels before 6.15 look for the name on the host as well, where an eth0
            // is nothing special. Then it gets its name when it is in the pod.
            if pod.link_by_name(name)?.is_some() {
                return Err(error.into());
            }
            socket
                .create_child(below, child, temporary_name, mtu, into)
                .map_err(|error| refusal(error, parent))?;
            let place = netns.path().to_string_lossy();
            let link = pod.require_link(temporary_name, &place)?;
            pod.rename_link(link.index, name)?;
        }
        result => result.map_err(|error| refusal(error, parent))?,
    }
    Ok(pod.require_link(name, &netns.path().to_string_lossy())?)
}

/// The kernel's refusal, with what it most often means.
pub fn refusal(error: crate::kernel::Error, parent: &Parent) -> Error {
    let hint = match error.errno() {
        Some(Errno::EEXIST) => {
            return Error::new(Code::ALREADY_EXISTS, error.to_string())
                .with_details(format!("{parent} has the same child already"));
        }
        Some(Errno::EINVAL | Errno::EBUSY) => format!(
            "{parent} may have a child in passthru mode, which tolerates no other, or be a port of \
             a bridge or bond, or have children of the other kind: macvlan and ipvlan exclude each \
             other on one parent"
        ),
        Some(Errno::EOPNOTSUPP) => {
            "the kernel has no support for this kind of interface, or its module cannot be loaded"
                .to_owned()
        }
        Some(Errno::ENODEV) => format!("{parent} has disappeared meanwhile"),
        _ => return error.into(),
    };
    Error::from(error).with_details(hint)
}

/// How a child is recognised.
pub struct Marks<'a> {
    /// Its name in the pod, and the one that it may have had before.
    pub names: [&'a str; 2],
    /// Its index in the pod, once it is there.
    pub index: Option<u32>,
    /// The link that it was to be made on.
    pub parent: &'a Parent,
    /// The index of the one that it was made on, where that is known.
    pub below: Option<u32>,
    /// What the pod cannot change, which with the recorded index is enough in the recorded namespace: its kind and the
    /// link below it.
    pub is_possible: &'a dyn Fn(&Link) -> bool,
    /// Its hardware address, where that is no other's on the same parent.
    pub mac: Option<&'a [u8]>,
}

impl Marks<'_> {
    /// Whether a link is ours wherever it is, and whatever its index.
    fn is_certain(&self, link: &Link) -> bool {
        (self.is_possible)(link) && self.mac == Some(&link.mac)
    }
}

/// Removes the child that is ours: that of the recorded index; one that the pod has moved and that is certainly it; when
/// the process died before it could record an index, that of either name that looks as it was made.
pub fn remove(machine: &mut Machine<'_>, marks: &Marks<'_>) -> Result<()> {
    if machine.pod.netns.is_some() && remove_in_pod(machine, marks)? {
        return Ok(());
    }
    let (Some(mac), Some(_), false) = (marks.mac, marks.index, marks.parent.in_pod) else {
        return Ok(());
    };
    let is_another_ones = |operation: &Operation| matches!(operation, Operation::CreateMacvlan(other) if other.mac.as_deref() == Some(mac));
    let host = &machine.node.kernel.host;
    let below = marks.below.unwrap_or(marks.parent.index);
    let is_on_the_wire = || host.takes_frames_for(below, mac);
    if !is_on_the_wire()? || is_of_another_record(machine, None, is_another_ones)? {
        return Ok(());
    }
    if remove_elsewhere(machine, |link| marks.is_certain(link), is_another_ones)? {
        return Ok(());
    }
    let limit = match machine.pod.is_kept || machine.has_waited {
        true => Duration::ZERO,
        false => ENDING,
    };
    if wait::until(limit, || Ok((!is_on_the_wire()?).then_some(())))?.is_none() {
        let reason = format!(
            "its interface {} is on the wire, in a network namespace that somebody keeps and to which no path leads",
            marks.names[0]
        );
        machine.outcome.left.push(reason);
    }
    Ok(())
}

/// Removes it where it is in the pod; true when it was.
pub fn remove_in_pod(machine: &Machine<'_>, marks: &Marks<'_>) -> Result<bool> {
    let pod = machine.pod.socket()?;
    let found = match marks.index {
        Some(index) => match pod.link_by_index(index)?.filter(marks.is_possible) {
            None => pod.links()?.into_iter().find(|link| marks.is_certain(link)),
            found => found,
        },
        None => {
            let is_new = |link: &Link| {
                (marks.is_possible)(link) && marks.mac.is_none_or(|mac| *mac == *link.mac)
            };
            let mut found = None;
            for name in marks.names {
                found = found.or(pod.link_by_name(name)?.filter(is_new));
            }
            found
        }
    };
    found.map_or(Ok(false), |link| Ok(pod.delete_link(link.index)?))
}

/// Removes a child of a link of the host from a namespace into which the pod has moved it; true when there was one.
/// Links of other attachments may have all the marks, when ours is gone: their namespaces are left alone.
pub fn remove_elsewhere(
    machine: &Machine<'_>,
    is_ours: impl Fn(&Link) -> bool,
    is_another_ones: impl Fn(&Operation) -> bool,
) -> Result<bool> {
    let kernel = &machine.node.kernel;
    let home = Netns::current()?;
    let pod = machine.pod.netns.as_deref();
    let known: Vec<_> = pod.into_iter().chain([&home]).collect();
    for netns in kernel.namespaces().others(&known) {
        // One that has ended meanwhile, or that this process may not enter.
        let Ok(links) = netns.socket().and_then(RouteSocket::links) else {
            continue;
        };
        let Some(link) = links.into_iter().find(&is_ours) else {
            continue;
        };
        let socket = netns.socket()?;
        // In the namespaces of another node on this machine a parent may have the same index.
        let is_on_our_parent = link.parent_namespace == socket.namespace_number(&home)?;
        if is_on_our_parent && !is_of_another_record(machine, Some(&netns), &is_another_ones)? {
            machine.node.trace.warning(format_args!(
                "the pod has moved its interface {} to {}: it is removed there",
                link.name,
                netns.path().display()
            ));
            return Ok(socket.delete_link(link.index)?);
        }
    }
    Ok(false)
}

/// Whether another attachment has an operation that `is_it` recognises, or the namespace. Of a record that cannot be read
/// that is not known, and it counts as one.
pub fn is_of_another_record(
    machine: &Machine<'_>,
    netns: Option<&Netns>,
    is_it: impl Fn(&Operation) -> bool,
) -> Result<bool> {
    for (_, record) in other_records(machine)? {
        let Some(record) = record else {
            return Ok(true);
        };
        let is_there = match netns {
            Some(netns) => netns.is(&record.header.netns.identity)?,
            None => false,
        };
        // Another interface of the same pod has the same namespace, which is not searched here.
        if is_there || record.steps.iter().any(|step| is_it(&step.operation)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Compares the child with what was made. `mac` is compared with the chain's result,
/// because a later plugin may have changed it.
pub fn verify(
    machine: &mut Machine<'_>,
    number: LinkNumber,
    name: &str,
    kind: &str,
    mode: Option<&str>,
    expected: &Previous,
) -> Result<()> {
    let place = machine.pod.netns()?.path().display().to_string();
    let Some(link) = machine.pod.socket()?.link_by_name(name)? else {
        return Err(difference(format!(
            "the pod {place} has no interface {name} any more"
        )));
    };
    machine.outcome.interface(number).index = Some(link.index);
    if link.kind.as_deref() != Some(kind) {
        return Err(difference(format!(
            "interface {name} of the pod {place} is a {}, not a {kind}",
            link.kind.as_deref().unwrap_or("device")
        )));
    }
    if let (Some(found), Some(mode)) = (link.mode, mode)
        && found != mode
    {
        return Err(difference(format!(
            "{kind} {name} of the pod {place} has mode {found}, not {mode}"
        )));
    }
    verify_mac(&link, &place, expected)
}

/// Compares the hardware address with the one in the chain's result, which a later plugin
/// may have changed.
pub fn verify_mac(link: &Link, place: &str, expected: &Previous) -> Result<()> {
    let name = &link.name;
    let reported = expected
        .interfaces
        .iter()
        .find(|interface| interface.name == *name && !interface.sandbox.is_empty());
    let reported_mac = reported.and_then(|interface| octets::parse(&interface.mac));
    match reported_mac {
        Some(reported) if reported != *link.mac => Err(difference(format!(
            "interface {name} of the pod {place} has the hardware address {}, but the result says \
             {}",
            octets::text(&link.mac),
            octets::text(&reported)
        ))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `IFNAMSIZ` less the zero (linux/if.h).
    #[test]
    fn a_temporary_name_fits_an_interface_and_is_another_each_time() {
        let names = [temporary_name().unwrap(), temporary_name().unwrap()];
        assert_ne!(names[0], names[1]);
        assert!(names.iter().all(|name| name.len() <= 15), "{names:?}");
    }
}
