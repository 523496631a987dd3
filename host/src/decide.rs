//! From a request to a plan: looks, asks the components, and touches nothing.

use std::rc::Rc;
use std::sync::Arc;

use plumb_values::Family;
use plumb_values::arguments::{check_addresses, check_interface};
use plumb_values::names::check_pci_address;
use plumb_values::similar::question;

use crate::available_pools::AvailablePools;
use crate::cni::gateway_check::GatewayCheck;
use crate::cni::{AddRequest, Request};
use crate::components::{self, About, Asked, Proposal, Recorded, Sandbox, Source, World};
use crate::facts::{Facts, LinkFacts, Place, PodInterface};
use crate::operations::{
    AddRoute, AddRule, ClaimAddresses, DelegateIpam, HoldFunction, Operation, Reversible,
    WriteDeviceInfo, delegate_ipam,
};
use crate::outcome::{AddressSource, Assigned, LinkNumber};
use crate::plan::{Plan, Proof, Step, Wire};
use crate::policy::NODE_SPACE;
use crate::rails::{Layout, RULE_PRIORITY};
use crate::routing::{Destination, Origin, RouteTemplate, RuleTemplate};
use crate::types::{CHAINED_KEY, FLAVOURS, OWN_TYPE, POOL_TYPES, types};
use crate::{
    Code, Error, Result, coordinator, ifacer, ipam_keys, ipam_plugin, kubelet, octets, parent,
};

/// Bytes of a GUID, which is no hardware address.
const GUID_BYTES: usize = 8;

/// Where the addresses of an interface come from.
pub enum Ipam {
    /// The configuration has no `ipam`.
    None,
    /// A component, and the pools it may choose from.
    Policy(Source, AvailablePools),
    /// An IPAM plugin.
    Delegate(String),
}

/// The flavour that a configuration asks for.
pub fn flavour(request: &AddRequest, sandbox: &Sandbox<'_>) -> Result<Source> {
    let configuration = &request.call.configuration;
    let plugin_type = configuration.plugin_type.as_str();
    let name = match FLAVOURS.iter().find(|(kind, _)| *kind == plugin_type) {
        Some((_, flavour)) => flavour,
        None if plugin_type == OWN_TYPE => configuration.string("flavour")?.ok_or_else(|| {
            Error::configuration(format!(
                "type \"plumb\" needs a \"flavour\": built in are {}",
                Source::built_in(World::Flavour).join(", ")
            ))
        })?,
        None => {
            return Err(Error::configuration(format!(
                "type {plugin_type:?} is not one that plumb answers to: {}use {}, or plumb with a \
                 \"flavour\"",
                question(plugin_type, types().chain([OWN_TYPE])),
                types().collect::<Vec<_>>().join(", ")
            )));
        }
    };
    request.call.policy.check_flavour(name)?;
    match sandbox.find(name, World::Flavour, &request.call.folders.components)? {
        Some(source) => Ok(source),
        None => {
            let built_in = Source::built_in(World::Flavour);
            let folder = &request.call.folders.components;
            if components::store::is_policy(name, folder) {
                return Err(Error::configuration(format!(
                    "{name:?} is an address policy, and no flavour: a network names it as \"type\" of its \"ipam\""
                )));
            }
            let installed = components::store::names(folder);
            let known = built_in
                .iter()
                .copied()
                .chain(installed.iter().map(String::as_str));
            Err(Error::configuration(format!(
                "there is no flavour {name:?}: {}built in are {}, and {} has none of this name",
                question(name, known),
                built_in.join(", "),
                folder.display()
            )))
        }
    }
}

/// The configuration's IPAM, with its pools read and checked.
pub fn ipam(request: &AddRequest, sandbox: &Sandbox<'_>) -> Result<Ipam> {
    let Some(name) = request.ipam_type.as_deref() else {
        return Ok(Ipam::None);
    };
    let known = &request.pod_choice;
    let request = &request.call;
    let policy = if POOL_TYPES.contains(&name) {
        "pool"
    } else {
        name
    };
    request.policy.check_ipam(policy)?;
    match sandbox.find(policy, World::AddressPolicy, &request.folders.components)? {
        Some(source) => {
            ipam_keys::check(request)?;
            let pools = AvailablePools::of(request)?.to(known);
            Ok(Ipam::Policy(source, pools))
        }
        None => {
            ipam_plugin::check(name, &request.environment.path)?;
            Ok(Ipam::Delegate(name.to_owned()))
        }
    }
}

