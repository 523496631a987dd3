//! Makes an IPoIB child of an InfiniBand interface in the pod (drivers/infiniband/ulp/ipoib).
//!
//! Unlike other children it outlives the pod's namespace: the kernel gives it back to the
//! host, under any free name. So it has an alias that names its attachment, from before it
//! enters the pod.

use std::os::fd::AsFd;
use std::time::Duration;

use plumb_values::arguments::{IPOIB_MODES, check_word};
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Parent, Reversible, child, difference};
use crate::attachment::Attachment;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::RouteSocket;
use crate::kernel::create_link::Child;
use crate::kernel::link::Link;
use crate::machine::Machine;
use crate::{Result, wait};

/// The kind's name in the kernel.
const KIND: &str = "ipoib";

/// What an alias begins with.
const ALIAS: &str = "plumb ";

/// Bytes of an alias (`IFALIASZ` less the zero, linux/if.h).
const ALIAS_BYTES: usize = 255;

/// How long the kernel may take to give the link back when a namespace has ended.
const RETURN: Duration = Duration::from_secs(5);

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateIpoib {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// The link below it.
    pub parent: Parent,
    /// None: the parent's.
    pub partition_key: Option<u16>,
    /// In the words of ip-link(8); none: the kernel's default.
    pub mode: Option<String>,
    /// Whether user space handles multicast joins.
    pub user_multicast: Option<bool>,
    /// Bytes; none: what the kernel chooses.
    pub mtu: Option<u32>,
    /// Its name in the pod.
    pub name: String,
    /// Its name on the host, drawn when the step is prepared.
    pub temporary_name: String,
    /// Its alias, which names the attachment.
    pub alias: String,
    /// Its index in the pod, once it is there.
    pub index: Option<u32>,
}

/// The attachment that an IPoIB child belongs to, by its alias; none when that may have been
/// cut.
pub fn owner_of(link: &Link) -> Option<Attachment> {
    let alias = link.alias.as_deref().filter(|_| link.is_ipoib_child())?;
    let owner = alias.strip_prefix(ALIAS)?;
    (alias.len() < ALIAS_BYTES).then(|| Attachment::parse(owner))?
}

impl CreateIpoib {
    /// The alias of an attachment's link.
    fn alias_of(attachment: &Attachment) -> String {
        let alias = format!("{ALIAS}{attachment}");
        alias[..alias.floor_char_boundary(ALIAS_BYTES)].to_owned()
    }

    fn is_ours(&self, link: &Link) -> bool {
        link.is_ipoib_child()
            && (link.name == self.temporary_name || link.alias.as_ref() == Some(&self.alias))
    }

    /// Removes the link where it is in this namespace; true when it was.
    fn remove(&self, socket: &RouteSocket) -> Result<bool> {
        let found = socket.links()?.into_iter().find(|link| self.is_ours(link));
        match found {
            Some(link) => Ok(socket.delete_link(link.index)?),
            None => Ok(false),
        }
    }
}

impl Reversible for CreateIpoib {
    fn check_record(&self) -> Checked {
        if let Some(mode) = &self.mode {
            check_word("ipoib mode", mode, &IPOIB_MODES)?;
        }
        child::check_names(&self.parent, &self.name, &self.temporary_name)
    }

    fn describe(&self) -> String {
        let mut text = format!("create ipoib {} in the pod on {}", self.name, self.parent);
        if let Some(key) = self.partition_key {
            text += &format!(", pkey {key:#06x}");
        }
        if let Some(mode) = &self.mode {
            text += &format!(", mode {mode}");
        }
        if let Some(user_multicast) = self.user_multicast {
            text += &format!(", umcast {}", u8::from(user_multicast));
        }
        if let Some(mtu) = self.mtu {
            text += &format!(", mtu {mtu}");
        }
        text
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Boot
    }

