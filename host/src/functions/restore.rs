//! Gives a function back as it was found.
//!
//! One way for all occasions: an ADD that failed, a DEL, a GC, the next ADD that needs the
//! function of a dead pod. It compares what there is with the original and mends the
//! difference, so it can be repeated, and begun anywhere.

use std::os::fd::AsFd;

use super::find::{APPEARANCE, Found, find_link, host_link};
use super::original::{Original, OriginalLink, parent_link};
use super::{RdmaLock, rebind, wait};
use crate::kernel::guid;
use crate::kernel::link::{INFINIBAND, Link};
use crate::kernel::rdma::RdmaSocket;
use crate::kernel::virtual_function::Settings;
use crate::kernel::{Kernel, Netns, pci};
use crate::{Error, Result, mac};

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

/// What is restored, and from where.
pub struct Subject<'a> {
    /// The node.
    pub kernel: &'a Kernel,
    /// For the lock.
    pub state_folder: &'a std::path::Path,
    /// The function.
    pub address: &'a str,
    /// What it was like.
    pub original: &'a Original,
    /// The pod's namespace; none when it is gone.
    pub netns: Option<&'a Netns>,
}

/// Restores a function. Goes on when a part fails, and tells all that failed.
pub fn restore(
    kernel: &Kernel,
    state_folder: &std::path::Path,
    address: &str,
    original: &Original,
    netns: Option<&Netns>,
) -> Result<Restored> {
    let subject = Subject {
        kernel,
        state_folder,
        address,
        original,
        netns,
    };
    if pci::function(&kernel.sysfs, address).is_none() {
        // Virtual functions go when their number is set to 0, with all their settings.
        return Ok(Restored::Whole);
    }
    let mut failures: Vec<Error> = Vec::new();
    failures.extend(subject.fetch_rdma_devices().err());
    failures.extend(subject.fetch_link().err());
    if failures.is_empty() && !subject.is_home()? {
        return Ok(Restored::Away);
    }
    failures.extend(subject.settings().err());
    failures.extend(subject.link().err());
    failures.extend(subject.rdma_names().err());
    match failures.split_first() {
        None => Ok(Restored::Whole),
        Some((first, rest)) => Err(rest.iter().fold(first.clone(), |error, other| {
            error.with_details(other.to_string())
        })),
    }
}