/// Whether the addresses come from pools, without looking whether the rest is right.
pub fn has_policy(request: &AddRequest) -> bool {
    let folder = &request.call.folders.components;
    let is_policy = |name: &str| {
        POOL_TYPES.contains(&name)
            || Source::find(name, World::AddressPolicy, folder).is_ok_and(|found| found.is_some())
    };
    request.ipam_type.as_deref().is_some_and(is_policy)
}

/// The IPAM plugin that a configuration names, without looking whether it is there or
/// whether the rest of the configuration is right: DEL and GC work on what there is.
pub fn delegate_of(request: &Request) -> Result<Option<String>> {
    let Some(name) = request.ipam_type()? else {
        return Ok(None);
    };
    let is_policy = POOL_TYPES.contains(&name)
        || components::store::is_policy(name, &request.folders.components);
    Ok((!is_policy).then(|| name.to_owned()))
}

/// Makes the plan of an ADD.
pub fn plan(request: &AddRequest, sandbox: &Sandbox<'_>, facts: &Rc<dyn Facts>) -> Result<Plan> {
    if let Some(wanted) = &request.coordinator {
        return coordinator::plan(wanted, request, facts.as_ref());
    }
    if let Some(wanted) = &request.ifacer {
        return ifacer::plan(wanted, request, facts.as_ref());
    }
    let flavour = flavour(request, sandbox)?;
    if request.is_chained && request.previous.is_none() {
        return Err(Error::configuration(format!(
            "a network with {CHAINED_KEY:?} true works on the interface of an earlier plugin, and there is none: put the \
             plugin that makes it before this one in \"plugins\""
        )));
    }
    let resolved = parent::resolve(request, facts.as_ref())?;
    let request = resolved.request.as_ref();
    let asked = Arc::new(Asked::of(request)?);
    let ipam = ipam(request, sandbox)?;
    let recorded = sandbox.attach(&flavour, Rc::clone(facts), &asked)?;
    // A plugin of a chain that has a type of its own leaves the addresses to the one before.
    let works_for_another = request.call.attachment.plugin.is_some();
    let has_ipam = !matches!(ipam, Ipam::None) && !works_for_another;
    check_recorded(flavour.name(), &recorded, &asked, has_ipam)?;
    let ipam = match ipam {
        Ipam::Policy(source, pools) => {
            let master = || link_of(&recorded, facts.as_ref());
            Ipam::Policy(source, pools.on(master, facts.as_ref())?)
        }
        other => other,
    };
    let about = match &ipam {
        Ipam::Policy(source, _) if !source.grants().are_of_the_program() => {
            let parent = link_of(&recorded, facts.as_ref())?;
            About {
                parent: parent.filter(|link| may_be_told(link, request, facts.as_ref())),
                hardware_address: hardware_address(&recorded, facts.as_ref())?,
            }
        }
        // The program's own asks for pools alone, and each ADD has it.
        _ => About::default(),
    };
    let addressing = Addressing {
        request,
        ipam: &ipam,
        space: &space(&recorded, request, facts.as_ref())?,
        sandbox,
        asked: &asked,
        about: &about,
        facts,
    };
    let own = &request.call.attachment.interface_name;
    let mut layout = match &request.rails {
        Some(rails) => Some(Layout::of(rails, own, facts.pod_routing()?)?),
        None => None,
    };
    let mut plan = Plan {
        found: resolved.found,
        steps: Vec::new(),
        components: vendors_components(&flavour, &ipam),
    };
    for item in recorded {
        match item {
            Recorded::Operation(operation) => plan.steps.push(Step::Operation(operation)),
            Recorded::Assign(link, source) => {
                addressing.take(&mut plan, link, source)?;
                // What the previous plugin gave it, it has.
                let is_proven = request.conflict_check && source == AddressSource::Configured;
                if is_proven {
                    let wire = wire(&plan);
                    plan.steps.push(Step::ProveAddresses(link, wire));
                }
                match &mut layout {
                    Some(layout) => as_rail(&mut plan, link, source, layout),
                    None => plan.steps.push(Step::AssignAddresses(link, source)),
                }
                if is_proven {
                    plan.steps.push(Step::AnnounceAddresses(link));
                }
            }
            Recorded::Reserve(source) => {
                let link = LinkNumber::default();
                addressing.take(&mut plan, link, source)?;
            }
            Recorded::AddRoutes(link, template) if request.is_chained => {
                let routes = template.routes(|_| assigned_before(request));
                let added = routes.into_iter();
                let added = added.map(|route| Step::Operation(AddRoute::by(link, route).into()));
                plan.steps.extend(added);
            }
            Recorded::AddRules(template) if request.is_chained => {
                let rules = template.rules(|_| assigned_before(request));
                let added = rules.into_iter();
                let added = added.map(|rule| Step::Operation(AddRule::of(rule).into()));
                plan.steps.extend(added);
            }
            Recorded::AddRoutes(link, template) => plan.steps.push(Step::AddRoutes(link, template)),
            Recorded::AddRules(template) => plan.steps.push(Step::AddRules(template)),
        }
    }
    prove_gateways(&mut plan, request.gateway_check);
    hold_functions(&mut plan, request);
    check_devices(&plan, request, facts.as_ref())?;
    Ok(plan)
}

