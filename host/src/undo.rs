//! Backward: undoes what a record says, newest first.
//!
//! It keeps going when a step fails, because a runtime may not ask a second time, and it
//! acts only on what the record proves to be ours.

use std::time::Instant;

use crate::journal::{Folder, Journal, State};
use crate::machine::Machine;
use crate::operations::{Lifetime, Reversible};
use crate::watch::{Moment, Watcher};
use crate::{Code, Error, Result};

/// Undoes all steps of the journal and removes it. Steps that failed stay in it, and
/// the error names each of them.
pub fn undo(
    mut journal: Journal,
    folder: &Folder,
    machine: &mut Machine<'_>,
    watcher: &mut dyn Watcher,
) -> Result<()> {
    let steps = match journal.record() {
        Some(record) => record.steps.clone(),
        None => Vec::new(),
    };
    let kernel_state_is_gone = machine.netns.is_none();
    let removes_pod_link = steps.iter().any(|step| step.operation.makes_pod_link());
    let mut failures: Vec<Error> = Vec::new();
    for (number, step) in steps.iter().enumerate().rev() {
        let operation = &step.operation;
        let ended = match operation.lifetime() {
            Lifetime::PodLink => kernel_state_is_gone || removes_pod_link,
            Lifetime::Netns => kernel_state_is_gone,
            Lifetime::Function => true,
            Lifetime::Boot => machine.rebooted,
            Lifetime::Unbounded => false,
        };
        if ended {
            continue;
        }
        watcher.at(Moment::Intended, number)?;
        let begin = Instant::now();
        let outcome = operation.undo(machine);
        machine.trace.operation(
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
        return Ok(journal.remove(folder)?);
    }
    Err(combine(failures, journal.path()))
}

/// All failures in one error. containerd takes a DEL error with the words "not found"
/// for success and would leave the rest behind, so they do not occur.
fn combine(failures: Vec<Error>, path: &std::path::Path) -> Error {
    let code = failures.first().map_or(Code::INTERNAL, |error| error.code);
    let messages: Vec<_> = failures.iter().map(Error::to_string).collect();
    let text = messages.join("; also: ");
    Error::new(code, replace_words(&text)).with_details(format!(
        "everything else was undone; the record {} says which steps are stuck",
        path.display()
    ))
}

fn replace_words(text: &str) -> String {
    let mut replaced = text.to_owned();
    while let Some(start) = replaced.to_ascii_lowercase().find("not found") {
        replaced.replace_range(start..start + "not found".len(), "missing");
    }
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_that_containerd_takes_for_success_do_not_occur() {
        let failures = vec![
            Error::new(Code::KERNEL, "device Not Found"),
            Error::new(Code::STATE, "file not found"),
        ];
        let text = combine(failures, "/run/plumb/x".as_ref()).to_string();
        assert!(!text.to_lowercase().contains("not found"), "{text}");
        assert!(
            text.contains("device missing; also: file missing"),
            "{text}"
        );
    }
}
