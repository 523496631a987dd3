//! The leak oracle: everything that a plugin could leave on a node, as a set of lines.

mod files;
mod network;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use crate::{Node, wait};

/// A killed process, and a namespace that only it held, take a moment to go.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a node looked like at one moment.
pub struct Oracle<'node> {
    node: &'node Node,
    before: BTreeSet<String>,
}

impl<'node> Oracle<'node> {
    /// Looks at everything and remembers it.
    #[track_caller]
    pub fn new(node: &'node Node) -> Self {
        Self {
            node,
            before: look(node),
        }
    }

    /// Looks again.
    ///
    /// # Panics
    ///
    /// With the difference, when there is one.
    #[track_caller]
    pub fn assert_unchanged(&self) {
        let difference = self.settled_difference();
        assert!(
            difference.is_empty(),
            "the node is not as it was before:\n{difference}"
        );
    }

    /// As [`Self::difference`], after some patience: the kernel takes a namespace apart
    /// when nobody waits for it.
    #[track_caller]
    pub fn settled_difference(&self) -> String {
        self.settled_difference_in(|_| true)
    }

    /// As [`Self::settled_difference`], of the lines that count: where something is meant to
    /// be gone, nobody waits for it to come back.
    #[track_caller]
    pub fn settled_difference_in(&self, counts: impl Fn(&str) -> bool) -> String {
        wait::settled(PATIENCE, || {
            let difference = self.difference();
            let lines = difference.lines().filter(|line| counts(line));
            lines.map(|line| format!("{line}\n")).collect()
        })
    }

    /// What has come and what has gone, one on a line; empty when nothing changed.
    /// Lines of a pod that the test itself has removed do not count.
    #[track_caller]
    pub fn difference(&self) -> String {
        let after = look(self.node);
        let pods = network::pods();
        let mut text = String::new();
        for line in after.difference(&self.before) {
            let _ = writeln!(text, "  left behind: {line}");
        }
        for line in self.before.difference(&after) {
            if network::is_of_existing_namespace(line, &pods) {
                let _ = writeln!(text, "  missing: {line}");
            }
        }
        text
    }
}

#[track_caller]
fn look(node: &Node) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    network::look(&mut lines);
    files::look(node.plugin(), &mut lines);
    lines.extend(node.plugin().kept.iter().flat_map(|kept| kept()));
    for (process, command) in node.processes() {
        lines.insert(format!("process {process} {command}"));
    }
    lines
}