/// The names of the components that are no part of the program.
fn vendors_components(flavour: &Source, ipam: &Ipam) -> Vec<String> {
    let policy = match ipam {
        Ipam::Policy(source, _) => Some(source),
        Ipam::None | Ipam::Delegate(_) => None,
    };
    let sources = [Some(flavour), policy].into_iter().flatten();
    sources
        .filter(|source| !source.is_built_in())
        .map(|source| source.name().to_owned())
        .collect()
}

/// Gives an interface its addresses as a rail: apart from the pod's others. What keeps the primary interface's answers on
/// their way comes first and is undone last, when the rules of this rail are gone.
fn as_rail(plan: &mut Plan, link: LinkNumber, source: AddressSource, layout: &mut Layout) {
    let rail = layout.take_rail();
    let table = rail.table;
    if let Some(primary) = layout.primary.take() {
        plan.steps
            .push(Step::Operation(Operation::RoutePrimary(primary)));
    }
    plan.steps.push(Step::KeepApart(link, rail));
    plan.steps.push(Step::AssignAddresses(link, source));
    // Without it a neighbour in the rail's own network would be reached by the gateway.
    let connected = RouteTemplate {
        source: Some(Origin::Of(source)),
        table: Some(table),
        ..RouteTemplate::new(Destination::NetworksOf(source))
    };
    plan.steps.push(Step::AddRoutes(link, connected));
    for family in [Family::Ipv4, Family::Ipv6] {
        plan.steps.push(Step::AddRules(RuleTemplate {
            source: Some(Origin::Of(source)),
            priority: Some(RULE_PRIORITY),
            ..RuleTemplate::new(family, table)
        }));
    }
}

/// Has the gateways of each interface with addresses asked, when all is done that could lead there.
fn prove_gateways(plan: &mut Plan, check: GatewayCheck) {
    if check == GatewayCheck::Off {
        return;
    }
    let proof = Proof {
        check,
        wire: wire(plan),
    };
    let asked = |step: &Step| match step {
        Step::AssignAddresses(link, _) => Some(Step::ProveGateways(*link, proof.clone())),
        _ => None,
    };
    let asked: Vec<Step> = plan.steps.iter().filter_map(asked).collect();
    plan.steps.extend(asked);
}

