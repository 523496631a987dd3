//! What somebody in the pod may undo of what a plan made there, one thing at a time.

use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb::kernel::route::Route;
use plumb::kernel::rule::Rule;
use plumb::kernel::sysctl;
use plumb::operations::{Operation, Record};

use super::Scene;
use crate::trial::INTERFACE;

/// One thing that is taken away or changed.
#[derive(Debug, Clone)]
pub struct Disturbance {
    /// What it is, for the report.
    pub name: String,
    what: What,
}

#[derive(Debug, Clone)]
enum What {
    DeleteLink,
    SetDown,
    SetMtu(u32),
    SetMac(Vec<u8>),
    SetQueueLength(u32),
    DeleteAddress(IpNetwork),
    DeleteRoute(Route),
    DeleteRule(Rule),
    DeleteNeighbour(IpAddr, Vec<u8>),
    SetSysctl(String, String, String),
}

/// What can be done to what a record says was made. What stays with the pod's programs by design, such as a sysctl that
/// they may change, is left out.
pub fn disturbances(record: &Record) -> Vec<Disturbance> {
    let operations = record.steps.iter().map(|step| &step.operation);
    operations.flat_map(of).collect()
}

fn of(operation: &Operation) -> Vec<Disturbance> {
    let one = |name: String, what: What| Disturbance { name, what };
    match operation {
        Operation::CreateMacvlan(link) => {
            let other = link.mac.clone().map(|mut mac| {
                if let Some(last) = mac.last_mut() {
                    *last ^= 1;
                }
                one("its hardware address is changed".into(), What::SetMac(mac))
            });
            let gone = one("the interface is deleted".into(), What::DeleteLink);
            [gone].into_iter().chain(other).collect()
        }
        Operation::CreateIpvlan(_) => {
            vec![one("the interface is deleted".into(), What::DeleteLink)]
        }
        Operation::SetUp(_) => vec![one("the interface is set down".into(), What::SetDown)],
        Operation::SetMtu(step) => {
            vec![one("its MTU is changed".into(), What::SetMtu(step.mtu - 1))]
        }
        Operation::SetMac(step) => {
            let mut mac = step.mac.clone();
            if let Some(last) = mac.last_mut() {
                *last ^= 1;
            }
            vec![one(
                "its hardware address is changed".into(),
                What::SetMac(mac),
            )]
        }
        Operation::SetQueueLength(step) => vec![one(
            "its queue length is changed".into(),
            What::SetQueueLength(step.length + 1),
        )],
        Operation::AddAddress(step) => vec![one(
            format!("address {} is deleted", step.address),
            What::DeleteAddress(step.address),
        )],
        Operation::AddRoute(step) if !step.existed => vec![one(
            format!("route {} is deleted", step.route),
            What::DeleteRoute(step.route.clone()),
        )],
        Operation::AddRule(step) if !step.existed => vec![one(
            format!("rule {} is deleted", step.rule),
            What::DeleteRule(step.rule.clone()),
        )],
        Operation::RoutePrimary(step) => step
            .rules
            .iter()
            .map(|rule| {
                one(
                    format!("rule {rule} is deleted"),
                    What::DeleteRule(rule.clone()),
                )
            })
            .collect(),
        Operation::AddNeighbour(step) => vec![one(
            format!("neighbour {} is deleted", step.address),
            What::DeleteNeighbour(step.address, step.mac.clone()),
        )],
        Operation::SetLinkSysctl(step) if step.kept && step.before.is_some() => {
            let other = if step.value == "0" { "1" } else { "0" };
            vec![one(
                format!("sysctl {} of {} is changed", step.name, step.family),
                What::SetSysctl(step.family.clone(), step.name.clone(), other.to_owned()),
            )]
        }
        _ => Vec::new(),
    }
}

impl Disturbance {
    /// Does it.
    ///
    /// # Errors
    ///
    /// What the kernel refuses, in words.
    pub fn perform(&self, scene: &Scene) -> Result<(), String> {
        let netns = scene.pod().netns()?;
        let done = || -> plumb::kernel::Result<bool> {
            let socket = netns.socket()?;
            let index = socket.require_link(INTERFACE, "the pod")?.index;
            match &self.what {
                What::DeleteLink => socket.delete_link(index),
                What::SetDown => socket.set_link_up(index, false).map(|()| true),
                What::SetMtu(mtu) => socket.set_link_mtu(index, *mtu).map(|()| true),
                What::SetMac(mac) => socket.set_link_mac(index, mac).map(|()| true),
                What::SetQueueLength(length) => {
                    socket.set_link_queue_length(index, *length).map(|()| true)
                }
                What::DeleteAddress(address) => socket.delete_address(index, *address),
                What::DeleteRoute(route) => socket.delete_route(index, route),
                What::DeleteRule(rule) => socket.delete_rule(rule),
                What::DeleteNeighbour(address, mac) => {
                    socket.delete_neighbour(index, *address, mac)
                }
                What::SetSysctl(family, name, value) => {
                    sysctl::write(&netns, family, INTERFACE, name, value).map(|()| true)
                }
            }
        };
        match done() {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("{}: it was not there", self.name)),
            Err(error) => Err(format!("{}: {error}", self.name)),
        }
    }
}
