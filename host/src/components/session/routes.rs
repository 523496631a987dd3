//! What a flavour may record of the ways that packets take: routes, rules, neighbours.

use std::net::IpAddr;

use plumb_values::arguments::{check_hardware_address, check_table};

use super::arguments::{check_route_template, check_rule_template};
use super::authority::Authority;
use super::operations::Answer;
use super::{PodLinkHandle, Recorded};
use crate::components::refusal::Refusal;
use crate::kernel::route::Route;
use crate::operations::{AddNeighbour, AddRoute, AddRule, Operation};
use crate::outcome::Assigned;
use crate::routing::{RouteTemplate, RuleTemplate};

/// Each is the operation of the same name in the contract.
///
/// # Errors
///
/// A refusal without a grant, and for an argument that is out of range.
impl Authority {
    pub(super) fn add_route(&mut self, link: PodLinkHandle, template: RouteTemplate) -> Answer<()> {
        template.table.map_or(Ok(()), check_table)?;
        check_route_template(&template)?;
        self.may_record("add-route")?;
        for source in template.refers_to() {
            self.check_assigned("add-route", source)?;
        }
        let link = link.number;
        if !template.refers_to().is_empty() {
            self.record(Recorded::AddRoutes(link, template));
            return Ok(());
        }
        let route = plain_route(&template)?;
        self.record(Recorded::Operation(AddRoute::by(link, route).into()));
        Ok(())
    }

    pub(super) fn add_rule(&mut self, template: RuleTemplate) -> Answer<()> {
        check_table(template.table)?;
        check_rule_template(&template)?;
        self.may_record("add-rule")?;
        if let Some(source) = template.refers_to() {
            self.check_assigned("add-rule", source)?;
            self.record(Recorded::AddRules(template));
            return Ok(());
        }
        for rule in template.rules(|_| Assigned::default()) {
            self.record(Recorded::Operation(AddRule::of(rule).into()));
        }
        Ok(())
    }

    pub(super) fn add_neighbour(
        &mut self,
        link: PodLinkHandle,
        address: IpAddr,
        mac: Vec<u8>,
    ) -> Answer<()> {
        check_hardware_address(&mac)?;
        let operation = AddNeighbour {
            link: link.number,
            address,
            mac,
        };
        self.add("add-neighbour", Operation::AddNeighbour(operation))
    }
}

/// A route that refers to no addresses, checked.
///
/// # Errors
///
/// A refusal when it refers to some, or is none.
pub fn plain_route(template: &RouteTemplate) -> Result<Route, Refusal> {
    template.table.map_or(Ok(()), check_table)?;
    check_route_template(template)?;
    let mut routes = match template.refers_to().as_slice() {
        [] => template.routes(|_| Assigned::default()),
        _ => Vec::new(),
    };
    routes.pop().ok_or_else(|| {
        Refusal::invalid(format!(
            "route {template} refers to addresses that are not known here"
        ))
    })
}
