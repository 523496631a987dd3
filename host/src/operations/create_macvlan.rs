//! Makes a macvlan child of a host interface in the pod (drivers/net/macvlan.c).

use serde::{Deserialize, Serialize};

use super::{Lifetime, Parent, Reversible, child};
use crate::Result;
use crate::cni::previous::Previous;
use crate::kernel::create_link::Child;
use crate::kernel::link::Link;
use crate::mac;
use crate::machine::Machine;

/// The kind's name in the kernel.
const KIND: &str = "macvlan";

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateMacvlan {
    /// The link below it.
    pub parent: Parent,
    /// In the words of ip-link(8).
    pub mode: String,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// Its hardware address, chosen before it exists: it tells our link from another
    /// one of the same name.
    pub mac: Vec<u8>,
    /// `IFLA_MACVLAN_BC_QUEUE_LEN`
    pub broadcast_queue_length: Option<u32>,
    /// Its name in the pod.
    pub name: String,
    /// Its name until it gets the other one, on kernels that need that.
    pub temporary_name: String,
    /// Its index in the pod, once it exists.
    pub index: Option<u32>,
}

impl CreateMacvlan {
    fn is_ours(&self, link: &Link) -> bool {
        link.kind.as_deref() == Some(KIND) && link.mac == self.mac
    }
}

impl Reversible for CreateMacvlan {
    fn describe(&self) -> String {
        let mtu = self
            .mtu
            .map(|mtu| format!(", mtu {mtu}"))
            .unwrap_or_default();
        format!(
            "create macvlan {} in the pod on {}, mode {}, hardware address {}{mtu}",
            self.name,
            self.parent,
            self.mode,
            mac::text(&self.mac)
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Netns
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        child::require_free_name(machine, &self.name)
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let made = Child::Macvlan {
            mode: &self.mode,
            mac: &self.mac,
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
        machine.link = Some(link.index);
        machine.made = Some(link);
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let names = [self.name.as_str(), self.temporary_name.as_str()];
        child::remove(machine, self.index, names, |link| self.is_ours(link))
    }

    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()> {
        child::verify(machine, &self.name, KIND, Some(&self.mode), expected)
    }
}
