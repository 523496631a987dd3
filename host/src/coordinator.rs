//! The type `coordinator`: behind another plugin in a chain, it makes a rail of the interface that this one gave the pod, as
//! Spiderpool's plugin of that name does where the pod has another primary interface. The interface is there, with its
//! addresses and routes, so that all is known when the plan is made.

pub mod changed_result;

use std::net::IpAddr;

use ipnetwork::IpNetwork;

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
use crate::{Code, Error, Result};

/// The interface that the chain is about.
const LINK: LinkNumber = LinkNumber(0);

/// Makes the plan of an ADD.
///
/// # Errors
///
/// [`Code::INVALID_CONFIGURATION`] when there is no interface yet, and [`Code::UNSUPPORTED_FIELD`] where the pod would have
/// no way to its node.
pub fn plan(wanted: &Coordinator, request: &AddRequest, facts: &dyn Facts) -> Result<Plan> {
    let name = request.call.attachment.interface_name.as_str();
    let mut plan = Plan::default();
    if wanted.mode == Mode::Disabled {
        return Ok(plan);
    }
    let is_primary = name == wanted.primary;
    match wanted.mode {
        // It is another plugin's, which has routed it.
        Mode::Overlay if is_primary => return Ok(plan),
        Mode::Auto | Mode::Underlay if is_primary => return Err(without_way(name, wanted)),
        _ => {}
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
    let mut steps: Vec<Operation> = Vec::new();
    if let Some(prefix) = wanted.mac_prefix
        && let Some(mac) = mac(prefix, &interface)
    {
        let link = facts.link(Place::Pod, name)?;
        if link.is_some_and(|link| link.hardware_type == ETHERNET) {
            steps.push(
                SetMac {
                    link: LINK,
                    mac,
                    before: None,
                }
                .into(),
            );
        }
    }
    if let Some(length) = wanted.queue_length {
        steps.push(
            SetQueueLength {
                link: LINK,
                length,
                before: None,
            }
            .into(),
        );
    }
    if !wanted.tunes_routes {
        plan.steps.extend(steps.into_iter().map(Step::Operation));
        return Ok(plan);
    }

    let rails = Rails {
        reverse_path_filter: wanted.reverse_path_filter,
        ..Rails::default()
    };
    let mut layout = Layout::of(&rails, name, routing)?;
    let rail = layout.take_rail();
    let table = rail.table;
    steps.extend(layout.primary.take().map(Operation::from));
    plan.steps.extend(steps.into_iter().map(Step::Operation));
    plan.steps.push(Step::KeepApart(LINK, rail));
    let keeps_default = wanted.default_route_interface.as_deref() == Some(name);
    let mut push = |operation: Operation| plan.steps.push(Step::Operation(operation));
    for route in layout::copies(&interface.routes, table) {
        push(match route.is_default() && !keeps_default {
            true => MoveRoute::to(
                table,
                LINK,
                Route {
                    table: None,
                    ..route
                },
            )
            .into(),
            false => AddRoute::by(LINK, route).into(),
        });
    }
    for route in &wanted.policy_routes {
        push(AddRoute::by(LINK, route.clone().in_table(table)).into());
    }
    for address in layout::lasting(&interface.addresses) {
        push(AddRule::of(rule(address, table)).into());
    }
    Ok(plan)
}

fn rule(address: IpAddr, table: u32) -> Rule {
    Rule {
        is_ipv6: address.is_ipv6(),
        source: Some(IpNetwork::from(address)),
        destination: None,
        table,
        priority: Some(RULE_PRIORITY),
    }
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

fn without_way(name: &str, wanted: &Coordinator) -> Error {
    Error::new(
        Code::UNSUPPORTED_FIELD,
        format!(
            "\"mode\" {:?} of type \"coordinator\" on {name}, the pod's first interface, means a second one to the node, veth0, \
             for the kubelet's probes and ClusterIPs, which plumb cannot make: give the pod a primary interface of the \
             cluster's own network, or set \"mode\" to \"disabled\" if the fabric leads to the node",
            wanted.mode.word()
        ),
    )
}
