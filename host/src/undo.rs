//! Backward: undoes what a record says, newest first.
//!
//! It keeps going when a step fails, because a runtime may not ask a second time, and it
//! acts only on what the record proves to be ours.

use std::time::Instant;

use crate::journal::{State, Step};
use crate::machine::Machine;
use crate::operations::{Journal, Lifetime, LinkNumber, Operation, Records, Reversible};
use crate::watch::Moment;
use crate::{Code, Error, Result};

/// How an undo ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undone {
    /// Nothing is left.
    All,
    /// Something is in a namespace that somebody keeps, where no way leads to it. The record stays, and so do the
    /// addresses, until a later call finds it, or that the namespace has ended.
    Left,
}

/// Undoes all steps of the journal and removes it. Steps that failed stay in it, and
/// the error names each of them.
pub fn undo(mut journal: Journal, machine: &mut Machine<'_>) -> Result<Undone> {
    let steps = match journal.record() {
        Some(record) => {
            machine.has_waited = record.is_left();
            record.steps.clone()
        }
        None => Vec::new(),
    };
    machine.know_links(&steps)?;
    let (trace, watcher) = (machine.node.trace, machine.node.watcher);
    let mut failures: Vec<Error> = Vec::new();
    if machine.pod.is_kept {
        let links = steps.iter().filter_map(|step| step.operation.makes_link());
        let kept = links.map(|(_, name)| {
            format!(
                "its interface {name} is in a network namespace that somebody keeps and to which no path leads"
            )
        });
        machine.outcome.left.extend(kept);
    }
    for (number, step) in in_order(&steps) {
        let operation = &step.operation;
        if let Some(reason) = out_of_reach(operation, machine) {
            journal.note(number, State::Stuck(reason));
            continue;
        }
        if has_ended(operation, &steps, machine) {
            continue;
        }
        watcher.at(Moment::Intended, number)?;
        let begin = Instant::now();
        let left = machine.outcome.left.len();
        let outcome = operation.undo(machine);
        trace.operation(
            format_args!("undo: {}", operation.describe()),
            begin.elapsed(),
            &outcome,
        );
        watcher.at(Moment::Performed, number)?;
        match outcome {
            Ok(()) => match machine.outcome.left.get(left) {
                Some(reason) => journal.note(number, State::Stuck(reason.clone())),
                None => journal.note(number, State::Undone),
            },
            Err(error) => {
                journal.note(number, State::Stuck(error.to_string()));
                failures.push(error);
            }
        }
        watcher.at(Moment::Recorded, number)?;
    }
    if !failures.is_empty() {
        return Err(combine(&failures, journal.path()));
    }
    if machine.outcome.left.is_empty() {
        journal.remove(&Records::new(&machine.node.state))?;
        return Ok(Undone::All);
    }
    journal.end();
    trace.warning(format_args!(
        "{} is deleted, but {}: its record and its addresses stay until a GC, or an ADD that needs them, finds that they \
         can go",
        machine.pod.attachment,
        machine.outcome.left.join("; ")
    ));
    Ok(Undone::Left)
}

/// The steps with their numbers, newest first. The claims of addresses are the last: whether the interface is gone
/// that has them is known then. An IPAM plugin may need the interface for its own undo and keeps its place.
fn in_order(steps: &[Step<Operation>]) -> impl Iterator<Item = (usize, &Step<Operation>)> {
    let is_claim = |(_, step): &(usize, &Step<Operation>)| {
        matches!(step.operation, Operation::ClaimAddresses(_))
    };
    let newest_first = || steps.iter().enumerate().rev();
    let others = newest_first().filter(move |step| !is_claim(step));
    others.chain(newest_first().filter(is_claim))
}

/// Why an operation is left as it is for now: it has given addresses to an interface that cannot be reached, or is that
/// interface.
fn out_of_reach(operation: &Operation, machine: &Machine<'_>) -> Option<String> {
    let left = machine.outcome.left.first()?;
    let ends_with_netns = matches!(operation.lifetime(), Lifetime::Netns | Lifetime::Function);
    let is_link = machine.pod.is_kept && operation.makes_link().is_some() && ends_with_netns;
    (operation.gives_addresses() || is_link).then(|| left.clone())
}

/// Whether the effect of an operation is gone by something else than its undo.
fn has_ended(operation: &Operation, steps: &[Step<Operation>], machine: &Machine<'_>) -> bool {
    let netns_is_gone = machine.pod.netns.is_none();
    match operation.lifetime() {
        Lifetime::PodLink => {
            let requested = LinkNumber::default();
            let is_requested = |step: &Step<Operation>| {
                let made = step.operation.makes_link();
                made.is_some_and(|(link, _)| link == requested)
            };
            // Without it some of them may be about an interface of an earlier plugin, which stays.
            netns_is_gone || steps.iter().any(is_requested)
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