impl Subject<'_> {
    /// Moves the RDMA devices that are in the pod to the host. First, because on InfiniBand
    /// the kernel makes the netdev anew when they move.
    fn fetch_rdma_devices(&self) -> Result<()> {
        let Some(netns) = self.netns else {
            return Ok(());
        };
        let names = pci::function(&netns.sysfs()?, self.address)
            .map_or_else(Vec::new, |function| function.rdma_devices);
        let here = pci::function(&self.kernel.sysfs, self.address)
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
        let _lock = RdmaLock::take(self.state_folder)?;
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
    fn fetch_link(&self) -> Result<()> {
        if self.original.link.is_none() {
            return Ok(());
        }
        let (Some(netns), Some(Found::Pod(link))) = (
            self.netns,
            find_link(self.kernel, self.netns, self.address)?,
        ) else {
            return Ok(());
        };
        let pod = netns.socket()?;
        let name = match &self.original.link {
            Some(original) if self.kernel.host.link_by_name(&original.name)?.is_none() => {
                original.name.clone()
            }
            _ => format!("plumb{:x}", link.index),
        };
        if link.alternative_names.contains(&name) {
            pod.delete_alternative_name(link.index, &name)?;
        }
        Ok(pod.move_link(&link, Netns::current()?.as_fd(), &name)?)
    }

    /// Whether the function is on the host with all that it had there. The kernel brings
    /// netdevs and RDMA devices back from a namespace that ended, but not at once.
    fn is_home(&self) -> Result<bool> {
        let look = || {
            let Some(function) = pci::function(&self.kernel.sysfs, self.address) else {
                return Ok(Some(()));
            };
            if function.driver != self.original.driver || function.driver.is_none() {
                // Unbound in the middle of an ADD, or given to another driver since.
                return Ok(Some(()));
            }
            let link =
                self.original.link.is_none() || host_link(self.kernel, self.address)?.is_some();
            let rdma = function.rdma_devices.len() >= self.original.rdma_devices.len();
            Ok((link && rdma).then_some(()))
        };
        Ok(wait::until(APPEARANCE, look)?.is_some())
    }

    /// Restores the settings, and binds the driver anew when it must read a GUID or when
    /// the function has none.
    fn settings(&self) -> Result<()> {
        let original = &self.original.settings;
        let now = self
            .original
            .read_settings(self.kernel, self.address, original)?;
        let differing = original.differing_from(&now);
        let mut outcome = Ok(());
        if let (Some(number), Some(parent)) = (
            self.original.number,
            parent_link(self.kernel, self.address)?,
        ) {
            outcome = self.set(&differing, number, &parent);
        }
        let function = pci::function(&self.kernel.sysfs, self.address);
        let driver = function.and_then(|function| function.driver);
        let guid_differs = differing.node_guid.is_some() || differing.port_guid.is_some();
        if let Some(own) = &self.original.driver
            && (driver.is_none() || (guid_differs && driver.as_ref() == Some(own)))
            && !is_for_user_space(own)
        {
            let lock = RdmaLock::take(self.state_folder)?;
            rebind(
                self.kernel,
                self.address,
                own,
                self.original.link.is_some(),
                self.original.rdma_devices.len(),
                &lock,
            )?;
        }
        outcome
    }

    fn set(&self, settings: &Settings, number: u32, parent: &Link) -> Result<()> {
        let host = &self.kernel.host;
        let below = (parent.index, parent.name.as_str());
        let mut outcome = Ok(());
        for setting in settings.each(number) {
            let is_guid = setting.is_guid();
            let mut set = host.set_virtual_function(below, number, setting);
            if set.is_err() && is_guid {
                // A fresh function has GUID 0, which some adapters show but do not take.
                let unset = Settings {
                    node_guid: Some(guid::UNSET),
                    port_guid: Some(guid::UNSET),
                    ..Settings::default()
                };
                set = unset
                    .each(number)
                    .into_iter()
                    .try_for_each(|setting| host.set_virtual_function(below, number, setting));
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
        let Some(link) = host_link(self.kernel, self.address)? else {
            return Ok(());
        };
        let host = &self.kernel.host;
        let named = self.rename(&link, original);
        let mtu = match link.mtu == original.mtu {
            true => Ok(()),
            false => host.set_link_mtu(link.index, original.mtu),
        };
        // An IPoIB address has the GUID and a number that the kernel picks.
        let mac = match original.hardware_type == INFINIBAND || link.mac == original.mac {
            true => Ok(()),
            false => host.set_link_mac(link.index, &original.mac),
        };
        let is_up = host.link_by_index(link.index)?.is_some_and(|link| link.up);
        let up = match is_up == original.up {
            true => Ok(()),
            false => host.set_link_up(link.index, original.up),
        };
        named?;
        mtu?;
        mac.map_err(|error| {
            Error::from(error).with_details(format!(
                "{} keeps the hardware address {} of the pod",
                original.name,
                mac::text(&link.mac)
            ))
        })?;
        Ok(up?)
    }

    /// Gives the netdev its name back. udev may do the same at the same moment, and gives a
    /// device whose name was taken an alternative name.
    fn rename(&self, link: &Link, original: &OriginalLink) -> Result<()> {
        let host = &self.kernel.host;
        let name = &original.name;
        if link.name == *name {
            return Ok(());
        }
        let taken = host.link_by_name(name)?;
        if taken.is_some_and(|other| other.index != link.index) {
            // The kernel gives names anew; the function is as good under another one.
            return Ok(());
        }
        if link.alternative_names.contains(name) {
            host.delete_alternative_name(link.index, name)?;
        }
        if link.up {
            host.set_link_up(link.index, false)?;
        }
        match host.rename_link(link.index, name) {
            Ok(()) => Ok(()),
            Err(error) => match host.link_by_index(link.index)? {
                Some(link) if link.name == *name => Ok(()),
                _ => Err(error.into()),
            },
        }
    }

    /// Gives the RDMA device its name back, when it has one device and the name is free.
    fn rdma_names(&self) -> Result<()> {
        let function = pci::function(&self.kernel.sysfs, self.address);
        let now = function.map_or_else(Vec::new, |function| function.rdma_devices);
        let ([before], [now]) = (self.original.rdma_devices.as_slice(), now.as_slice()) else {
            return Ok(());
        };
        if before == now {
            return Ok(());
        }
        let Some(socket) = RdmaSocket::open()? else {
            return Ok(());
        };
        if socket.device(before)?.is_some() {
            return Ok(());
        }
        match socket.device(now)? {
            Some(device) => Ok(socket.rename_device(&device, before)?),
            None => Ok(()),
        }
    }
}

/// Drivers that give a function to a program; binding them anew changes nothing.
pub fn is_for_user_space(driver: &str) -> bool {
    matches!(driver, "vfio-pci" | "uio_pci_generic" | "igb_uio") || driver.ends_with("_vfio_pci")
}
