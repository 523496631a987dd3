//! An interface of the host that belongs to no PCI function, on its way into a pod and home again.
//!
//! | what it is | how it is known again | when the pod's namespace ends first |
//! |---|---|---|
//! | hardware | its permanent address | the kernel brings it home, under whatever name |
//! | virtual, on or opposite to a link of the host | by that, which no pod can bring about | it ends, too |
//! | virtual, such as a tap or a dummy | its index in the pod, and its kind | it ends, too |
//!
//! Root in a pod can make one of the last row that looks the same. It comes home set down and without addresses, unless it is a
//! dummy, behind which there is nobody.

use std::os::fd::AsFd;

use ipnetwork::IpNetwork;
use nix::errno::Errno;
use plumb_values::HardwareAddress;
use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use crate::functions::{OriginalLink, interim_of_link, rename_down};
use crate::journal::Checked;
use crate::kernel::ethtool::Ethtool;
use crate::kernel::link::{INFINIBAND, Link};
use crate::kernel::{Netns, RouteSocket, tcx};
use crate::node::Node;
use crate::{Error, Result};

/// A kind behind which there is nothing.
const DUMMY: &str = "dummy";

/// An interface as it was found on the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Netdev {
    /// What a pod can change of it.
    pub link: OriginalLink,
    /// `IFLA_INFO_KIND`; hardware has none.
    pub kind: Option<String>,
    /// Empty where its driver knows none.
    pub permanent_address: HardwareAddress,
    /// Index of the link that it lies on, or that is its other end.
    pub other: Option<u32>,
    /// Whether that one is on the host.
    pub other_is_on_host: bool,
    /// Those that it had.
    pub addresses: Vec<IpNetwork>,
}

impl Netdev {
    /// Looks at a link of the host.
    pub fn read(link: Link, host: &RouteSocket) -> Result<Self> {
        let ethtool = Ethtool::read(&link.name)?;
        let tcx_programs = tcx::programs(link.index)?;
        let is_stated = |address: &IpNetwork| match address {
            IpNetwork::V4(_) => true,
            // The kernel makes that of the link itself.
            IpNetwork::V6(address) => !address.ip().is_unicast_link_local(),
        };
        let mut addresses = host.addresses(link.index)?;
        addresses.retain(is_stated);
        Ok(Self {
            kind: link.kind.clone(),
            permanent_address: link.permanent_address.clone(),
            other: link.parent,
            other_is_on_host: link.parent.is_some() && link.parent_namespace.is_none(),
            addresses,
            link: OriginalLink::of(link, ethtool, tcx_programs),
        })
    }

    /// Whether its fields, read back from a record, are such as plumb writes.
    pub fn check_record(&self) -> Checked {
        check_link_name(&self.link.name)
    }

    /// Whether the kernel brings it back when the namespace ends in which it is.
    pub fn returns(&self) -> bool {
        self.kind.is_none()
    }

    /// Whether nobody in a pod can make one like it.
    pub fn is_unique(&self) -> bool {
        !self.permanent_address.is_empty() || (self.other.is_some() && self.other_is_on_host)
    }

    /// Whether a link in a namespace may be it; `home` is the number that the host has there.
    pub fn may_be(&self, link: &Link, home: Option<u32>) -> bool {
        let is_there = match self.other {
            Some(_) if self.other_is_on_host => home.is_some() && link.parent_namespace == home,
            _ => true,
        };
        link.kind == self.kind
            && link.hardware_type == self.link.hardware_type
            && link.permanent_address == self.permanent_address
            && link.parent == self.other
            && is_there
    }

    /// Whether a link of the host is it, by what no pod can bring about.
    fn is_at_home(&self, link: &Link, mark: &str) -> bool {
        let is_it = link.kind == self.kind
            && link.permanent_address == self.permanent_address
            && link.parent == self.other
            && (!self.other_is_on_host || link.parent_namespace.is_none());
        let is_marked = link.kind == self.kind && link.alias.as_deref() == Some(mark);
        is_marked || (is_it && self.is_unique())
    }

