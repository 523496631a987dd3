//! The node's clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plumb::kernel::clock;
use plumb::operations::Records;
use plumb_values::Utc;

use super::finding::Finding;
use super::node::Node;

/// How much earlier than a record the clock may be, in milliseconds: it is corrected by little at a time.
const TOLERANCE: u64 = 60_000;

/// Whether something keeps it, and whether it has gone back since a pod was attached.
pub fn look(node: &Node) -> Vec<Finding> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let now = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let records = Records::new(&node.state);
    let attachments = records.list(None).unwrap_or_default();
    let read = attachments
        .iter()
        .filter_map(|attachment| records.read(attachment).ok()?);
    let latest = read.map(|record| record.header.since).max();
    let text = |milliseconds| Utc(Duration::from_millis(milliseconds));
    let remedy =
        "let chrony or systemd-timesyncd set it: a token and a lease are compared with the clock";
    if let Some(latest) = latest.filter(|latest| *latest > now.saturating_add(TOLERANCE)) {
        let says = format!(
            "it says {:.0}, and a pod was attached at {:.0}",
            text(now),
            text(latest)
        );
        return vec![Finding::wrong("clock", says, remedy)];
    }
    vec![match clock::is_synchronised() {
        Some(true) => Finding::ok("clock", format!("{:.0}, kept by a better one", text(now))),
        Some(false) => Finding::warn(
            "clock",
            format!("{:.0}, and nothing keeps it right", text(now)),
            remedy,
        ),
        None => Finding::ok("clock", format!("{:.0}", text(now))),
    }]
}
