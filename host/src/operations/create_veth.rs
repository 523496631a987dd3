//! Makes a pair of interfaces between the pod and its node (drivers/net/veth.c).

use std::os::fd::AsFd;

use plumb_values::arguments::{check_hardware_address, check_shared_bridge};
use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Parent, Reversible, child, difference};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::bridge::BridgePort;
use crate::kernel::link::Link;
use crate::kernel::random;
use crate::kernel::veth::{End, VETH};
use crate::machine::Machine;
use crate::{Code, Error, Result, octets};

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
    /// The bridge of the host that the host's end becomes a port of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridge: Option<Parent>,
    /// What that port does.
    #[serde(default)]
    pub port: BridgePort,
    /// Whether it is an interface of the network, which the result reports. The way to the node is none: whoever reads the
    /// result would show it as the pod's.
    #[serde(default)]
    pub is_reported: bool,
}

impl CreateVeth {
    /// Makes the host's end a port of the bridge.
    fn connect(&self, own: &Link, machine: &Machine<'_>) -> Result<()> {
        let Some(bridge) = &self.bridge else {
            return Ok(());
        };
        let host = &machine.node.kernel.host;
        let end = (own.index, self.host_name.as_str());
        host.add_to_bridge(end, (bridge.index, &bridge.name))?;
        match self.port == BridgePort::default() {
            true => Ok(()),
            false => Ok(host.set_bridge_port(end, self.port)?),
        }
    }

    /// What of the bridge's port is not as it was made; none: nothing.
    fn port_difference(&self, end: &Link) -> Option<String> {
        let bridge = self.bridge.as_ref()?;
        let what = format!(
            "{}, the host's end of the pod's {}",
            self.host_name, self.name
        );
        if end.controller != Some(bridge.index) {
            return Some(format!("{what}, is no port of {bridge} any more"));
        }
        match end.bridge_port == Some(self.port) {
            true => None,
            false => Some(format!(
                "{what}, is another port of {bridge} than it was made: hairpin or isolation has been changed"
            )),
        }
    }
}

/// The index of a bridge that a step before this one has made: no link has it.
const NOT_MADE: u32 = 0;

/// The index of a bridge that pods share.
fn made_bridge(name: &str, machine: &Machine<'_>) -> Result<u32> {
    let link = machine.node.kernel.host.require_link(name, "the host")?;
    check_shared_bridge(name, link.kind.as_deref()).map_err(Error::configuration)?;
    Ok(link.index)
}

/// A name that the host has not given to any link.
fn host_name() -> Result<String> {
    let number = u32::from_ne_bytes(random::bytes()?);
    Ok(format!("veth{number:08x}"))
}

/// The hardware address of a bridge that was given none is the lowest of its ports', and this is higher than any of an
/// adapter: a node that is reached by the bridge keeps its own.
const PORT_PREFIX: u8 = 0xfe;

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
        if let Some(bridge) = &self.bridge {
            check_link_name(&bridge.name)?;
        }
        check_ends(&self.mac, &self.host_mac)
    }

    fn describe(&self) -> String {
        let end = match self.host_name.as_str() {
            "" => "its other end",
            name => name,
        };
        let mut text = format!("create veth {} in the pod and {end} on the host", self.name);
        if let Some(bridge) = &self.bridge {
            text += &format!(" as a port of {bridge}");
        }
        if self.port.hairpin {
            text += ", hairpin";
        }
        if self.port.isolated {
            text += ", isolated";
        }
        text += &format!(", mtu {}", self.mtu);
        match self.mac.is_empty() || !self.is_reported {
            true => text += ", hardware addresses random",
            false => text += &format!(", hardware address {}", octets::text(&self.mac)),
        }
        text
    }

    /// The pod may have moved its end into a namespace that does not end with its own.
    fn lifetime(&self) -> Lifetime {
        Lifetime::Boot
    }

    fn makes_link(&self) -> Option<(LinkNumber, &str)> {
        Some((self.link, &self.name))
    }

    /// The bridge of which the host's end is a port.
    fn parent(&self) -> Option<&Parent> {
        self.bridge.as_ref()
    }

    fn hardware_addresses(&self) -> Vec<Vec<u8>> {
        let is_known = self.is_reported && !self.mac.is_empty();
        is_known.then(|| self.mac.clone()).into_iter().collect()
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        if self.mac.is_empty() {
            self.mac = random::mac()?.bytes().to_vec();
        }
        self.host_mac = random::mac()?.bytes().to_vec();
        if let Some(bridge) = &mut self.bridge {
            self.host_mac[0] = PORT_PREFIX;
            if bridge.index == NOT_MADE {
                bridge.index = made_bridge(&bridge.name, machine)?;
            }
        }
        if self.host_name.is_empty() {
            self.host_name = host_name()?;
        }
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
        self.connect(&own, machine)?;
        host.set_link_up(own.index, true)?;
        let place = netns.path().to_string_lossy();
        let link = machine.pod.socket()?.require_link(&self.name, &place)?;
        if self.is_reported {
            machine.outcome.made(self.link, link);
            return Ok(());
        }
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

    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()> {
        let found = machine.pod.socket()?.link_by_name(&self.name)?;
        let Some(link) = found.filter(|link| link.kind.as_deref() == Some(VETH)) else {
            return Err(difference(format!(
                "the pod has lost {}, its interface to the node",
                self.name
            )));
        };
        if self.is_reported {
            let place = machine.pod.netns()?.path().display().to_string();
            child::verify_mac(&link, &place, expected)?;
        }
        machine.outcome.interface(self.link).index = Some(link.index);
        match host_end(&self.host_name, &self.host_mac, machine)? {
            Some(end) if end.up => match self.port_difference(&end) {
                None => Ok(()),
                Some(problem) => Err(difference(problem)),
            },
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
