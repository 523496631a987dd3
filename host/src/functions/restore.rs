//! Gives a function back as it was found.
//!
//! One way for all occasions: an ADD that failed, a DEL, a GC, the next ADD that needs the
//! function of a dead pod. It compares what there is with the original and mends the
//! difference, so it can be repeated, and begun anywhere.

use std::os::fd::AsFd;
use std::time::Duration;

use plumb_values::Guid;
use plumb_values::driver::is_for_user_space;

use super::find::{Found, find_link, host_link};
use super::original::{Original, parent_link};
use super::subject::Subject;
use super::{Holds, RdmaLock, link_traits, names, rebind};
use crate::kernel::link::{INFINIBAND, Link};
use crate::kernel::virtual_function::Settings;
use crate::kernel::{Netns, pci};
use crate::node::Node;
use crate::{Error, Result, wait};

/// How long a netdev may take that a process began to make and was killed: the kernel makes
/// it before it lets go of the process.
const MAKING: Duration = Duration::from_secs(1);

/// How long it may take to come home from a namespace that the pod made beside its own. While the pod is there, such a
/// one is rather kept than about to end.
const PASSING: Duration = Duration::from_secs(2);

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restored {
    /// The function is as it was, or does not exist any more.
    Whole,
    /// It is in a namespace that nobody can reach: one that is ending, or that a process
    /// keeps. The kernel brings it back; until then nothing of it may be touched, because
    /// somebody else may have it.
    Away,
}

/// Restores a function, which may take `patience` to come back from a namespace that has ended. Goes on when a part
/// fails, and reports all that failed.
pub fn restore(
    node: &Node<'_>,
    address: &str,
    original: &Original,
    netns: Option<&Netns>,
    patience: Duration,
) -> Result<Restored> {
    let subject = Subject {
        node,
        address,
        original,
    };
    if pci::function(&node.kernel.sysfs, address)?.is_none() {
        // Virtual functions go when their number is set to 0, with all their settings.
        return Ok(Restored::Whole);
    }
    let mut failures: Vec<Error> = Vec::new();
    failures.extend(netns.into_iter().flat_map(|netns| subject.fetch(netns)));
    let interrupted = Holds::new(&node.state).was_interrupted(address)?;
    if failures.is_empty() && !interrupted && !subject.is_home(Duration::ZERO)? {
        failures.extend(subject.fetch_from_elsewhere(netns)?);
    }
    let limit = match netns {
        _ if interrupted => MAKING,
        Some(_) => patience.min(PASSING),
        None => patience,
    };
    if failures.is_empty() && !subject.is_home(limit)? {
        match &original.driver {
            // It is not in another namespace, it is missing.
            Some(driver) if interrupted => failures.extend(subject.rebind(driver).err()),
            _ => return Ok(Restored::Away),
        }
    }
    failures.extend(subject.settings().err());
    failures.extend(subject.link().err());
    failures.extend(names::restore_rdma_name(&subject).err());
    Error::all(failures).map_or(Ok(Restored::Whole), Err)
}

