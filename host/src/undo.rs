//! Backward: undoes what a record says, newest first.
//!
//! It keeps going when a step fails, because a runtime may not ask a second time, and it
//! acts only on what the record proves to be ours.

use std::time::Instant;

use crate::journal::{State, Step};
use crate::machine::Machine;
use crate::operations::{Journal, Lifetime, Operation, Records, Reversible};
use crate::watch::Moment;
use crate::{Code, Error, Result};

/// Undoes all steps of the journal and removes it. Steps that failed stay in it, and
/// the error names each of them.
pub fn undo(mut journal: Journal, machine: &mut Machine<'_>) -> Result<()> {
    let steps = match journal.record() {
        Some(record) => record.steps.clone(),
        None => Vec::new(),
    };
    let names = steps.iter().filter_map(|step| step.operation.makes_link());
    machine.outcome.name(names);
    let (trace, watcher) = (machine.node.trace, machine.node.watcher);
    let mut failures: Vec<Error> = Vec::new();
    for (number, step) in steps.iter().enumerate().rev() {
        let operation = &step.operation;
        if has_ended(operation, &steps, machine) {
            continue;
        }
        watcher.at(Moment::Intended, number)?;
        let begin = Instant::now();
        let outcome = operation.undo(machine);
        trace.operation(
            format_args!("undo: {}", operation.describe()),
            begin.elapsed(),
            &outcome,
        );
        watcher.at(Moment::Performed, number)?;
        match outcome {
            Ok(()) => journal.note(number, State::Undone),
            Err(error) => {
                journal.note(number, State::Stuck(error.to_string()));
                failures.push(error);
            }
        }
        watcher.at(Moment::Recorded, number)?;
    }
    if failures.is_empty() {
        return Ok(journal.remove(&Records::new(&machine.node.state))?);
    }
    Err(combine(&failures, journal.path()))
}

/// Whether the effect of an operation is gone by something else than its undo.
fn has_ended(operation: &Operation, steps: &[Step<Operation>], machine: &Machine<'_>) -> bool {
    let netns_is_gone = machine.pod.netns.is_none();
    match operation.lifetime() {
        Lifetime::PodLink => {
            netns_is_gone
                || steps
                    .iter()
                    .any(|step| step.operation.makes_link().is_some())
        }
        Lifetime::Netns => netns_is_gone,
        Lifetime::Function => true,
        Lifetime::Boot => machine.pod.is_of_earlier_boot,
        Lifetime::Unbounded => false,
    }
}

/// All failures in one error.
fn combine(failures: &[Error], path: &std::path::Path) -> Error {
    let code = failures.first().map_or(Code::INTERNAL, |error| error.code);
    let messages: Vec<_> = failures.iter().map(Error::to_string).collect();
    Error::new(code, messages.join("; also: ")).with_details(format!(
        "everything else was undone; the record {} says which steps are stuck",
        path.display()
    ))
}
