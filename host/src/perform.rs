//! Forward: performs a plan, each operation journaled before it is done.

use std::time::Instant;

use crate::Result;
use crate::journal::Journal;
use crate::kernel::sysctl;
use crate::machine::Machine;
use crate::operations::{AddAddress, AddRoute, Operation, Reversible, SetLinkSysctl, SetUp};
use crate::plan::{Plan, Step};
use crate::watch::{Moment, Watcher};

/// Performs the plan up to its end or to the first failure. What was done until then
/// stands in the journal.
pub fn perform(
    plan: Plan,
    journal: &mut Journal,
    machine: &mut Machine<'_>,
    watcher: &mut dyn Watcher,
) -> Result<()> {
    for step in plan.steps {
        match step {
            Step::Operation(operation) => one(operation, journal, machine, watcher)?,
            Step::Assign(assigned) => machine.assigned = assigned,
            Step::AssignAddresses => {
                for operation in address_operations(machine)? {
                    one(operation, journal, machine, watcher)?;
                }
            }
        }
    }
    Ok(())
}

fn one(
    mut operation: Operation,
    journal: &mut Journal,
    machine: &mut Machine<'_>,
    watcher: &mut dyn Watcher,
) -> Result<()> {
    operation.prepare(machine)?;
    let number = journal.intend(&operation)?;
    watcher.at(Moment::Intended, number)?;
    let begin = Instant::now();
    let outcome = operation.perform(machine);
    machine
        .trace
        .operation(operation.describe(), begin.elapsed(), &outcome);
    outcome?;
    watcher.at(Moment::Performed, number)?;
    journal.done(number, &operation)?;
    watcher.at(Moment::Recorded, number)
}

/// Addresses first, then up, then routes: the kernel announces the addresses when the
/// interface comes up (`arp_notify`, `ndisc_notify`), and takes a route only when its
/// next hop can be reached.
fn address_operations(machine: &Machine<'_>) -> Result<Vec<Operation>> {
    let assigned = &machine.assigned;
    let mut operations = Vec::new();
    if assigned
        .addresses
        .iter()
        .any(|address| address.address.is_ipv6())
    {
        let interface = &machine.attachment.interface_name;
        let disabled = sysctl::read(machine.netns()?, "ipv6", interface, "disable_ipv6")?;
        if disabled.as_deref() == Some("1") {
            operations.push(SetLinkSysctl::optional("ipv6", "disable_ipv6", "0"));
        }
        // Without it the addresses are lost when the link goes down for a moment.
        operations.push(SetLinkSysctl::optional("ipv6", "keep_addr_on_down", "1"));
    }
    let mut operations: Vec<_> = operations
        .into_iter()
        .map(Operation::SetLinkSysctl)
        .collect();
    operations.extend(assigned.addresses.iter().map(|assigned| {
        Operation::AddAddress(AddAddress {
            address: assigned.address,
        })
    }));
    operations.push(Operation::SetUp(SetUp::default()));
    operations.extend(assigned.routes.iter().map(|route| {
        Operation::AddRoute(AddRoute {
            route: route.clone(),
            existed: false,
        })
    }));
    Ok(operations)
}