/// Where the interfaces of a plan meet others.
fn wire(plan: &Plan) -> Wire {
    let parent = |operation: &Operation| Some(operation.parent()?.to_string());
    let function = |operation: &Operation| Some(operation.function()?.0.to_owned());
    let below = plan
        .operations()
        .find_map(|operation| parent(operation).or_else(|| function(operation)));
    let vlan = plan
        .operations()
        .find_map(|operation| Some(operation.function()?.1.vlan()?.id))
        .filter(|vlan| *vlan > 0);
    Wire {
        below: below.unwrap_or_else(|| "an earlier plugin's interface".to_owned()),
        vlan,
    }
}

/// The space in which the addresses of a plan's interfaces must be unique: by the link on which they lie.
fn space(recorded: &[Recorded], request: &AddRequest, facts: &dyn Facts) -> Result<String> {
    let policy = &request.call.policy;
    let link = match policy.wires.is_empty() {
        // Which link it is makes no difference.
        true => None,
        false => link_of(recorded, facts)?,
    };
    match link {
        Some(link) => policy.space(&link, facts),
        None => Ok(NODE_SPACE.to_owned()),
    }
}

/// The link of the host on which a plan's interfaces lie: their parent, or that of the physical function.
fn link_of(recorded: &[Recorded], facts: &dyn Facts) -> Result<Option<LinkFacts>> {
    for item in recorded {
        let Recorded::Operation(operation) = item else {
            continue;
        };
        if let Some(parent) = operation.parent().filter(|parent| !parent.in_pod) {
            return facts.link(Place::Host, &parent.name);
        }
        if let Some((address, _)) = operation.function()
            && let Some(function) = facts.pci_function(address)?
        {
            let own = function.links.into_iter().next();
            return Ok(function.parent_link.or(own));
        }
    }
    Ok(None)
}

/// Whether an address policy, which may put what it knows into an error that a tenant reads, is told of a link: the node's
/// policy gives it to networks.
pub fn may_be_told(link: &LinkFacts, request: &AddRequest, facts: &dyn Facts) -> bool {
    request.call.policy.check_parent(link, facts).is_ok()
}

/// The hardware address that a plan's interface will have, as far as it is known before anything is done.
fn hardware_address(recorded: &[Recorded], facts: &dyn Facts) -> Result<Option<Vec<u8>>> {
    let mut known = None;
    for item in recorded {
        let Recorded::Operation(operation) = item else {
            continue;
        };
        match operation {
            Operation::MoveLink(moved) => {
                let function = facts.pci_function(&moved.address)?;
                let link = function.and_then(|function| function.links.into_iter().next());
                known = known.or(link.and_then(|link| octets::parse(&link.mac)));
            }
            Operation::CreateIpvlan(child) if !child.parent.in_pod => {
                let parent = facts.link(Place::Host, &child.parent.name)?;
                known = parent.and_then(|parent| octets::parse(&parent.mac));
            }
            other => {
                let mut given = other.hardware_addresses().into_iter();
                known = given.rfind(|address| address.len() != GUID_BYTES).or(known);
            }
        }
    }
    Ok(known)
}

/// Refuses a plan that works on devices which the node's policy does not give to networks.
fn check_devices(plan: &Plan, request: &AddRequest, facts: &dyn Facts) -> Result<()> {
    let policy = &request.call.policy;
    for operation in plan.operations() {
        if policy.limits_parents()
            && let Some(parent) = operation.parent().filter(|parent| !parent.in_pod)
            && let Some(link) = facts.link(Place::Host, &parent.name)?
        {
            policy.check_parent(&link, facts)?;
        }
        if let Operation::HoldFunction(hold) = operation
            && let Some(function) = facts.pci_function(&hold.address)?
        {
            policy.check_function(&function, facts)?;
            let pod = request.call.pod.as_ref();
            let uid = pod.map_or("", |pod| pod.uid.as_str());
            kubelet::check(&policy.folders.kubelet, &function.address, uid)?;
        }
    }
    Ok(())
}

