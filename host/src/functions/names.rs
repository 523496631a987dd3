//! Gives a function's netdev and RDMA device their names back.
//!
//! The kernel gives a device that it re-creates, or brings home from a namespace that ended,
//! the first free name, which may be that of another function. When several functions come
//! home at once, each may have the name of the next: so a function that finds its own name taken lets
//! go of the one it has, and waits for the other to do the same.

use std::time::Duration;

use plumb_values::Device;

use super::original::OriginalLink;
use super::owed_name::OwedName;
use super::subject::Subject;
use super::{Holds, Original, host_link};
use crate::kernel::RouteSocket;
use crate::kernel::link::Link;
use crate::kernel::pci::{self, PciFunction};
use crate::kernel::rdma::RdmaSocket;
use crate::node::Node;
use crate::{Error, Result, wait};

/// How long a name may stay taken by a function that is on its way. Functions are as good
/// under another name, and a pod's deletion waits for this; but drivers are bound anew one at a time, and where a pod had
/// eight functions the last one takes as long as all.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a netdev or RDMA device is called that lets go of its name.
fn interim(index: u32) -> String {
    format!("plumb{index:x}")
}

/// Such a name that no link of the host has: indexes are counted anew in each namespace, so functions that come home
/// from two pods may have the same one.
pub fn interim_of_link(host: &RouteSocket, index: u32) -> Result<String> {
    let mut number = index;
    loop {
        let name = interim(number);
        match host.link_by_name(&name)? {
            Some(link) if link.index != index => number = number.wrapping_add(1 << 16),
            _ => return Ok(name),
        }
    }
}

/// A function that nobody holds, and the name that it is owed.
struct Creditor {
    address: String,
    link: Link,
    owed: OwedName,
}

/// Gives functions that nobody holds the names back that others had when they came home. What fails is tried again by the
/// next call.
pub fn restore_owed(node: &Node<'_>) -> Result<()> {
    let holds = Holds::new(&node.state);
    let host = &node.kernel.host;
    let mut creditors = creditors(node)?;
    for number in 0..creditors.len() {
        let Creditor {
            address,
            link,
            owed,
        } = &creditors[number];
        let (address, link, own) = (address.clone(), link.clone(), owed.own.clone());
        if let Some(holder) = host.link_by_name(&own)? {
            // Two may have each other's name, or three in a ring.
            let other = creditors
                .iter_mut()
                .find(|other| other.link.index == holder.index && holder.index != link.index);
            let Some(other) = other else {
                continue;
            };
            let interim = interim_of_link(host, holder.index)?;
            other.owed.now.clone_from(&interim);
            holds.keep_note(&other.address, &other.owed)?;
            rename_and_keep_up(host, &other.link, &interim)?;
        }
        rename_and_keep_up(host, &link, &own)?;
        holds.forget_note::<OwedName>(&address)?;
    }
    Ok(())
}

/// Those whose netdev is still the one that is owed the name; the others' debts are forgotten.
fn creditors(node: &Node<'_>) -> Result<Vec<Creditor>> {
    let holds = Holds::new(&node.state);
    let mut creditors = Vec::new();
    for (address, owed) in holds.notes::<OwedName>()? {
        if holds.read(&address)?.is_some() {
            continue;
        }
        match host_link(&node.kernel, &address)? {
            Some(link) if owed.is_of(&link)? => creditors.push(Creditor {
                address,
                link,
                owed,
            }),
            _ => holds.forget_note::<OwedName>(&address)?,
        }
    }
    Ok(creditors)
}

fn rename_and_keep_up(host: &RouteSocket, link: &Link, name: &str) -> Result<()> {
    rename_down(host, link.index, name)?;
    if link.up {
        host.set_link_up(link.index, true)?;
    }
    Ok(())
}

