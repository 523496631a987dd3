//! What root in a pod can set on a function's netdev beside name, address, MTU and state, and what goes with it between
//! namespaces.

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

use super::host_link;
use super::subject::Subject;
use crate::kernel::ethtool::Ethtool;
use crate::kernel::link::Link;
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
    /// Further names.
    pub alternative_names: Vec<String>,
    /// What the adapter's driver was told.
    pub ethtool: Ethtool,
}

impl LinkTraits {
    /// Gives them back to the netdev on the host. Goes on when one is refused, and reports all that were.
    pub fn restore(&self, subject: &Subject<'_>) -> Result<()> {
        let Some(link) = host_link(&subject.node.kernel, subject.address)? else {
            return Ok(());
        };
        let host = &subject.node.kernel.host;
        let mut failures: Vec<Error> = Vec::new();
        let mut done = |outcome: crate::kernel::Result<()>| {
            failures.extend(outcome.err().map(Error::from));
        };
        for mode in &link.xdp_modes {
            done(host.detach_xdp(link.index, *mode));
        }
        if link.alias.as_deref().unwrap_or_default() != self.alias {
            done(host.set_link_alias(link.index, &self.alias));
        }
        if link.group != self.group {
            done(host.set_link_group(link.index, self.group));
        }
        if link.queue_length != self.queue_length {
            done(host.set_link_queue_length(link.index, self.queue_length));
        }
        if link.flags != self.flags {
            done(host.set_link_flags(link.index, self.flags));
        }
        done(self.ethtool.restore(&link.name));
        done(self.restore_names(subject, &link));
        Error::all(failures).map_or(Ok(()), Err)
    }

    /// An alternative name that the host has given to another link meanwhile stays there.
    fn restore_names(&self, subject: &Subject<'_>, link: &Link) -> crate::kernel::Result<()> {
        let host = &subject.node.kernel.host;
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
                    subject.node.trace.warning(format_args!(
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
