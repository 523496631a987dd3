//! What one component may see and record. It is always in the process that performs the plan: a
//! component behind the wall reaches it by messages, and is told and refused the same.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use plumb_engine::limits;
use serde_json::Value;

use super::bridges::SharedBridge;
use super::call::{HostAnswer, HostCall};
use super::{LinkHandle, PciHandle, PodLinkHandle, Recorded};
use crate::components::asked::{About, Asked};
use crate::components::grants::Grants;
use crate::components::refusal::{Refusal, plain};
use crate::components::source::Source;
use crate::facts::{Facts, LinkFacts, PciFacts, Place};
use crate::operations::LinkNumber;
use crate::trace::Level;

/// The facts, the grants and the plan of one call of a component.
pub struct Authority {
    pub(super) facts: Rc<dyn Facts>,
    /// Names that the configuration contains: the devices that may be asked for.
    pub(super) named: BTreeSet<String>,
    pub(super) asked: Arc<Asked>,
    pub(super) component: String,
    pub(super) grants: Grants,
    pub(super) recording: bool,
    pub(super) recorded: Vec<Recorded>,
    /// Steps that only the authority of which this one is a copy has.
    pub(super) recorded_elsewhere: usize,
    /// The pod's interfaces that operations may be about, by number: those that the plan gives it, or those of earlier
    /// plugins. A copy has their numbers alone.
    pub(super) pod_links: BTreeMap<LinkNumber, String>,
    /// Of those that the plan makes of a parent: the kind, the parent and the largest MTU.
    pub(super) child_of: BTreeMap<LinkNumber, (&'static str, String, u32)>,
    /// The bridges that the plan shares, by number.
    pub(super) shared_bridges: Vec<SharedBridge>,
    /// What was given, by number.
    links: Vec<LinkHandle>,
    functions: Vec<PciHandle>,
    log: Vec<(Level, String)>,
}

impl Authority {
    /// For one call. Without `recording` every operation is refused.
    pub fn new(facts: Rc<dyn Facts>, source: &Source, asked: &Arc<Asked>, recording: bool) -> Self {
        let configuration = serde_json::from_str(&asked.configuration).unwrap_or(Value::Null);
        let mut named = BTreeSet::new();
        collect_strings(&configuration, &mut named);
        named.extend(asked.device_id.clone());
        named.extend(
            asked
                .previous_interfaces
                .iter()
                .map(|interface| interface.name.clone()),
        );
        Self {
            facts,
            named,
            asked: Arc::clone(asked),
            component: source.name().to_owned(),
            grants: source.grants().clone(),
            recording,
            recorded: Vec::new(),
            recorded_elsewhere: 0,
            pod_links: BTreeMap::new(),
            child_of: BTreeMap::new(),
            shared_bridges: Vec::new(),
            links: Vec::new(),
            functions: Vec::new(),
            log: Vec::new(),
        }
    }

    /// For a call of an address policy, which is given the link that the interface lies on; a vendor's that of the default
    /// route only where it may see it.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say which that is.
    pub fn of_policy(
        facts: Rc<dyn Facts>,
        source: &Source,
        asked: &Arc<Asked>,
        about: &About,
    ) -> crate::Result<Self> {
        let mut authority = Self::new(facts, source, asked, false);
        let mut parent = about.parent.clone();
        if let Some(link) = &parent
            && !authority.is_named(link)
            && authority.facts.default_route_link(Place::Host)?.as_ref() == Some(link)
        {
            parent = None;
        }
        let parent = parent.map(|parent| authority.give_link(Place::Host, parent));
        let parent = parent
            .transpose()
            .map_err(|refusal| refusal.of_component(source.name()))?;
        let asked = Arc::make_mut(&mut authority.asked);
        asked.parent = parent;
        asked.planned_mac.clone_from(&about.hardware_address);
        Ok(authority)
    }

