//! Makes an ipvlan child of a host interface in the pod (drivers/net/ipvlan).

use plumb_values::arguments::{IPVLAN_MODES, check_word};
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Parent, Reversible, child};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::create_link::Child;
use crate::kernel::link::Link;
use crate::machine::Machine;

/// The kind's name in the kernel.
const KIND: &str = "ipvlan";

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateIpvlan {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// The link below it.
    pub parent: Parent,
    /// In the words of ip-link(8).
    pub mode: String,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// Its name in the pod.
    pub name: String,
    /// Its name until it gets the other one, on kernels that need that; drawn when the step
    /// is prepared.
    pub temporary_name: String,
    /// Its index in the pod, once it exists.
    pub index: Option<u32>,
    /// The index of the link that the kernel has made it on, once it exists: where the parent is an ipvlan itself, it is the link
    /// below that (`ipvlan_link_new`, drivers/net).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<u32>,
}

impl CreateIpvlan {
    /// It shares its parent's hardware address, so the parent and the index, or before that the name, which was
    /// free, identify it.
    fn is_possible(&self, link: &Link) -> bool {
        link.kind.as_deref() == Some(KIND)
            && link.parent == Some(self.below.unwrap_or(self.parent.index))
    }
}

impl Reversible for CreateIpvlan {
    fn check_record(&self) -> Checked {
        check_word("ipvlan mode", &self.mode, &IPVLAN_MODES)?;
        child::check_names(&self.parent, &self.name, &self.temporary_name)
    }

    fn describe(&self) -> String {
        let mtu = self
            .mtu
            .map(|mtu| format!(", mtu {mtu}"))
            .unwrap_or_default();
        format!(
            "create ipvlan {} in the pod on {}, mode {}{mtu}",
            self.name, self.parent, self.mode
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Netns
    }

    fn makes_link(&self) -> Option<(LinkNumber, &str)> {
        Some((self.link, &self.name))
    }

    fn parent(&self) -> Option<&Parent> {
        Some(&self.parent)
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        self.temporary_name = child::temporary_name()?;
        child::require_free_name(machine, &self.name)
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let link = child::create(
            machine,
            &self.parent,
            Child::Ipvlan { mode: &self.mode },
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
            mac: None,
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
