//! Makes a VLAN of a host interface in the pod (net/8021q).

use std::collections::BTreeMap;

use plumb_values::arguments::{VLAN_FLAGS, check_hardware_address, check_vlan_child, check_word};
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Operation, Parent, Reversible, child, difference};
use crate::cni::previous::Previous;
use crate::journal::{Checked, State};
use crate::kernel::create_link::{Child, VLAN};
use crate::kernel::link::Link;
use crate::machine::Machine;
use crate::pod::ENDING;
use crate::{Code, Error, Result, octets, wait};

/// `ETH_P_8021AD` (linux/if_ether.h)
const SERVICE_TAG: u16 = 0x88a8;

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateVlan {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// The link below it.
    pub parent: Parent,
    /// From 1 to 4094.
    pub id: u16,
    /// The Ethertype of its tag.
    pub protocol: u16,
    /// In the words of ip-link(8), each with whether it is to be set.
    pub flags: BTreeMap<String, bool>,
    /// Bytes; none: the parent's.
    pub mtu: Option<u32>,
    /// Its hardware address; none: the parent's.
    pub mac: Option<Vec<u8>>,
    /// Its name in the pod.
    pub name: String,
    /// Its name until it gets the other one, on kernels that need that; drawn when the step
    /// is prepared.
    pub temporary_name: String,
    /// Its index in the pod, once it exists.
    pub index: Option<u32>,
}

impl CreateVlan {
    /// A parent has one VLAN of a number, in whatever namespace it is, and only root on the node can make it.
    fn is_ours(&self, link: &Link) -> bool {
        link.kind.as_deref() == Some(VLAN)
            && link.parent == Some(self.parent.index)
            && self.number_of(link) == Some(self.id)
    }

    fn number_of(&self, link: &Link) -> Option<u16> {
        match self.protocol {
            SERVICE_TAG => link.service_vlan,
            _ => link.vlan,
        }
    }

    fn is_same_as(&self, other: &Self) -> bool {
        let place = |vlan: &Self| {
            (
                vlan.parent.index,
                vlan.parent.in_pod,
                vlan.id,
                vlan.protocol,
            )
        };
        !self.parent.in_pod && place(self) == place(other)
    }

    /// Refuses one that the parent has already, with who has it: the kernel would only say that it is there.
    fn require_free_number(&self, machine: &Machine<'_>) -> Result<()> {
        if self.parent.in_pod {
            return Ok(());
        }
        let is_it = |link: &&Link| self.is_ours(link) && link.below() == Some(self.parent.index);
        let links = machine.node.kernel.host.links()?;
        if let Some(link) = links.iter().find(is_it) {
            return Err(self
                .is_taken(&format!("the node's interface {}", link.name))
                .with_details(format!(
                    "a network with {} as parent of a macvlan or an ipvlan shares it",
                    link.name
                )));
        }
        for (attachment, record) in super::other_records(machine)? {
            let steps = record.iter().flat_map(|record| &record.steps);
            let has_it = steps.filter(|step| step.state != State::Undone).any(
                |step| matches!(&step.operation, Operation::CreateVlan(other) if self.is_same_as(other)),
            );
            if has_it
                && let Some(record) = &record
                && record.header.live_netns()?.is_some()
            {
                return Err(self.is_taken(&attachment.to_string()));
            }
        }
        Ok(())
    }

    fn is_taken(&self, whose: &str) -> Error {
        Error::new(
            Code::IN_USE,
            format!(
                "VLAN {} of {} is in use by {whose}: an interface has one VLAN of a number",
                self.id, self.parent
            ),
        )
    }
}

impl Reversible for CreateVlan {
    fn check_record(&self) -> Checked {
        check_vlan_child(self.id, self.protocol)?;
        self.flags
            .keys()
            .try_for_each(|flag| check_word("vlan flag", flag, &VLAN_FLAGS))?;
        self.mac.as_deref().map_or(Ok(()), check_hardware_address)?;
        child::check_names(&self.parent, &self.name, &self.temporary_name)
    }

    fn describe(&self) -> String {
        let protocol = match self.protocol {
            SERVICE_TAG => "802.1ad",
            _ => "802.1Q",
        };
        let mut text = format!(
            "create vlan {} in the pod on {}, id {}, protocol {protocol}",
            self.name, self.parent, self.id
        );
        for (flag, enabled) in &self.flags {
            text += &format!(", {flag} {}", if *enabled { "on" } else { "off" });
        }
        if let Some(mac) = &self.mac {
            text += &format!(", hardware address {}", octets::text(mac));
        }
        if let Some(mtu) = self.mtu {
            text += &format!(", mtu {mtu}");
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
        self.temporary_name = child::temporary_name()?;
        self.require_free_number(machine)?;
        child::require_free_name(machine, &self.name)
    }

    /// One of a pod whose namespace has just ended may be there for some milliseconds.
    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let made = Child::Vlan {
            id: self.id,
            is_802_1ad: self.protocol == SERVICE_TAG,
            flags: &self.flags,
            mac: self.mac.as_deref(),
        };
        let mut refusal = None;
        let link = wait::until(ENDING, || {
            let created = child::create(
                machine,
                &self.parent,
                made,
                &self.name,
                &self.temporary_name,
                self.mtu,
            );
            match created {
                Err(error) if error.code == Code::ALREADY_EXISTS => {
                    refusal = Some(error);
                    Ok(None)
                }
                created => created.map(Some),
            }
        })?;
        let Some(link) = link else {
            let error = self.is_taken("a network namespace of which plumb has no record");
            return Err(match refusal {
                Some(refusal) => error.with_details(refusal.message),
                None => error,
            });
        };
        self.index = Some(link.index);
        machine.outcome.made(self.link, link);
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let marks = child::Marks {
            names: [&self.name, &self.temporary_name],
            index: self.index,
            parent: &self.parent,
            below: None,
            is_possible: &|link| self.is_ours(link),
            mac: None,
        };
        if machine.pod.netns.is_some() && child::remove_in_pod(machine, &marks)? {
            return Ok(());
        }
        if self.index.is_none() || self.parent.in_pod {
            return Ok(());
        }
        let is_another_ones = |operation: &Operation| matches!(operation, Operation::CreateVlan(other) if self.is_same_as(other));
        if !child::is_of_another_record(machine, None, is_another_ones)? {
            child::remove_elsewhere(machine, |link| self.is_ours(link), is_another_ones)?;
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()> {
        child::verify(machine, self.link, &self.name, VLAN, None, expected)?;
        let index = machine.link_index(self.link)?;
        let link = machine.pod.socket()?.link_by_index(index)?;
        match link.and_then(|link| self.number_of(&link)) {
            Some(id) if id == self.id => Ok(()),
            found => Err(difference(format!(
                "vlan {} of the pod has the number {}, not {}",
                self.name,
                found.map_or("of another protocol".to_owned(), |id| id.to_string()),
                self.id
            ))),
        }
    }
}