    /// Does what a component asks for, or refuses it.
    ///
    /// # Errors
    ///
    /// [`Reason::Denied`](crate::components::refusal::Reason::Denied) for a handle that was not given, and
    /// what the functions of the contract refuse.
    pub fn answer(&mut self, call: HostCall) -> Result<HostAnswer, Refusal> {
        use HostAnswer as Answer;
        Ok(match call {
            HostCall::Log(level, line) => {
                self.keep_line(level, &line);
                Answer::Done(())
            }
            HostCall::Link(place, name) => Answer::Link(self.link(place, &name)?),
            HostCall::DefaultRouteLink(place) => Answer::Link(self.default_route_link(place)?),
            HostCall::PodLinks => Answer::Links(self.pod_links()?),
            HostCall::PciFunction(address) => Answer::Function(self.pci_function(&address)?),
            HostCall::AuxiliaryFunction(name) => Answer::Function(self.auxiliary_function(&name)?),
            HostCall::RdmaNamespaceMode => Answer::Mode(self.rdma_namespace_mode()?),
            HostCall::NumaNode(link) => Answer::Number(self.read_numa_node(&self.given(link)?)),
            HostCall::Speed(link) => Answer::Number(self.read_speed(&self.given(link)?)),
            HostCall::Addresses(link) => {
                Answer::Addresses(self.read_addresses(&self.given(link)?)?)
            }
            HostCall::Routes(link) => Answer::Routes(self.read_routes(&self.given(link)?)?),
            HostCall::CreateMacvlan(parent, options) => {
                Answer::PodLink(self.create_macvlan(&self.given(parent)?, options)?)
            }
            HostCall::CreateIpvlan(parent, options) => {
                Answer::PodLink(self.create_ipvlan(&self.given(parent)?, options)?)
            }
            HostCall::CreateIpoib(parent, options) => {
                Answer::PodLink(self.create_ipoib(&self.given(parent)?, options)?)
            }
            HostCall::MoveLink(function) => {
                Answer::PodLink(self.move_link(&self.given_function(function)?)?)
            }
            HostCall::CreateVlan(parent, options) => {
                Answer::PodLink(self.create_vlan(&self.given(parent)?, options)?)
            }
            HostCall::CreateVeth(options) => Answer::PodLink(self.create_veth(options)?),
            HostCall::ShareBridge(name, options) => {
                Answer::SharedBridge(self.share_bridge(name, options)?)
            }
            HostCall::MoveNetdev(link, name) => {
                Answer::PodLink(self.move_netdev(&self.given(link)?, name.as_deref())?)
            }
            HostCall::SetVirtualFunction(function, settings) => {
                let function = self.given_function(function)?;
                Answer::Done(self.set_virtual_function(&function, &settings)?)
            }
            HostCall::MoveRdmaDevice(function, name) => {
                Answer::Done(self.move_rdma_device(&self.given_function(function)?, name)?)
            }
            HostCall::ReportFunction(function, mac) => {
                Answer::Done(self.report_function(&self.given_function(function)?, mac)?)
            }
            HostCall::UsePreviousLink(name) => Answer::PodLink(self.use_previous_link(name)?),
            HostCall::SetMtu(link, mtu) => Answer::Done(self.set_mtu(self.made(link)?, mtu)?),
            HostCall::SetMac(link, mac) => Answer::Done(self.set_mac(self.made(link)?, mac)?),
            HostCall::SetQueueLength(link, packets) => {
                Answer::Done(self.set_queue_length(self.made(link)?, packets)?)
            }
            HostCall::AddAlternativeName(link, name) => {
                Answer::Done(self.add_alternative_name(self.made(link)?, name)?)
            }
            HostCall::SetRings(link, sizes) => {
                Answer::Done(self.set_rings(self.made(link)?, sizes)?)
            }
            HostCall::SetChannels(link, counts) => {
                Answer::Done(self.set_channels(self.made(link)?, counts)?)
            }
            HostCall::SetLinkSysctl(link, family, name, value, required) => {
                let link = self.made(link)?;
                Answer::Done(self.set_link_sysctl(link, family, name, value, required)?)
            }
            HostCall::SetNeighbourSysctl(link, family, name, value, required) => {
                let link = self.made(link)?;
                Answer::Done(self.set_neighbour_sysctl(link, family, name, value, required)?)
            }
            HostCall::SetPodSysctl(scope, family, name, value, required) => {
                Answer::Done(self.set_pod_sysctl(scope, family, name, value, required)?)
            }
            HostCall::Source(source) => Answer::Source(self.source(source)?),
            HostCall::AssignAddresses(link, source) => {
                Answer::Done(self.assign_addresses(self.made(link)?, source)?)
            }
            HostCall::ReserveAddresses(source) => Answer::Done(self.reserve_addresses(source)?),
            HostCall::AddAddress(link, address) => {
                Answer::Done(self.add_address(self.made(link)?, address)?)
            }
            HostCall::AddRoute(link, route) => {
                Answer::Done(self.add_route(self.made(link)?, route)?)
            }
            HostCall::AddRule(rule) => Answer::Done(self.add_rule(rule)?),
            HostCall::AddNeighbour(link, address, mac) => {
                Answer::Done(self.add_neighbour(self.made(link)?, address, mac)?)
            }
            HostCall::SetUp(link) => Answer::Done(self.set_up(self.made(link)?)?),
        })
    }