    fn makes_link(&self) -> Option<(LinkNumber, &str)> {
        Some((self.link, &self.name))
    }

    /// Without a mode the kernel makes a child of datagram mode.
    fn parent(&self) -> Option<&Parent> {
        Some(&self.parent)
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        if self.mode.is_none() {
            let parent = machine.node.kernel.host.link_by_index(self.parent.index)?;
            self.mode = parent.and_then(|link| link.mode).map(str::to_owned);
        }
        self.temporary_name = child::temporary_name()?;
        self.alias = Self::alias_of(&machine.pod.attachment);
        child::require_free_name(machine, &self.name)
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let host = &machine.node.kernel.host;
        let netns = machine.pod.netns()?;
        let made = Child::Ipoib {
            partition_key: self.partition_key,
            mode: self.mode.as_deref(),
            user_multicast: self.user_multicast,
        };
        let below = (self.parent.index, self.parent.name.as_str());
        host.create_child(below, made, &self.temporary_name, None, None)
            .map_err(|error| child::refusal(error, &self.parent))?;
        let link = host.require_link(&self.temporary_name, "the host")?;
        host.set_link_alias(link.index, &self.alias)?;
        if let Some(mtu) = self.mtu {
            host.set_link_mtu(link.index, mtu)?;
        }
        host.move_link(&link, netns.as_fd(), &self.name)?;
        let place = netns.path().to_string_lossy();
        let link = machine.pod.socket()?.require_link(&self.name, &place)?;
        self.index = Some(link.index);
        machine.outcome.made(self.link, link);
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        if machine.pod.netns.is_some() && self.remove(machine.pod.socket()?)? {
            return Ok(());
        }
        let host = &machine.node.kernel.host;
        if machine.pod.netns.is_some() || self.index.is_none() {
            return self.remove(host).map(drop);
        }
        let removed = wait::until(RETURN, || Ok(self.remove(host)?.then_some(())))?;
        if removed.is_none() {
            machine.node.trace.warning(format_args!(
                "the ipoib interface of {} has not come back from its namespace: a later ADD or \
                 GC removes it",
                machine.pod.attachment
            ));
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()> {
        let mode = self.mode.as_deref();
        child::verify(machine, self.link, &self.name, KIND, mode, expected)?;
        let index = machine.link_index(self.link)?;
        let link = machine.pod.socket()?.link_by_index(index)?;
        let key = link.and_then(|link| link.partition_key);
        // The kernel shows full membership, whatever was asked for.
        match (self.partition_key, key) {
            (Some(wanted), Some(found)) if (wanted ^ found) & 0x7fff != 0 => {
                Err(difference(format!(
                    "ipoib {} of the pod has partition key {found:#06x}, not {wanted:#06x}",
                    self.name
                )))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::link::INFINIBAND;

    fn link(alias: &str) -> Link {
        Link {
            hardware_type: INFINIBAND,
            parent: Some(3),
            alias: Some(alias.to_owned()),
            ..Link::default()
        }
    }

    fn attachment(network: &str) -> Attachment {
        Attachment {
            network: network.to_owned(),
            container_id: "pod-a".to_owned(),
            interface_name: "net1".to_owned(),
            plugin: None,
        }
    }

    #[test]
    fn an_alias_names_its_attachment_and_one_that_was_cut_nobody() {
        let short = attachment("rail0");
        let alias = CreateIpoib::alias_of(&short);
        assert_eq!(owner_of(&link(&alias)), Some(short));

        let long = attachment(&"r".repeat(250));
        let alias = CreateIpoib::alias_of(&long);
        assert!(alias.len() <= ALIAS_BYTES);
        assert_eq!(owner_of(&link(&alias)), None);
    }

    #[test]
    fn a_link_that_somebody_else_made_is_nobodys() {
        assert_eq!(owner_of(&link("plumb rail0/pod-a")), None);
        assert_eq!(owner_of(&link("uplink")), None);
    }
}
