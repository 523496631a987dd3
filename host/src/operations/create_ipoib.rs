//! Makes an IPoIB child of an InfiniBand interface in the pod (drivers/infiniband/ulp/ipoib).
//!
//! Unlike other children it outlives the pod's namespace: the kernel gives it back to the
//! host, under any free name and, where that is taken, another index. Alias, name and GUID are
//! what the pod has made of them by then. What it cannot change is the address that the link had when it was made
//! (`ipoib_transport_dev_init`): the queue pair in it is the port's own, as long as the link is there.

use std::os::fd::AsFd;
use std::time::Duration;

use plumb_values::arguments::{IPOIB_MODES, check_word};
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Operation, Parent, Reversible, child, difference};
use crate::attachment::Attachment;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::create_link::Child;
use crate::kernel::link::Link;
use crate::machine::Machine;
use crate::{Result, wait};

/// The kind's name in the kernel.
const KIND: &str = "ipoib";

/// How long the kernel may take to give it back from a namespace that the pod made and that has ended at this moment.
const SMALL_RETURN: Duration = Duration::from_millis(500);

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
    /// Its alias, which names the attachment for people, and proves something only until the pod has the link.
    pub alias: String,
    /// Its hardware address as it was made. None in records of earlier releases, until it is made, and before Linux 5.6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permanent_address: Option<Vec<u8>>,
    /// Its index in the pod, once it is there.
    pub index: Option<u32>,
}

impl CreateIpoib {
    /// The alias of an attachment's link.
    fn alias_of(attachment: &Attachment) -> String {
        let alias = format!("{ALIAS}{attachment}");
        alias[..alias.floor_char_boundary(ALIAS_BYTES)].to_owned()
    }

    /// By what nobody can change, once it is known.
    fn is_ours(&self, link: &Link) -> bool {
        let Some(address) = &self.permanent_address else {
            return link.is_ipoib_child() && self.has_our_words(link);
        };
        let has_key = |key: u16| {
            link.partition_key
                .is_some_and(|found| (found ^ key) & 0x7fff == 0)
        };
        link.is_ipoib_child()
            && link.parent == Some(self.parent.index)
            && *link.permanent_address == **address
            && self.partition_key.is_none_or(has_key)
    }

    /// A link of the host may have the queue pair of one that the pod has removed. But one that the kernel has given back
    /// is down, and somebody's own one that is down and has no words of ours is about to be set up.
    fn is_ours_on_host(&self, link: &Link) -> bool {
        self.is_ours(link) && (!link.up || self.has_our_words(link))
    }

    /// Whether another pod's link has the queue pair that ours had.
    fn is_mistakable_for(&self, other: &Self) -> bool {
        self.permanent_address.is_some() && self.permanent_address == other.permanent_address
    }

    fn has_our_words(&self, link: &Link) -> bool {
        link.name == self.temporary_name || link.alias.as_ref() == Some(&self.alias)
    }

    /// Removes the link where it is on the host; true when it was.
    fn remove_on_host(&self, machine: &Machine<'_>) -> Result<bool> {
        let host = &machine.node.kernel.host;
        let found = host
            .links()?
            .into_iter()
            .find(|link| self.is_ours_on_host(link));
        let Some(link) = found else {
            return Ok(false);
        };
        let is_another_ones = |operation: &Operation| match operation {
            Operation::CreateIpoib(other) => {
                self.is_mistakable_for(other) || other.temporary_name == link.name
            }
            _ => false,
        };
        if child::is_of_another_record(machine, None, is_another_ones)? {
            return Ok(false);
        }
        Ok(host.delete_link(link.index)?)
    }

    /// Removes the link where it is in the pod; true when it was.
    fn remove_in_pod(&self, machine: &Machine<'_>) -> Result<bool> {
        if machine.pod.netns.is_none() {
            return Ok(false);
        }
        let socket = machine.pod.socket()?;
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
        if !link.permanent_address.is_empty() {
            self.permanent_address = Some(link.permanent_address.to_vec());
        }
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
        if self.remove_in_pod(machine)? || self.remove_on_host(machine)? || self.index.is_none() {
            return Ok(());
        }
        let is_another_ones = |operation: &Operation| matches!(operation, Operation::CreateIpoib(other) if self.is_mistakable_for(other));
        if self.permanent_address.is_some()
            && child::remove_elsewhere(machine, |link| self.is_ours(link), is_another_ones)?
        {
            return Ok(());
        }
        let is_in_pod = machine.pod.netns.is_some();
        let limit = match is_in_pod {
            // The pod has most likely removed it.
            true => SMALL_RETURN,
            false if machine.pod.is_kept || machine.has_waited => Duration::ZERO,
            false => RETURN,
        };
        let removed = wait::until(limit, || Ok(self.remove_on_host(machine)?.then_some(())))?;
        if removed.is_none() && !is_in_pod {
            machine.outcome.left.push(format!(
                "its interface {} has not come back from its network namespace",
                self.name
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
    fn an_alias_names_its_attachment_and_is_cut_where_it_would_be_too_long() {
        let short = attachment("rail0");
        assert_eq!(CreateIpoib::alias_of(&short), "plumb rail0/pod-a/net1");
        let alias = CreateIpoib::alias_of(&attachment(&"r".repeat(250)));
        assert!(alias.len() <= ALIAS_BYTES);
    }

    fn made() -> CreateIpoib {
        CreateIpoib {
            link: LinkNumber::default(),
            parent: Parent {
                name: "ib0".to_owned(),
                index: 3,
                in_pod: false,
            },
            partition_key: Some(0x8001),
            mode: None,
            user_multicast: None,
            mtu: None,
            name: "net1".to_owned(),
            temporary_name: "plumb12345678".to_owned(),
            alias: "plumb rail0/pod-a/net1".to_owned(),
            permanent_address: Some(vec![1, 2, 3]),
            index: Some(7),
        }
    }

    /// Name, alias, GUID and index are the pod's to change; another pod may take ours.
    #[test]
    fn only_what_the_pod_cannot_change_proves_that_a_link_is_ours() {
        let ours = Link {
            index: 99,
            name: "other".to_owned(),
            permanent_address: vec![1, 2, 3].into(),
            partition_key: Some(0x8001),
            ..link("")
        };
        assert!(made().is_ours_on_host(&ours));
        let forged = Link {
            name: "net1".to_owned(),
            index: 7,
            permanent_address: vec![1, 2, 4].into(),
            partition_key: Some(0x8001),
            ..link(&made().alias)
        };
        assert!(!made().is_ours(&forged));
        for other in [
            Link {
                parent: Some(4),
                ..ours.clone()
            },
            Link {
                partition_key: Some(0x8002),
                ..ours.clone()
            },
        ] {
            assert!(!made().is_ours(&other));
        }
        // An operator's that got the queue pair of one that the pod removed.
        let used = Link { up: true, ..ours };
        assert!(!made().is_ours_on_host(&used));
    }

    /// A record of an earlier release, or of an ADD that was killed on its way.
    #[test]
    fn before_the_pod_has_it_a_link_is_known_by_its_words() {
        let young = CreateIpoib {
            permanent_address: None,
            ..made()
        };
        assert!(young.is_ours_on_host(&link(&young.alias)));
        assert!(!young.is_ours_on_host(&link("uplink")));
    }
}