    /// Where it is on the host, if it is there and has come home from a pod.
    pub fn find_at_home(&self, mark: &str, host: &RouteSocket) -> Result<Option<Link>> {
        let mut links = host.links()?;
        links.retain(|link| self.is_at_home(link, mark));
        Ok(links.into_iter().next())
    }

    /// Moves it from a namespace to the host, under its own name where that is free. `mark` becomes its alias: it says until
    /// all is restored that it is not.
    pub fn bring_home(&self, link: &Link, from: &Netns, mark: &str, node: &Node<'_>) -> Result<()> {
        let inside = from.socket()?;
        let host = &node.kernel.host;
        // What the pod has stacked on it would stay behind, and see what comes in.
        for other in inside.links()? {
            if other.below() == Some(link.index) {
                inside.delete_link(other.index)?;
            }
        }
        // They would go along, and one that the host has, too, would keep it from coming home.
        for name in &link.alternative_names {
            inside.delete_alternative_name(link.index, name)?;
        }
        inside.set_link_alias(link.index, mark)?;
        let name = match host.link_by_name(&self.link.name)? {
            None => self.link.name.clone(),
            Some(_) => interim_of_link(host, link.index)?,
        };
        Ok(inside.move_link(link, Netns::current()?.as_fd(), &name)?)
    }

    /// Gives it back what it had, on the host. Goes on when a part fails, and reports all that failed.
    pub fn restore(&self, link: &Link, node: &Node<'_>) -> Result<()> {
        let host = &node.kernel.host;
        let mut failures: Vec<Error> = Vec::new();
        failures.extend(self.restore_name(link, node).err());
        let now = host
            .link_by_index(link.index)?
            .unwrap_or_else(|| link.clone());
        if self.link.mtu != 0 && now.mtu != self.link.mtu {
            let set = host.set_link_mtu(now.index, self.link.mtu);
            failures.extend(set.err().map(Error::from));
        }
        let has_own = self.link.hardware_type == INFINIBAND || self.link.mac.is_empty();
        if !has_own && now.mac != self.link.mac {
            let set = host.set_link_mac(now.index, &self.link.mac);
            failures.extend(set.err().map(Error::from));
        }
        let is_trusted = self.is_unique() || self.kind.as_deref() == Some(DUMMY);
        if is_trusted {
            failures.extend(self.restore_use(&now, host).err());
        } else if self.link.up || !self.addresses.is_empty() {
            node.trace.warning(format_args!(
                "{} comes home set down and without addresses: root in the pod may have put another one in its place",
                now.name
            ));
        }
        if let Some(traits) = &self.link.traits {
            failures.extend(traits.restore(&now, node).err());
        }
        Error::all(failures).map_or(Ok(()), Err)
    }

    fn restore_name(&self, link: &Link, node: &Node<'_>) -> Result<()> {
        let host = &node.kernel.host;
        let own = &self.link.name;
        if link.name == *own {
            return Ok(());
        }
        match host.link_by_name(own)? {
            // A further name of its own is in the way of the first.
            Some(holder) if holder.index == link.index => {
                host.delete_alternative_name(link.index, own)?;
            }
            Some(_) => {
                node.trace.warning(format_args!(
                    "the interface {own} comes home as {}: another one has taken its name",
                    link.name
                ));
                return Ok(());
            }
            None => {}
        }
        rename_down(host, link.index, own)
    }

    /// Sets it up and gives it its addresses, as it was.
    fn restore_use(&self, link: &Link, host: &RouteSocket) -> Result<()> {
        let is_up = host.link_by_index(link.index)?.is_some_and(|link| link.up);
        if is_up != self.link.up {
            host.set_link_up(link.index, self.link.up)?;
        }
        for address in &self.addresses {
            match host.add_address(link.index, *address) {
                Err(error) if error.errno() == Some(Errno::EEXIST) => {}
                added => added?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
