//! Makes a pair of interfaces between the pod and its node (drivers/net/veth.c).

use std::os::fd::AsFd;

use plumb_values::arguments::check_hardware_address;
use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, child, difference};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::link::Link;
use crate::kernel::random;
use crate::kernel::veth::{End, VETH};
use crate::machine::Machine;
use crate::{Code, Error, Result};

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateVeth {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// Its name in the pod.
    pub name: String,
    /// The name of the end on the host.
    pub host_name: String,
    /// Bytes.
    pub mtu: u32,
    /// The hardware address in the pod; drawn when the step is prepared, as the other one.
    pub mac: Vec<u8>,
    /// That of the host's end, by which it is known to be ours: no pod can change it.
    pub host_mac: Vec<u8>,
}

/// The host's end of a pair, if it is there.
pub(super) fn host_end(name: &str, mac: &[u8], machine: &Machine<'_>) -> Result<Option<Link>> {
    let link = machine.node.kernel.host.link_by_name(name)?;
    let is_ours = |link: &Link| link.kind.as_deref() == Some(VETH) && *link.mac == *mac;
    Ok(link.filter(is_ours))
}

/// Checks the hardware addresses of both ends in a record; empty before they are known.
pub(super) fn check_ends(mac: &[u8], host_mac: &[u8]) -> Checked {
    [mac, host_mac]
        .into_iter()
        .filter(|mac| !mac.is_empty())
        .try_for_each(check_hardware_address)
}

impl Reversible for CreateVeth {
    fn check_record(&self) -> Checked {
        check_link_name(&self.name)?;
        check_link_name(&self.host_name)?;
        check_ends(&self.mac, &self.host_mac)
    }

    fn describe(&self) -> String {
        format!(
            "create veth {} in the pod and {} on the host, mtu {}, hardware addresses random",
            self.name, self.host_name, self.mtu
        )
    }

    /// The pod may have moved its end into a namespace that does not end with its own.
    fn lifetime(&self) -> Lifetime {
        Lifetime::Boot
    }

    fn makes_link(&self) -> Option<(LinkNumber, &str)> {
        Some((self.link, &self.name))
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        self.mac = random::mac()?.bytes().to_vec();
        self.host_mac = random::mac()?.bytes().to_vec();
        if machine
            .node
            .kernel
            .host
            .link_by_name(&self.host_name)?
            .is_some()
        {
            return Err(Error::new(
                Code::ALREADY_EXISTS,
                format!(
                    "the host has an interface named {} already, the way to this container: an earlier attachment was not \
                     deleted, or another plugin made it; ip link delete {} removes it",
                    self.host_name, self.host_name
                ),
            ));
        }
        child::require_free_name(machine, &self.name)
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let host = &machine.node.kernel.host;
        let netns = machine.pod.netns()?;
        let here = End {
            name: &self.host_name,
            mac: &self.host_mac,
        };
        let there = End {
            name: &self.name,
            mac: &self.mac,
        };
        host.create_veth(here, there, self.mtu, netns.as_fd())?;
        let own = host.require_link(&self.host_name, "the host")?;
        host.set_link_up(own.index, true)?;
        let place = netns.path().to_string_lossy();
        let link = machine.pod.socket()?.require_link(&self.name, &place)?;
        // It is no interface of the network, and in no result: whoever reads one would show it as the pod's.
        let interface = machine.outcome.interface(self.link);
        interface.index = Some(link.index);
        interface.name = Some(link.name);
        Ok(())
    }

    /// The host's end takes the other one along, wherever the pod has moved it.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        if let Some(end) = host_end(&self.host_name, &self.host_mac, machine)? {
            machine.node.kernel.host.delete_link(end.index)?;
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let found = machine.pod.socket()?.link_by_name(&self.name)?;
        let Some(link) = found.filter(|link| link.kind.as_deref() == Some(VETH)) else {
            return Err(difference(format!(
                "the pod has lost {}, its interface to the node",
                self.name
            )));
        };
        machine.outcome.interface(self.link).index = Some(link.index);
        match host_end(&self.host_name, &self.host_mac, machine)? {
            Some(end) if end.up => Ok(()),
            Some(_) => Err(difference(format!(
                "{}, the host's end of the pod's {}, is down",
                self.host_name, self.name
            ))),
            None => Err(difference(format!(
                "the host has lost {}, its end of the pod's {}",
                self.host_name, self.name
            ))),
        }
    }
}