impl Subject<'_> {
    /// Moves what a namespace has of the function to the host.
    fn fetch(&self, netns: &Netns) -> Vec<Error> {
        let rdma_devices = self.fetch_rdma_devices(netns).err();
        rdma_devices
            .into_iter()
            .chain(self.fetch_link(netns).err())
            .collect()
    }

    /// Looks through the other namespaces of the machine: whoever is root in the pod can make one and move the function
    /// into it. Holding the function is what entitles to take it out of there.
    fn fetch_from_elsewhere(&self, pod: Option<&Netns>) -> Result<Vec<Error>> {
        let home = Netns::current()?;
        let known: Vec<_> = pod.into_iter().chain([&home]).collect();
        let mut failures = Vec::new();
        for netns in self.node.kernel.namespaces().others(&known) {
            // One that has ended meanwhile, or that this process may not enter.
            let Ok(Some(inside)) = netns
                .sysfs()
                .and_then(|sysfs| pci::function(&sysfs, self.address))
            else {
                continue;
            };
            // In shared mode RDMA devices show everywhere.
            if inside.links.is_empty() && inside.rdma_devices.is_empty() {
                continue;
            }
            failures.extend(self.fetch(&netns));
        }
        Ok(failures)
    }

    /// Moves the RDMA devices that are in a namespace to the host. First, because on InfiniBand
    /// the kernel re-creates the netdev when they move.
    fn fetch_rdma_devices(&self, netns: &Netns) -> Result<()> {
        let names = pci::function(&netns.sysfs()?, self.address)?
            .map_or_else(Vec::new, |function| function.rdma_devices);
        let here = pci::function(&self.node.kernel.sysfs, self.address)?
            .map_or_else(Vec::new, |function| function.rdma_devices);
        // In shared mode a device shows in all namespaces and is at home.
        let away: Vec<_> = names
            .into_iter()
            .filter(|name| !here.contains(name))
            .collect();
        if away.is_empty() {
            return Ok(());
        }
        let Some(socket) = netns.rdma_socket()? else {
            return Ok(());
        };
        let _lock = RdmaLock::take(&self.node.state, self.address)?;
        let home = Netns::current()?;
        for device in socket.devices()? {
            if away.contains(&device.name) {
                netns.inside(|| socket.move_device(&device, home.as_fd()))??;
            }
        }
        Ok(())
    }

    /// Moves the netdev to the host, under its own name where that is free. One that was in
    /// the pod before, as for a plugin that comes later in a chain, stays there.
    fn fetch_link(&self, netns: &Netns) -> Result<()> {
        if self.original.link.is_none() {
            return Ok(());
        }
        let Some(Found::Pod(link)) = find_link(&self.node.kernel, Some(netns), self.address)?
        else {
            return Ok(());
        };
        let pod = netns.socket()?;
        let name = match &self.original.link {
            Some(original)
                if self
                    .node
                    .kernel
                    .host
                    .link_by_name(&original.name)?
                    .is_none() =>
            {
                original.name.clone()
            }
            _ => names::interim_of_link(&self.node.kernel.host, link.index)?,
        };
        // What the pod has stacked on it would stay behind, and see what the next pod sends.
        for other in pod.links()? {
            if other.parent == Some(link.index) && other.parent_namespace.is_none() {
                pod.delete_link(other.index)?;
            }
        }
        // They would go along, and one that the host has, too, would keep it from coming home.
        for other in &link.alternative_names {
            pod.delete_alternative_name(link.index, other)?;
        }
        Ok(pod.move_link(&link, Netns::current()?.as_fd(), &name)?)
    }

    /// Whether the function is on the host with all that it had there. The kernel brings
    /// netdevs and RDMA devices back from a namespace that ended, but not at once.
    fn is_home(&self, limit: Duration) -> Result<bool> {
        let look = || {
            let Some(function) = pci::function(&self.node.kernel.sysfs, self.address)? else {
                return Ok(Some(()));
            };
            if function.driver != self.original.driver || function.driver.is_none() {
                // Unbound in the middle of an ADD, or given to another driver since.
                return Ok(Some(()));
            }
            let link = self.original.link.is_none()
                || host_link(&self.node.kernel, self.address)?.is_some();
            let rdma = function.rdma_devices.len() >= self.original.rdma_devices.len();
            Ok((link && rdma).then_some(()))
        };
        Ok(wait::until(limit, look)?.is_some())
    }

    /// Restores the settings, and binds the driver again when it must read a GUID or an
    /// address, or when the function has none.
    fn settings(&self) -> Result<()> {
        let original = &self.original.settings;
        let now = self
            .original
            .read_settings(&self.node.kernel, self.address, original)?;
        let differing = original.differing_from(&now);
        let mut outcome = Ok(());
        if let (Some(number), Some(parent)) = (
            self.original.number,
            parent_link(&self.node.kernel, self.address)?,
        ) {
            outcome = self.set(&differing, number, &parent);
        }
        let function = pci::function(&self.node.kernel.sysfs, self.address)?;
        let driver = function.and_then(|function| function.driver);
        let is_read_by_driver =
            differing.have_guid() || (original.mac().is_some() && self.mac().is_err());
        if let Some(own) = &self.original.driver
            && (driver.is_none() || (is_read_by_driver && driver.as_ref() == Some(own)))
            && !is_for_user_space(own)
        {
            self.rebind(own)?;
        }
        outcome
    }

    fn rebind(&self, driver: &str) -> Result<()> {
        let lock = RdmaLock::take(&self.node.state, self.address)?;
        rebind(
            &self.node.kernel,
            self.address,
            driver,
            self.original.link.is_some(),
            self.original.rdma_devices.len(),
            &lock,
        )
    }

    fn set(&self, settings: &Settings, number: u32, parent: &Link) -> Result<()> {
        let host = &self.node.kernel.host;
        let below = (parent.index, parent.name.as_str());
        let mut outcome = Ok(());
        for change in settings.changes(number) {
            let is_guid = change.is_of_guid();
            let mut set = host.set_virtual_function(below, number, change);
            if set.is_err() && is_guid {
                // A fresh function has GUID 0, which some adapters show but do not take.
                set = Settings::guids(Guid::UNSET)
                    .changes(number)
                    .into_iter()
                    .try_for_each(|change| host.set_virtual_function(below, number, change));
            }
            outcome = outcome.and(set.map_err(Error::from));
        }
        outcome
    }

    /// Restores what the netdev itself holds.
    fn link(&self) -> Result<()> {
        let Some(original) = &self.original.link else {
            return Ok(());
        };
        let Some(link) = host_link(&self.node.kernel, self.address)? else {
            return Ok(());
        };
        let host = &self.node.kernel.host;
        let named = names::restore_link_name(self, original);
        let traits = match &original.traits {
            Some(traits) => match host_link(&self.node.kernel, self.address)? {
                Some(renamed) => traits.restore(&renamed, self.node),
                None => Ok(()),
            },
            None => link_traits::restrain(self),
        };
        let mtu = match original.mtu == 0 || link.mtu == original.mtu {
            true => Ok(()),
            false => host.set_link_mtu(link.index, original.mtu),
        };
        let mac = self.mac();
        let is_up = host.link_by_index(link.index)?.is_some_and(|link| link.up);
        let up = match is_up == original.up {
            true => Ok(()),
            false => host.set_link_up(link.index, original.up),
        };
        named?;
        traits?;
        mtu?;
        mac?;
        Ok(up?)
    }

    /// Gives the netdev its hardware address back. The drivers of some adapters, such as
    /// igbvf and iavf, refuse any that the physical function did not set; they take that one
    /// when they are bound.
    fn mac(&self) -> Result<()> {
        let (Some(original), Some(link)) = (
            &self.original.link,
            host_link(&self.node.kernel, self.address)?,
        ) else {
            return Ok(());
        };
        // An IPoIB address has the GUID and a number that the kernel picks.
        let is_known = original.hardware_type != INFINIBAND && !original.mac.is_empty();
        if !is_known || link.mac == original.mac {
            return Ok(());
        }
        let set = self
            .node
            .kernel
            .host
            .set_link_mac(link.index, &original.mac);
        set.map_err(|error| {
            Error::from(error).with_details(format!(
                "{} keeps the hardware address {} of the pod",
                link.name, link.mac
            ))
        })
    }
}
