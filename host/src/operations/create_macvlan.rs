//! Makes a macvlan child of a host interface in the pod (drivers/net/macvlan.c).

use plumb_values::arguments::{MACVLAN_MODES, check_hardware_address, check_word};
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Parent, Reversible, child};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::create_link::Child;
use crate::kernel::link::Link;
use crate::kernel::random;
use crate::machine::Machine;
use crate::octets;

/// The kind's name in the kernel.
const KIND: &str = "macvlan";

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateMacvlan {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// The link below it.
    pub parent: Parent,
    /// In the words of ip-link(8).
    pub mode: String,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// Its hardware address; none: a random one, drawn when the step is prepared. It is
    /// chosen before the link exists: it distinguishes ours from another one of the same name.
    pub mac: Option<Vec<u8>>,
    /// `IFLA_MACVLAN_BC_QUEUE_LEN`
    pub broadcast_queue_length: Option<u32>,
    /// Its name in the pod.
    pub name: String,
    /// Its name until it gets the other one, on kernels that need that; drawn when the step
    /// is prepared.
    pub temporary_name: String,
    /// Its index in the pod, once it exists.
    pub index: Option<u32>,
    /// The index of the link that the kernel has made it on, once it exists: where the parent is a macvlan itself, it is the link
    /// below that (`macvlan_common_newlink`, drivers/net).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<u32>,
}

impl CreateMacvlan {
    /// What the pod cannot change. It may change the hardware address.
    fn is_possible(&self, link: &Link) -> bool {
        let is_on_it = match self.below {
            Some(below) => link.parent == Some(below),
            None => {
                link.parent == Some(self.parent.index) || self.mac.as_deref() == Some(&link.mac)
            }
        };
        link.kind.as_deref() == Some(KIND) && is_on_it
    }
}

impl Reversible for CreateMacvlan {
    fn check_record(&self) -> Checked {
        check_word("macvlan mode", &self.mode, &MACVLAN_MODES)?;
        self.mac.as_deref().map_or(Ok(()), check_hardware_address)?;
        child::check_names(&self.parent, &self.name, &self.temporary_name)
    }

    fn describe(&self) -> String {
        let mac = match &self.mac {
            Some(mac) => octets::text(mac),
            None => "random".to_owned(),
        };
        let mut text = format!(
            "create macvlan {} in the pod on {}, mode {}, hardware address {mac}",
            self.name, self.parent, self.mode
        );
        if let Some(mtu) = self.mtu {
            text += &format!(", mtu {mtu}");
        }
        if let Some(length) = self.broadcast_queue_length {
            text += &format!(", bcqueuelen {length}");
        }
        text
    }

    /// The pod may have moved it into a namespace that does not end with its own.
    fn lifetime(&self) -> Lifetime {
        Lifetime::Boot
    }

    fn makes_link(&self) -> Option<(LinkNumber, &str)> {
        Some((self.link, &self.name))
    }

    fn parent(&self) -> Option<&Parent> {
        Some(&self.parent)
    }

    fn hardware_addresses(&self) -> Vec<Vec<u8>> {
        self.mac.iter().cloned().collect()
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        if self.mac.is_none() {
            self.mac = Some(random::mac()?.bytes().to_vec());
        }
        self.temporary_name = child::temporary_name()?;
        child::require_free_name(machine, &self.name)
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let made = Child::Macvlan {
            mode: &self.mode,
            mac: self.mac.as_deref().unwrap_or_default(),
            broadcast_queue_length: self.broadcast_queue_length,
        };
        let link = child::create(
            machine,
            &self.parent,
            made,
            &self.name,
            &self.temporary_name,
            self.mtu,
        )?;
        self.index = Some(link.index);
        self.below = link.parent;
        machine.outcome.made(self.link, link);
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let marks = child::Marks {
            names: [&self.name, &self.temporary_name],
            index: self.index,
            parent: &self.parent,
            below: self.below,
            is_possible: &|link| self.is_possible(link),
            mac: self.mac.as_deref(),
        };
        child::remove(machine, &marks)
    }

    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()> {
        child::verify(
            machine,
            self.link,
            &self.name,
            KIND,
            Some(&self.mode),
            expected,
        )
    }
}