    /// As the copy of another one: takes into account what that one has answered.
    pub(super) fn follow(&mut self, answer: &HostAnswer) {
        match answer {
            HostAnswer::PodLink(link) => {
                self.pod_links.entry(link.number).or_default();
                self.recorded_elsewhere += 1;
            }
            HostAnswer::Done(()) | HostAnswer::SharedBridge(_) => self.recorded_elsewhere += 1,
            _ => {}
        }
    }

    /// What the component is asked for.
    pub fn asked(&self) -> &Arc<Asked> {
        &self.asked
    }

    /// What was recorded, in order.
    pub fn into_recorded(self) -> Vec<Recorded> {
        self.recorded
    }

    /// The lines that the component wrote.
    pub fn log(&self) -> &[(Level, String)] {
        &self.log
    }

    fn keep_line(&mut self, level: Level, line: &str) {
        if self.log.len() < limits::LOG_LINES {
            let end = line.floor_char_boundary(limits::LOG_LINE_BYTES);
            self.log.push((level, plain(&line[..end])));
        }
    }

    /// A handle of a link. What was given before keeps its number.
    pub(super) fn give_link(
        &mut self,
        place: Place,
        facts: LinkFacts,
    ) -> Result<LinkHandle, Refusal> {
        let mut known = self.links.iter();
        if let Some(link) = known.find(|link| link.place == place && *link.facts == facts) {
            return Ok(link.clone());
        }
        let link = LinkHandle {
            number: self.next_number(self.links.len())?,
            place,
            facts: Arc::new(facts),
        };
        self.links.push(link.clone());
        Ok(link)
    }

    /// A handle of a PCI function, with those of its links.
    pub(super) fn give_function(&mut self, facts: PciFacts) -> Result<PciHandle, Refusal> {
        let mut known = self.functions.iter();
        if let Some(function) = known.find(|function| *function.facts == facts) {
            return Ok(function.clone());
        }
        let links = facts.links.iter();
        let links = links
            .map(|link| self.give_link(Place::Host, link.clone()))
            .collect::<Result<_, _>>()?;
        let parent_link = facts.parent_link.clone();
        let function = PciHandle {
            number: self.next_number(self.functions.len())?,
            links,
            parent_link: parent_link
                .map(|link| self.give_link(Place::Host, link))
                .transpose()?,
            facts: Arc::new(facts),
        };
        self.functions.push(function.clone());
        Ok(function)
    }

    pub(super) fn next_number(&self, given: usize) -> Result<u32, Refusal> {
        match u32::try_from(given) {
            Ok(number) if given < limits::HANDLES => Ok(number),
            _ => Err(Refusal::denied(format!(
                "component {} was given {} devices, and gets no more",
                self.component,
                limits::HANDLES
            ))),
        }
    }

    pub(super) fn given(&self, number: u32) -> Result<LinkHandle, Refusal> {
        let link = self.links.get(number as usize);
        link.cloned().ok_or_else(|| self.not_given("link", number))
    }

    fn given_function(&self, number: u32) -> Result<PciHandle, Refusal> {
        let function = self.functions.get(number as usize);
        function
            .cloned()
            .ok_or_else(|| self.not_given("PCI function", number))
    }

    /// An interface of the pod, when the plan makes it or it was given.
    fn made(&self, link: PodLinkHandle) -> Result<PodLinkHandle, Refusal> {
        match self.pod_links.contains_key(&link.number) {
            true => Ok(link),
            false => Err(self.not_given("interface of the pod", link.number.0.into())),
        }
    }

    pub(super) fn not_given(&self, what: &str, number: u32) -> Refusal {
        Refusal::denied(format!(
            "component {} was given no {what} with the handle {number}",
            self.component
        ))
    }
}

fn collect_strings(value: &Value, strings: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            strings.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_strings(item, strings)),
        Value::Object(map) => map.values().for_each(|item| collect_strings(item, strings)),
        _ => {}
    }
}

#[cfg(test)]
pub(in crate::components) mod tests;