/// Puts before everything else a hold for each PCI function that the plan works on, and
/// behind it the information about the device, when Multus wants it.
fn hold_functions(plan: &mut Plan, request: &AddRequest) {
    let mut holds: Vec<HoldFunction> = Vec::new();
    for (address, changes) in plan.operations().filter_map(Reversible::function) {
        match holds.iter_mut().find(|hold| hold.address == address) {
            Some(hold) => hold.changes = changes.or(&hold.changes),
            None => holds.push(HoldFunction {
                address: address.to_owned(),
                changes,
                ..HoldFunction::default()
            }),
        }
    }
    // The specification knows no auxiliary devices.
    let first = holds
        .first()
        .filter(|hold| check_pci_address(&hold.address).is_ok());
    if let (Some(first), Some(path)) = (first, &request.device_info_file) {
        let information = WriteDeviceInfo {
            path: path.clone(),
            address: first.address.clone(),
            before: None,
        };
        let write = Operation::WriteDeviceInfo(information);
        plan.steps.push(Step::Operation(write));
    }
    let holds = holds
        .into_iter()
        .map(|hold| Step::Operation(Operation::HoldFunction(hold)));
    plan.steps.splice(0..0, holds);
}

/// Where a plan's addresses come from.
struct Addressing<'a> {
    request: &'a AddRequest,
    ipam: &'a Ipam,
    space: &'a str,
    sandbox: &'a Sandbox<'a>,
    asked: &'a Arc<Asked>,
    about: &'a About,
    facts: &'a Rc<dyn Facts>,
}

impl Addressing<'_> {
    /// Takes the addresses of a source for an interface. An address from a pool is claimed before
    /// anything else: when the pools are exhausted, no interface was made in vain. An IPAM plugin is
    /// asked when the interface is there, which dhcp needs.
    fn take(&self, plan: &mut Plan, link: LinkNumber, source: AddressSource) -> Result<()> {
        match (source, self.ipam) {
            (AddressSource::Previous, _) => {
                let previous = self.request.previous.clone().unwrap_or_default();
                let assigned = delegate_ipam::assigned(&previous);
                plan.steps.push(Step::Assign(link, assigned));
            }
            (AddressSource::Configured, Ipam::None) => {
                return Err(Error::configuration(
                    "the flavour needs addresses, but the configuration has no \"ipam\"",
                ));
            }
            (AddressSource::Configured, Ipam::Policy(source, pools)) => {
                let proposal = self.propose(source, pools)?;
                let mut claim = claim(
                    proposal,
                    self.space,
                    !self.asked.requested_addresses.is_empty(),
                );
                claim.link = link;
                claim.keep = claim.keep && self.is_kept(&claim);
                self.add_routes(&mut claim, plan)?;
                plan.steps
                    .insert(0, Step::Operation(Operation::ClaimAddresses(claim)));
            }
            (AddressSource::Configured, Ipam::Delegate(plugin)) => {
                let plugin = plugin.clone();
                let ask = Operation::DelegateIpam(DelegateIpam { link, plugin });
                plan.steps.push(Step::Operation(ask));
            }
        }
        Ok(())
    }
}

impl Addressing<'_> {
    fn propose(&self, source: &Source, pools: &AvailablePools) -> Result<Proposal> {
        let facts = Rc::clone(self.facts);
        propose(self.sandbox, source, facts, self.asked, self.about, pools)
    }

    /// Whether an address is kept for a pod that has a name. On the node's own pools that costs nothing; of a pool that nodes
    /// share it takes the address from all others, so that it is done for pods that come again by the same name, as far
    /// as that is known, and for those of a network that asks for it.
    fn is_kept(&self, claim: &ClaimAddresses) -> bool {
        let mut sources = claim.claims.iter().flatten();
        if !sources.any(|source| source.candidate.shared) {
            return true;
        }
        let ipam = self.request.call.configuration.lower.get("ipam");
        let asks_for_it = ipam.and_then(|ipam| ipam.get("sticky")?.as_bool()) == Some(true);
        let choice = self.request.pod_choice.choice();
        asks_for_it || choice.is_none_or(|choice| choice.keep)
    }

    /// Adds the routes that the pod asks for itself, each with the addresses in whose subnet its gateway is. An interface
    /// that the pod has already, and that reaches the gateway, has the route.
    fn add_routes(&self, claim: &mut ClaimAddresses, plan: &mut Plan) -> Result<()> {
        let routes = self
            .request
            .pod_choice
            .choice()
            .map_or(&[][..], |choice| &choice.routes);
        if routes.is_empty() {
            return Ok(());
        }
        let own = &self.request.call.attachment.interface_name;
        let interfaces = self.facts.pod_routing()?.interfaces;
        let others = || interfaces.iter().filter(|one| one.name != *own);
        for route in routes {
            let Some(gateway) = route.gateway else {
                continue;
            };
            let reaches = |one: &&PodInterface| {
                let mut addresses = one.addresses.iter();
                addresses.any(|address| address.contains(gateway))
            };
            if let Some(other) = others().find(reaches) {
                plan.found.push(format!(
                    "the pod's route to {} by {gateway} is left to {}",
                    route.destination, other.name
                ));
                continue;
            }
            claim.add_route(route, gateway);
        }
        Ok(())
    }
}

