//! Enters at each end of a pair who is at the other one. A node with kube-proxy in IPVS mode does not answer ARP for its
//! addresses on every interface (`arp_ignore`), and none answers neighbour discovery for those of its others.

use std::net::IpAddr;

use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::create_veth::{check_ends, host_end};
use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinEnds {
    /// The pod's end, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// The host's.
    pub host_name: String,
    /// The addresses of the pod.
    pub pod: Vec<IpAddr>,
    /// Those of the node.
    pub node: Vec<IpAddr>,
    /// The hardware address of the pod's end; looked up when the step is prepared, as the other one.
    pub mac: Vec<u8>,
    /// That of the host's.
    pub host_mac: Vec<u8>,
}

impl Reversible for JoinEnds {
    fn check_record(&self) -> Checked {
        check_link_name(&self.host_name)?;
        check_ends(&self.mac, &self.host_mac)
    }

    fn describe(&self) -> String {
        format!(
            "enter the pod's addresses as neighbours of {}, and the node's as those of the pod",
            self.host_name
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Netns
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let host = &machine.node.kernel.host;
        self.host_mac = host.require_link(&self.host_name, "the host")?.mac.to_vec();
        if let Some(link) = machine.find_link(self.link)? {
            self.mac = link.mac.to_vec();
        }
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let index = machine.link_index(self.link)?;
        let pod = machine.pod.socket()?;
        for address in &self.node {
            pod.add_neighbour(index, *address, &self.host_mac)?;
        }
        let host = &machine.node.kernel.host;
        let end = host.require_link(&self.host_name, "the host")?;
        for address in &self.pod {
            host.add_neighbour(end.index, *address, &self.mac)?;
        }
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        if let Some(end) = host_end(&self.host_name, &self.host_mac, machine)? {
            for address in &self.pod {
                let host = &machine.node.kernel.host;
                host.delete_neighbour(end.index, *address, &self.mac)?;
            }
        }
        if let Some(link) = machine.find_link(self.link)? {
            let pod = machine.pod.socket()?;
            for address in &self.node {
                pod.delete_neighbour(link.index, *address, &self.host_mac)?;
            }
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let index = machine.link_index(self.link)?;
        let known = machine.pod.socket()?.neighbours(index)?;
        let is_lost = |address: &&IpAddr| !known.contains(&(**address, self.host_mac.clone()));
        if let Some(lost) = self.node.iter().find(is_lost) {
            return Err(difference(format!(
                "the pod's {} has lost its neighbour {lost}, the node",
                machine.link_name(self.link)
            )));
        }
        let Some(end) = host_end(&self.host_name, &self.host_mac, machine)? else {
            return Ok(());
        };
        let known = machine.node.kernel.host.neighbours(end.index)?;
        let is_lost = |address: &&IpAddr| !known.contains(&(**address, self.mac.clone()));
        match self.pod.iter().find(is_lost) {
            Some(lost) => Err(difference(format!(
                "{} of the host has lost its neighbour {lost}, the pod",
                self.host_name
            ))),
            None => Ok(()),
        }
    }
}
