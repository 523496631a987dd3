//! What the records of a pod say of each of its interfaces.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnetwork::IpNetwork;
use plumb::attachment::Attachment;
use plumb::journal::State;
use plumb::kernel::route::Route;
use plumb::kernel::rule::Rule;
use plumb::operations::{LinkNumber, Operation, Parent, Record, Reversible, SetLinkSysctl};
use plumb_values::HardwareAddress;

/// One interface, by all records that are about it.
#[derive(Debug, Clone, Default)]
pub struct Recorded {
    /// The attachments themselves, which own the leases.
    pub owners: Vec<Attachment>,
    /// What was made.
    pub flavour: Option<String>,
    /// The kernel's kind of it, where plumb has made it.
    pub kind: Option<&'static str>,
    /// Whether there has to be a link: not where a program drives a function.
    pub has_link: bool,
    /// Its index in the pod.
    pub index: Option<u32>,
    /// The link that it was made on.
    pub parent: Option<Parent>,
    /// The index of the link that the kernel has made it on.
    pub below: Option<u32>,
    /// The hardware address that it was given.
    pub mac: Option<HardwareAddress>,
    /// Bytes.
    pub mtu: Option<u32>,
    /// Whether it was set up.
    pub up: bool,
    /// The PCI address of the function that it is.
    pub function: Option<String>,
    /// RDMA devices that were moved into the pod.
    pub rdma_devices: Vec<String>,
    /// The partition of an IPoIB child.
    pub partition_key: Option<u16>,
    /// What was claimed, with the pools it may be of.
    pub claims: Vec<(IpAddr, String)>,
    /// The IPAM plugin that was asked.
    pub ipam_plugin: Option<String>,
    /// Those that it was given.
    pub addresses: Vec<IpNetwork>,
    /// By it, in whatever table.
    pub routes: Vec<Route>,
    /// Routes that a later plugin of the chain has moved out of the main table.
    pub moved: Vec<Route>,
    /// For its addresses.
    pub rules: Vec<Rule>,
    /// What was set of it.
    pub sysctls: Vec<SetLinkSysctl>,
    /// Its own table.
    pub table: Option<u32>,
    /// Steps that were begun and not seen done, or whose undo failed.
    pub unfinished: Vec<String>,
}

/// Interfaces by their names in the pod. The primary interface of a rail's record is among them.
pub fn interfaces(records: &[Record]) -> BTreeMap<String, Recorded> {
    let mut interfaces: BTreeMap<String, Recorded> = BTreeMap::new();
    for record in records {
        let attachment = &record.header.attachment;
        let made = record
            .steps
            .iter()
            .filter_map(|step| step.operation.makes_link());
        let made: BTreeMap<LinkNumber, &str> = made.collect();
        let used = record
            .steps
            .iter()
            .find_map(|step| step.operation.uses_link())
            .map(|(_, name, _)| name);
        let own = made.values().next().copied().or(used);
        let own = own.unwrap_or(&attachment.interface_name).to_owned();
        interfaces
            .entry(own.clone())
            .or_default()
            .owners
            .push(attachment.clone());
        for step in &record.steps {
            let words = match &step.state {
                State::Undone => continue,
                State::Done => None,
                State::Intended => Some("was begun, and nothing says that it was done".to_owned()),
                State::Stuck(reason) => Some(format!("could not be undone: {reason}")),
            };
            // It works on an interface that has no record.
            let name = match &step.operation {
                Operation::RoutePrimary(primary) => primary.interface.clone(),
                other => number(other)
                    .and_then(|number| made.get(&number))
                    .map_or_else(|| own.clone(), |name| (*name).to_owned()),
            };
            let interface = interfaces.entry(name).or_default();
            if let Some(words) = words {
                let what = step.operation.describe();
                interface.unfinished.push(format!("{what:?} {words}"));
            }
            interface.take(&step.operation);
        }
    }
    for interface in interfaces.values_mut() {
        let moved = std::mem::take(&mut interface.moved);
        interface.routes.retain(|route| {
            let is_it = |moved: &Route| {
                moved.destination == route.destination && moved.gateway == route.gateway
            };
            route.has_own_table() || !moved.iter().any(is_it)
        });
    }
    interfaces
}

/// Which of its attachment's interfaces an operation is about; none where that is not written down.
fn number(operation: &Operation) -> Option<LinkNumber> {
    if let Some((number, _)) = operation.makes_link() {
        return Some(number);
    }
    match operation {
        Operation::ClaimAddresses(claim) => Some(claim.link),
        Operation::DelegateIpam(asked) => Some(asked.link),
        Operation::SetMtu(set) => Some(set.link),
        Operation::SetMac(set) => Some(set.link),
        Operation::SetLinkSysctl(set) => Some(set.link),
        Operation::SetUp(set) => Some(set.link),
        Operation::SetQueueLength(set) => Some(set.link),
        Operation::SetRings(set) => Some(set.link),
        Operation::SetChannels(set) => Some(set.link),
        Operation::AddAddress(added) => Some(added.link),
        Operation::AddRoute(added) => Some(added.link),
        Operation::AddNeighbour(added) => Some(added.link),
        Operation::AddAlternativeName(added) => Some(added.link),
        _ => None,
    }
}

