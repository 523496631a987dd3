//! The type `coordinator`: behind another plugin in a chain, it makes a rail of the interface that this one gave the pod, as
//! Spiderpool's plugin of that name does where the pod has another primary interface; a pod whose first interface it is gets a
//! second one to its node (`way_to_node`). The interface is there, with its addresses and routes, so that all is known when
//! the plan is made.

mod way_to_node;

use std::net::IpAddr;

use crate::cni::AddRequest;
use crate::cni::coordinator::{Coordinator, Mode};
use crate::cni::rails::Rails;
use crate::facts::{Facts, Place, PodInterface};
use crate::kernel::link::ETHERNET;
use crate::kernel::route::Route;
use crate::kernel::rule::Rule;
use crate::operations::{AddRoute, AddRule, MoveRoute, Operation, SetMac, SetQueueLength};
use crate::outcome::LinkNumber;
use crate::plan::{Plan, Step};
use crate::rails::{Layout, RULE_PRIORITY, layout};
use crate::{Error, Result};

/// The interface that the chain is about.
const LINK: LinkNumber = LinkNumber(0);

/// Makes the plan of an ADD.
///
/// # Errors
///
/// [`crate::Code::INVALID_CONFIGURATION`] when there is no interface yet, or none of the families of the pod's addresses is the
/// node's.
pub fn plan(wanted: &Coordinator, request: &AddRequest, facts: &dyn Facts) -> Result<Plan> {
    let name = request.call.attachment.interface_name.as_str();
    let mut plan = Plan::default();
    if wanted.mode == Mode::Disabled {
        return Ok(plan);
    }
    let is_primary = is_primary(wanted, name);
    // It is another plugin's, which has routed it.
    if is_primary && wanted.mode == Mode::Overlay {
        return Ok(plan);
    }
    let routing = facts.pod_routing()?;
    let found = routing
        .interfaces
        .iter()
        .find(|one| one.name == name)
        .cloned();
    let interface = found.ok_or_else(|| {
        Error::configuration(format!(
            "type \"coordinator\" works on the interface of a plugin before it in its chain, and the pod has no {name} yet: \
             put the plugin that makes it first in \"plugins\""
        ))
    })?;
    let mut operations = settings(wanted, &interface, facts)?;
    let mut steps: Vec<Step> = Vec::new();
    if is_primary {
        operations.extend(way_to_node::operations(
            wanted,
            &request.call,
            &interface,
            facts,
        )?);
    } else if wanted.tunes_routes {
        let rails = Rails {
            reverse_path_filter: wanted.reverse_path_filter,
            ..Rails::default()
        };
        let mut layout = Layout::of(&rails, name, routing)?;
        operations.extend(layout.primary.take().map(Operation::from));
        let rail = layout.take_rail();
        let routed = routes_and_rules(wanted, &interface, rail.table);
        steps.push(Step::KeepApart(LINK, rail));
        steps.extend(routed.into_iter().map(Step::Operation));
    }
    plan.steps = operations
        .into_iter()
        .map(Step::Operation)
        .chain(steps)
        .collect();
    Ok(plan)
}

/// Whether the interface is the pod's first.
pub fn is_primary(wanted: &Coordinator, name: &str) -> bool {
    name == wanted.primary
}

/// What is set of the interface itself.
fn settings(
    wanted: &Coordinator,
    interface: &PodInterface,
    facts: &dyn Facts,
) -> Result<Vec<Operation>> {
    let (link, before) = (LINK, None);
    let mut operations: Vec<Operation> = Vec::new();
    if let Some(prefix) = wanted.mac_prefix
        && let Some(mac) = mac(prefix, interface)
        && let Some(found) = facts.link(Place::Pod, &interface.name)?
        && found.hardware_type == ETHERNET
    {
        operations.push(SetMac { link, mac, before }.into());
    }
    if let Some(length) = wanted.queue_length {
        let before = None;
        operations.push(
            SetQueueLength {
                link,
                length,
                before,
            }
            .into(),
        );
    }
    Ok(operations)
}

/// The interface's routes in its own table, of which the default one is there alone unless it is the pod's, and a rule for
/// each of its addresses.
fn routes_and_rules(wanted: &Coordinator, interface: &PodInterface, table: u32) -> Vec<Operation> {
    let is_the_pods = wanted.default_route_interface.as_ref() == Some(&interface.name);
    let copies = layout::copies(&interface.routes, table).into_iter();
    let routes = copies.map(|route| match route.is_default() && !is_the_pods {
        true => {
            let in_main = Route {
                table: None,
                ..route
            };
            MoveRoute::to(table, LINK, in_main).into()
        }
        false => AddRoute::by(LINK, route).into(),
    });
    let policy_routes = wanted.policy_routes.iter();
    let policy_routes =
        policy_routes.map(|route| AddRoute::by(LINK, route.clone().in_table(table)).into());
    let rules = layout::lasting(&interface.addresses)
        .map(|address| AddRule::of(Rule::from_address(address, table, RULE_PRIORITY)).into());
    routes.chain(policy_routes).chain(rules).collect()
}

/// The two bytes of the prefix and the last four of the first address.
fn mac(prefix: [u8; 2], interface: &PodInterface) -> Option<Vec<u8>> {
    let first = layout::lasting(&interface.addresses).next()?;
    let bytes = match first {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets()[12..].to_vec(),
    };
    Some([prefix.to_vec(), bytes].concat())
}