/// Gives the netdev its name back. udev may do the same at the same moment, and gives a
/// device whose name was taken an alternative name.
pub fn restore_link_name(subject: &Subject<'_>, original: &OriginalLink) -> Result<()> {
    let host = &subject.node.kernel.host;
    let name = &original.name;
    let Some(link) = host_link(&subject.node.kernel, subject.address)? else {
        return Ok(());
    };
    if link.name == *name {
        return Ok(());
    }
    let holder = || -> Result<Option<u32>> {
        let holder = host.link_by_name(name)?.map(|holder| holder.index);
        Ok(holder.filter(|index| *index != link.index))
    };
    let is_free = || Ok(holder()?.is_none().then_some(()));
    let rename = |name: &str| -> Result<()> {
        if host
            .link_by_index(link.index)?
            .is_some_and(|link| link.alternative_names.iter().any(|other| other == name))
        {
            host.delete_alternative_name(link.index, name)?;
        }
        rename_down(host, link.index, name)
    };
    let regain = || -> Result<()> {
        rename(name)?;
        Ok(Holds::new(&subject.node.state).forget_note::<OwedName>(subject.address)?)
    };
    let owe = |now: String| -> Result<()> {
        subject.node.trace.warning(format_args!(
            "{} comes home as {now}: another interface has taken its name {name}, which it gets back when \
             that is free, by a GC or with its next pod",
            Device(subject.address)
        ));
        let owed = OwedName::of(&link, now, name.clone())?;
        Ok(Holds::new(&subject.node.state).keep_note(subject.address, &owed)?)
    };
    let is_borrowed = || {
        is_borrowed(
            subject,
            |function| function.links.contains(name),
            |original| original.link.as_ref().is_some_and(|own| own.name != *name),
        )
    };
    match look(holder, is_borrowed)? {
        Name::Free => return regain(),
        Name::Kept => return owe(link.name.clone()),
        Name::Borrowed => {}
    }
    rename(&interim_of_link(host, link.index)?)?;
    match wait::until(PATIENCE, is_free)? {
        Some(()) => regain(),
        None => {
            rename(&link.name)?;
            owe(link.name.clone())
        }
    }
}

/// Gives the RDMA device its name back, when the function has one device.
pub fn restore_rdma_name(subject: &Subject<'_>) -> Result<()> {
    let function = pci::function(&subject.node.kernel.sysfs, subject.address)?;
    let now = function.map_or_else(Vec::new, |function| function.rdma_devices);
    let ([name], [now]) = (subject.original.rdma_devices.as_slice(), now.as_slice()) else {
        return Ok(());
    };
    if name == now {
        return Ok(());
    }
    let Some(socket) = RdmaSocket::open()? else {
        return Ok(());
    };
    let Some(device) = socket.device(now)? else {
        return Ok(());
    };
    let holder = || -> Result<Option<u32>> { Ok(socket.device(name)?.map(|device| device.index)) };
    let is_free = || Ok(holder()?.is_none().then_some(()));
    let rename = |name: &str| socket.rename_device(&device, name).map_err(Error::from);
    let is_borrowed = || {
        is_borrowed(
            subject,
            |function| function.rdma_devices.contains(name),
            |original| !original.rdma_devices.contains(name),
        )
    };
    match look(holder, is_borrowed)? {
        Name::Free => return rename(name),
        Name::Kept => return Ok(()),
        Name::Borrowed => {}
    }
    rename(&interim(device.index))?;
    match wait::until(PATIENCE, is_free)? {
        Some(()) => rename(name),
        None => rename(now),
    }
}

/// Whether a function's name can be had.
enum Name {
    Free,
    /// By a function that is about to let go of it.
    Borrowed,
    Kept,
}

/// Looks who has a name. One who lets go of it between two looks is no longer found by it, which does not mean that it is
/// kept: two functions with each other's name would both stay where they are.
fn look(
    holder: impl Fn() -> Result<Option<u32>>,
    is_borrowed: impl Fn() -> Result<bool>,
) -> Result<Name> {
    loop {
        let Some(before) = holder()? else {
            return Ok(Name::Free);
        };
        if is_borrowed()? {
            return Ok(Name::Borrowed);
        }
        if holder()? == Some(before) {
            return Ok(Name::Kept);
        }
    }
}

/// Whether a name is that of another function that is held and had another one before: it
/// is about to leave for a pod, or to be restored itself.
fn is_borrowed(
    subject: &Subject<'_>,
    has_it: impl Fn(&PciFunction) -> bool,
    had_another: impl Fn(&Original) -> bool,
) -> Result<bool> {
    for (address, hold) in Holds::new(&subject.node.state).list()? {
        if address != subject.address && had_another(&hold.original) {
            let function = pci::function(&subject.node.kernel.sysfs, &address)?;
            if function.is_some_and(|function| has_it(&function)) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Renames a netdev, which the kernel allows while it is down.
pub fn rename_down(host: &RouteSocket, index: u32, name: &str) -> Result<()> {
    if host.link_by_index(index)?.is_some_and(|link| link.up) {
        host.set_link_up(index, false)?;
    }
    match host.rename_link(index, name) {
        Ok(()) => Ok(()),
        Err(error) => match host.link_by_index(index)? {
            Some(link) if link.name == *name => Ok(()),
            _ => Err(error.into()),
        },
    }
}
