//! The records of attachments.

use plumb::functions::Holds;
use plumb::journal::State;
use plumb::operations::{Record, Records};

use super::finding::Finding;
use super::node::Node;
use crate::attachments::condition;

/// Those that are damaged, stuck, or of pods that are gone; functions that wait to be restored.
pub fn look(node: &Node) -> Vec<Finding> {
    let records = Records::new(&node.state);
    let attachments = match records.list(None) {
        Ok(attachments) => attachments,
        Err(error) => return vec![Finding::unseen(node.state.attachments().display(), error)],
    };
    let mut findings = Vec::new();
    let (mut sound, mut gone) = (0_usize, Vec::new());
    for attachment in &attachments {
        match records.read(attachment) {
            Ok(Some(record)) => match condition(&record) {
                "stuck" => findings.push(stuck(&record)),
                "pod gone" => gone.push(attachment.to_string()),
                _ => sound += 1,
            },
            Ok(None) => {}
            Err(reason) => findings.push(Finding::wrong(
                records.path(attachment).display(),
                format!("cannot be read: {reason}"),
                "the pod's DEL sets it aside; compare `plumbctl functions` with what pods have",
            )),
        }
    }
    if let Some(first) = gone.first() {
        findings.push(Finding::warn(
            node.state.attachments().display(),
            format!(
                "{} of them are of pods that are gone, such as {first}",
                gone.len()
            ),
            "the next GC of the runtime removes them, or an ADD that needs what they hold",
        ));
    }
    findings.extend(waiting(node, &records));
    if findings.is_empty() {
        let says = format!("none of {sound} is stuck");
        findings.push(Finding::ok(node.state.attachments().display(), says));
    }
    findings
}

fn stuck(record: &Record) -> Finding {
    let reasons = record.steps.iter().filter_map(|step| match &step.state {
        State::Stuck(reason) => Some(reason.as_str()),
        _ => None,
    });
    let reasons: Vec<_> = reasons.collect();
    Finding::wrong(
        &record.header.attachment,
        format!("its undo is stuck: {}", reasons.join("; ")),
        "mend that: the runtime's next DEL or GC tries again (`plumbctl attachments --verbose` shows each step)",
    )
}

/// Functions that nobody is attached to, and that are not as they were.
fn waiting(node: &Node, records: &Records) -> Vec<Finding> {
    let held = match Holds::new(&node.state).list() {
        Ok(held) => held,
        Err(error) => return vec![Finding::unseen(node.state.functions().display(), error)],
    };
    held.iter()
        .filter(|(_, hold)| matches!(records.has(&hold.owner), Ok(false)))
        .map(|(address, hold)| {
            Finding::warn(
                format!("PCI function {address}"),
                format!("{} has ended, and the function is not yet as it was", hold.owner),
                "the next pod that gets it restores it first; `plumbctl functions` shows what it was like",
            )
        })
        .collect()
}