/// What an address policy chooses of the pools, of which it is told why some cannot be used.
pub fn propose(
    sandbox: &Sandbox<'_>,
    source: &Source,
    facts: Rc<dyn Facts>,
    asked: &Arc<Asked>,
    about: &About,
    available: &AvailablePools,
) -> Result<Proposal> {
    let mut asked = Arc::clone(asked);
    if !available.unusable.is_empty() {
        Arc::make_mut(&mut asked)
            .unusable_pools
            .clone_from(&available.unusable);
    }
    sandbox.propose(source, facts, &asked, about, &available.pools)
}

/// The claim that a proposal asks for.
pub fn claim(proposal: Proposal, space: &str, requested: bool) -> ClaimAddresses {
    let mut names = Vec::new();
    for source in proposal.claims.iter().flatten() {
        if !names.contains(&source.candidate.pool) {
            names.push(source.candidate.pool.clone());
        }
    }
    ClaimAddresses {
        link: LinkNumber::default(),
        space: space.to_owned(),
        keep: proposal.keep,
        pools: names,
        addresses: Vec::new(),
        claimed: Vec::new(),
        requested,
        tries_again: proposal.tries_again,
        claims: proposal.claims,
    }
}

/// The addresses that the previous result has of interfaces in the pod.
fn assigned_before(request: &AddRequest) -> Assigned {
    let mut previous = request.previous.clone().unwrap_or_default();
    let interfaces = &previous.interfaces;
    let is_in_pod = |index: Option<usize>| {
        index.is_none_or(|index| {
            let interface = interfaces.get(index);
            interface.is_none_or(|interface| !interface.sandbox.is_empty())
        })
    };
    previous
        .addresses
        .retain(|address| is_in_pod(address.interface));
    delegate_ipam::assigned(&previous)
}

/// Checks that a component gives the pod what it has to.
fn check_recorded(
    component: &str,
    recorded: &[Recorded],
    asked: &Asked,
    has_ipam: bool,
) -> Result<()> {
    let who = format!("component {component}");
    let is_made = recorded.iter().any(makes_interface);
    let is_given = is_made || recorded.iter().any(replaces_interface);
    let is_taken = recorded.iter().any(takes_configured);
    check_interface(&who, is_given, !asked.previous_interfaces.is_empty())
        .and_then(|()| check_addresses(&who, is_made, has_ipam, is_taken))
        .map_err(|sentence| Error::new(Code::COMPONENT_FAILED, sentence))
}

/// Whether it gives the pod the addresses of the configuration's IPAM.
fn takes_configured(recorded: &Recorded) -> bool {
    matches!(
        recorded,
        Recorded::Assign(_, AddressSource::Configured)
            | Recorded::Reserve(AddressSource::Configured)
    )
}

/// Whether it gives the pod the interface that the runtime asks for: others may come beside it.
fn makes_interface(recorded: &Recorded) -> bool {
    let requested = LinkNumber::default();
    matches!(
        recorded,
        Recorded::Operation(operation)
            if operation.makes_link().is_some_and(|(link, _)| link == requested)
    )
}

/// Whether it gives the pod a function in the place of an interface.
fn replaces_interface(recorded: &Recorded) -> bool {
    matches!(recorded, Recorded::Operation(operation) if operation.replaces_link())
}
