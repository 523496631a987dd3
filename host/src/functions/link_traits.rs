//! What root in a pod can set on a function's netdev beside name, address, MTU and state, and what goes with it between
//! namespaces.

use nix::errno::Errno;
use plumb_values::HardwareAddress;
use serde::{Deserialize, Serialize};

use super::host_link;
use super::subject::Subject;
use crate::kernel::ethtool::Ethtool;
use crate::kernel::link::{INFINIBAND, Link, PROMISCUOUS, Segmentation};
use crate::kernel::tcx;
use crate::node::Node;
use crate::{Error, Result};

/// These traits of a netdev, as they were found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkTraits {
    /// `IFF_*` (linux/if.h), those that can be set beside `IFF_UP`.
    pub flags: u32,
    /// `IFLA_GROUP`
    pub group: u32,
    /// Packets.
    pub queue_length: u32,
    /// Empty where it had none.
    pub alias: String,
    /// Empty in holds of earlier releases.
    #[serde(default)]
    pub broadcast: HardwareAddress,
    /// `IF_LINK_MODE_*` (linux/if.h)
    #[serde(default)]
    pub link_mode: u8,
    /// What it may hand on at once.
    #[serde(default)]
    pub segmentation: Segmentation,
    /// Further names.
    pub alternative_names: Vec<String>,
    /// What the adapter's driver was told.
    pub ethtool: Ethtool,
    /// The identifiers of its tcx programs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tcx_programs: Vec<u32>,
}

/// Where nobody knows what a netdev was like: takes away what would show its next owner the frames of others, or have
/// its frames seen.
pub fn restrain(subject: &Subject<'_>) -> Result<()> {
    let Some(link) = host_link(&subject.node.kernel, subject.address)? else {
        return Ok(());
    };
    let host = &subject.node.kernel.host;
    let mut failures: Vec<Error> = Vec::new();
    for mode in &link.xdp_modes {
        failures.extend(host.detach_xdp(link.index, *mode).err().map(Error::from));
    }
    let detached = tcx::detach_others(link.index, &[]);
    failures.extend(detached.err().map(Error::from));
    let flags = link.flags & !PROMISCUOUS;
    if flags != link.flags {
        failures.extend(
            host.set_link_flags(link.index, flags)
                .err()
                .map(Error::from),
        );
    }
    Error::all(failures).map_or(Ok(()), Err)
}

impl LinkTraits {
    /// Gives them back to a netdev on the host. Goes on when one is refused, and reports all that were. The alias is the last:
    /// it may say until then that not all has come home.
    pub fn restore(&self, link: &Link, node: &Node<'_>) -> Result<()> {
        let host = &node.kernel.host;
        let mut failures: Vec<Error> = Vec::new();
        let mut done = |outcome: crate::kernel::Result<()>| {
            failures.extend(outcome.err().map(Error::from));
        };
        for mode in &link.xdp_modes {
            done(host.detach_xdp(link.index, *mode));
        }
        done(tcx::detach_others(link.index, &self.tcx_programs));
        if link.group != self.group {
            done(host.set_link_group(link.index, self.group));
        }
        if link.queue_length != self.queue_length {
            done(host.set_link_queue_length(link.index, self.queue_length));
        }
        if link.flags != self.flags {
            done(host.set_link_flags(link.index, self.flags));
        }
        // IPoIB makes its own of the partition.
        let has_own = link.hardware_type == INFINIBAND || self.broadcast.is_empty();
        if !has_own && link.broadcast != self.broadcast {
            done(host.set_link_broadcast(link.index, &self.broadcast));
        }
        if link.link_mode != self.link_mode {
            done(host.set_link_mode(link.index, self.link_mode));
        }
        if link.segmentation != self.segmentation {
            done(host.set_link_segmentation(link.index, &self.segmentation));
        }
        done(self.ethtool.restore(&link.name));
        done(self.restore_names(link, node));
        if link.alias.as_deref().unwrap_or_default() != self.alias {
            done(host.set_link_alias(link.index, &self.alias));
        }
        Error::all(failures).map_or(Ok(()), Err)
    }

    /// An alternative name that the host has given to another link meanwhile stays there.
    fn restore_names(&self, link: &Link, node: &Node<'_>) -> crate::kernel::Result<()> {
        let host = &node.kernel.host;
        for name in &link.alternative_names {
            if !self.alternative_names.contains(name) {
                host.delete_alternative_name(link.index, name)?;
            }
        }
        for name in &self.alternative_names {
            if link.alternative_names.contains(name) {
                continue;
            }
            match host.add_alternative_name(link.index, name) {
                Err(error) if error.errno() == Some(Errno::EEXIST) => {
                    node.trace.warning(format_args!(
                        "{} does not get its alternative name {name} back: the host has given it away",
                        link.name
                    ));
                }
                added => added?,
            }
        }
        Ok(())
    }
}
