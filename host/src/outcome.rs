//! What the operations of an attachment found out: the result is made of it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb_values::{Device, HardwareAddress};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::functions::Original;
use crate::kernel::link::Link;
use crate::kernel::route::Route;
use crate::{Code, Error, Result};

/// Which interface of its attachment an operation is about. Number 0 is called as the runtime asked for; others have
/// names of their own.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct LinkNumber(pub u8);

/// Where the addresses of an interface come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AddressSource {
    /// The address policy or the IPAM plugin that the configuration names.
    Configured,
    /// The previous plugin's result.
    Previous,
}

impl fmt::Display for AddressSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Configured => "the configured addresses",
            Self::Previous => "the addresses of the previous result",
        })
    }
}

/// An address that was assigned, by a policy, an IPAM plugin or the previous plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignedAddress {
    /// With the prefix that it gets on the interface.
    pub address: IpNetwork,
    /// The network's gateway.
    pub gateway: Option<IpAddr>,
}

/// What was assigned to an interface.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Assigned {
    /// The addresses.
    pub addresses: Vec<AssignedAddress>,
    /// The routes that come with them.
    pub routes: Vec<Route>,
    /// `dns` of the IPAM plugin's result.
    pub dns: Option<Value>,
}

/// An interface of the attachment, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Interface {
    /// Its name in the pod; none: the one that the runtime asked for.
    pub name: Option<String>,
    /// As the kernel showed it when an operation made or changed it; none when nothing of this
    /// call did, and for a function that is reported in an interface's place.
    pub made: Option<Link>,
    /// Its index in the pod, once it was looked up.
    pub index: Option<u32>,
    /// Whether it is an earlier plugin's and not there any more.
    pub is_gone: bool,
    /// The PCI function that it is, or that is reported in its place.
    pub pci_address: Option<String>,
    /// Hardware address of a function that is reported.
    pub reported_mac: Option<HardwareAddress>,
    /// The table that its routes are in, when it is kept apart from the pod's others.
    pub table: Option<u32>,
    /// What was assigned so far.
    pub assigned: Assigned,
}

/// What is known of an attachment beside what the runtime said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The interfaces.
    pub interfaces: BTreeMap<LinkNumber, Interface>,
    /// The interface that the addresses of a source were assigned to.
    pub sources: BTreeMap<AddressSource, LinkNumber>,
    /// The PCI functions of the attachment, by address, as they were found.
    pub originals: BTreeMap<String, Original>,
    /// RDMA devices that were moved into the pod, by the names that they have there.
    pub rdma_devices: Vec<String>,
    /// What an undo could not reach, because somebody keeps it in a namespace: a sentence for each.
    pub left: Vec<String>,
}

impl Outcome {
    /// What is known of an interface; nothing yet when it is first asked.
    pub fn interface(&mut self, link: LinkNumber) -> &mut Interface {
        self.interfaces.entry(link).or_default()
    }

    /// Notes an interface as the kernel shows it after an operation made or changed it.
    pub fn made(&mut self, link: LinkNumber, made: Link) {
        let interface = self.interface(link);
        interface.index = Some(made.index);
        interface.name = Some(made.name.clone());
        interface.made = Some(made);
    }

    /// Notes the names of interfaces that a record speaks of.
    pub fn name<'a>(&mut self, names: impl Iterator<Item = (LinkNumber, &'a str)>) {
        for (link, name) in names {
            self.interface(link).name = Some(name.to_owned());
        }
    }

    /// What was assigned to an interface.
    pub fn assigned(&self, link: LinkNumber) -> Assigned {
        let interface = self.interfaces.get(&link);
        interface.map_or_else(Assigned::default, |interface| interface.assigned.clone())
    }

    /// What came from a source of addresses; nothing before it is assigned.
    pub fn assigned_from(&self, source: AddressSource) -> Assigned {
        let link = self.sources.get(&source);
        link.map_or_else(Assigned::default, |link| self.assigned(*link))
    }

    /// What a PCI function of the attachment was like.
    ///
    /// # Errors
    ///
    /// [`Code::INTERNAL`] when the plan holds no such function.
    pub fn original(&self, address: &str) -> Result<&Original> {
        self.originals
            .get(address)
            .ok_or_else(|| Error::new(Code::INTERNAL, format!("{} is not held", Device(address))))
    }
}
