//! What a plan has beside its interfaces and addresses: routes apart from the pod's others, and proofs.

use plumb_values::Family;

use crate::cni::gateway_check::GatewayCheck;
use crate::operations::{Operation, Reversible};
use crate::outcome::{AddressSource, LinkNumber};
use crate::plan::{Plan, Proof, Step, Wire};
use crate::rails::{Layout, RULE_PRIORITY};
use crate::routing::{Destination, Origin, RouteTemplate, RuleTemplate};

/// Gives an interface its addresses as a rail: apart from the pod's others. What keeps the primary interface's answers on
/// their way comes first and is undone last, when the rules of this rail are gone.
pub(super) fn as_rail(
    plan: &mut Plan,
    link: LinkNumber,
    source: AddressSource,
    layout: &mut Layout,
) {
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
pub(super) fn prove_gateways(plan: &mut Plan, check: GatewayCheck) {
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
pub(super) fn wire(plan: &Plan) -> Wire {
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
