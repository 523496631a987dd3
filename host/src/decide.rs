//! From a request to a plan: looks, asks the components, and touches nothing.

mod addressing;
mod devices;
mod rail;
mod sources;

use std::rc::Rc;
use std::sync::Arc;

use plumb_values::arguments::{check_addresses, check_interface};

use crate::cni::AddRequest;
use crate::components::{About, Asked, Recorded, Sandbox, Source};
use crate::facts::Facts;
use crate::operations::{AddRoute, AddRule, Reversible};
use crate::outcome::{AddressSource, LinkNumber};
use crate::plan::{Plan, Step};
use crate::rails::Layout;
use crate::types::CHAINED_KEY;
use crate::{Code, Error, Result, coordinator, ifacer, parent};

use addressing::{Addressing, assigned_before};
use devices::{check_devices, hardware_address, hold_functions, link_of, space};
use rail::{as_rail, prove_gateways, wire};

pub use addressing::{claim, propose};
pub use devices::may_be_told;
pub use sources::{Ipam, delegate_of, flavour, has_policy, ipam};

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
