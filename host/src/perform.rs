//! Forward: performs a plan, each operation journaled before it is done.

use std::time::Instant;

use crate::Result;
use crate::machine::Machine;
use crate::operations::{AddRoute, AddRule, Journal, Operation, Reversible};
use crate::plan::{Plan, Step};
use crate::watch::Moment;

mod assign_addresses;
mod carrier;
mod keep_apart;
mod prove_addresses;
mod prove_gateways;
mod unused_address;

/// Performs the plan up to its end or to the first failure. What was done until then is in
/// the journal.
pub fn perform(plan: &Plan, journal: &mut Journal, machine: &mut Machine<'_>) -> Result<()> {
    for step in &plan.steps {
        match step {
            Step::Operation(operation) => one(operation.clone(), journal, machine)?,
            Step::Assign(link, assigned) => {
                machine.outcome.interface(*link).assigned = assigned.clone();
            }
            Step::KeepApart(link, rail) => {
                for operation in keep_apart::operations(*link, rail, machine)? {
                    one(operation, journal, machine)?;
                }
            }
            Step::AssignAddresses(link, source) => {
                machine.outcome.sources.insert(*source, *link);
                for operation in assign_addresses::operations(*link, machine)? {
                    one(operation, journal, machine)?;
                }
            }
            Step::AddRoutes(link, template) => {
                for route in template.routes(|source| machine.outcome.assigned_from(source)) {
                    one(AddRoute::by(*link, route).into(), journal, machine)?;
                }
            }
            Step::AddRules(template) => {
                for rule in template.rules(|source| machine.outcome.assigned_from(source)) {
                    one(AddRule::of(rule).into(), journal, machine)?;
                }
            }
            Step::ProveAddresses(link, wire) => {
                prove_addresses::prove(*link, wire, journal, machine)?;
            }
            Step::AnnounceAddresses(link) => prove_addresses::announce(*link, machine),
            Step::ProveGateways(link, proof) => prove_gateways::prove(*link, proof, machine)?,
        }
    }
    Ok(())
}

fn one(mut operation: Operation, journal: &mut Journal, machine: &mut Machine<'_>) -> Result<()> {
    let (trace, watcher) = (machine.node.trace, machine.node.watcher);
    // What is drawn when it is prepared is nobody's.
    let chosen = operation.hardware_addresses();
    operation.prepare(machine)?;
    let number = journal.intend(&operation)?;
    watcher.at(Moment::Intended, number)?;
    let earlier = journal
        .record()
        .map_or(&[][..], |record| &record.steps[..number]);
    for address in &chosen {
        if !unused_address::is_given(earlier, address) {
            unused_address::require(&operation, address, machine)?;
        }
    }
    let begin = Instant::now();
    let outcome = operation.perform(machine);
    trace.operation(operation.describe(), begin.elapsed(), &outcome);
    outcome?;
    watcher.at(Moment::Performed, number)?;
    journal.done(number, &operation)?;
    watcher.at(Moment::Recorded, number)
}