impl Recorded {
    fn take(&mut self, operation: &Operation) {
        if let Some(parent) = operation.parent() {
            self.parent = Some(parent.clone());
        }
        if operation.makes_link().is_some() {
            self.has_link = true;
        }
        if let Some((address, _)) = operation.function() {
            self.function = Some(address.to_owned());
        }
        for address in operation.hardware_addresses() {
            if address.len() == 6 {
                self.mac = Some(address.into());
            }
        }
        match operation {
            Operation::CreateMacvlan(made) => {
                self.made("macvlan", format!("macvlan, mode {}", made.mode));
                (self.index, self.below, self.mtu) = (made.index, made.below, made.mtu);
            }
            Operation::CreateIpvlan(made) => {
                self.made("ipvlan", format!("ipvlan, mode {}", made.mode));
                (self.index, self.below, self.mtu) = (made.index, made.below, made.mtu);
            }
            Operation::CreateIpoib(made) => {
                self.made("ipoib", "IPoIB child".to_owned());
                (self.index, self.mtu) = (made.index, made.mtu);
                self.partition_key = made.partition_key;
            }
            Operation::CreateVeth(made) => {
                let flavour = match made.is_reported {
                    true => format!("veth, by {}", made.host_name),
                    false => format!("way to the node, by {}", made.host_name),
                };
                self.made("veth", flavour);
                self.mtu = Some(made.mtu);
                self.mac = Some(made.mac.clone().into());
            }
            Operation::CreateVlan(made) => {
                self.made("vlan", format!("VLAN {}", made.id));
                (self.index, self.mtu) = (made.index, made.mtu);
            }
            Operation::MoveNetdev(moved) => {
                self.flavour = Some(format!("the node's {}", moved.netdev));
                self.index = moved.index;
                // It is that one, and does not lie on it.
                self.parent = None;
            }
            Operation::HoldFunction(hold) => self.function = Some(hold.address.clone()),
            Operation::MoveLink(moved) => {
                self.flavour = Some("PCI function".to_owned());
                self.index = moved.index;
            }
            Operation::ReportFunction(_) => {
                self.flavour = Some("PCI function that a program drives".to_owned());
            }
            Operation::MoveRdmaDevice(moved) => self.rdma_devices.extend(moved.devices.clone()),
            Operation::ClaimAddresses(claim) => {
                let pools = claim.pools.join(" or ");
                let claims = claim.addresses.iter();
                self.claims
                    .extend(claims.map(|address| (*address, pools.clone())));
            }
            Operation::DelegateIpam(asked) => self.ipam_plugin = Some(asked.plugin.clone()),
            Operation::SetMtu(set) => self.mtu = Some(set.mtu),
            Operation::SetUp(_) => self.up = true,
            Operation::SetLinkSysctl(set) => self.sysctls.push(set.clone()),
            Operation::AddAddress(added) => self.addresses.push(added.address),
            Operation::AddRoute(added) => self.routes.push(added.route.clone()),
            Operation::MoveRoute(moved) => {
                self.moved.push(moved.route.clone());
                self.routes.push(moved.route.clone().in_table(moved.table));
            }
            Operation::AddRule(added) => {
                if added.rule.priority == Some(plumb::rails::RULE_PRIORITY) {
                    self.table = Some(added.rule.table);
                }
                self.rules.push(added.rule.clone());
            }
            // Once a pod has one, each of its rails has it in its record.
            Operation::RoutePrimary(primary) => {
                self.table = Some(primary.table);
                for route in &primary.routes {
                    if !self.routes.contains(route) {
                        self.routes.push(route.clone());
                    }
                }
                for rule in &primary.rules {
                    if !self.rules.contains(rule) {
                        self.rules.push(rule.clone());
                    }
                }
            }
            Operation::SetVirtualFunction(_)
            | Operation::SetMac(_)
            | Operation::SetNeighbourSysctl(_)
            | Operation::SetPodSysctl(_)
            | Operation::UsePreviousLink(_)
            | Operation::WriteDeviceInfo(_)
            | Operation::AddNeighbour(_)
            | Operation::SetQueueLength(_)
            | Operation::AddAlternativeName(_)
            | Operation::SetRings(_)
            | Operation::SetChannels(_)
            | Operation::RelaxReversePath(_)
            | Operation::JoinEnds(_)
            | Operation::RouteToPod(_)
            | Operation::MarkConnections(_)
            | Operation::ShareBond(_)
            | Operation::ShareVlan(_)
            | Operation::ShareBridge(_) => {}
        }
    }

    fn made(&mut self, kind: &'static str, flavour: String) {
        self.kind = Some(kind);
        self.flavour = Some(flavour);
    }
}
