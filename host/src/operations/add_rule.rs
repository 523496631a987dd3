//! Adds a routing rule in the pod.

use serde::{Deserialize, Serialize};

use super::{Lifetime, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::kernel::rule::Rule;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddRule {
    /// The rule.
    pub rule: Rule,
    /// Whether the very same was there already, so that it is not ours to remove.
    pub existed: bool,
}

impl AddRule {
    /// The kernel chooses a priority where none was asked for.
    fn is_ours(&self, found: &Rule) -> bool {
        found.source == self.rule.source
            && found.destination == self.rule.destination
            && found.table == self.rule.table
            && (self.rule.priority.is_none() || found.priority == self.rule.priority)
    }
}

impl Reversible for AddRule {
    fn describe(&self) -> String {
        format!("add rule {}", self.rule)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Netns
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let rules = machine.pod.socket()?.rules()?;
        self.existed = rules.iter().any(|rule| self.is_ours(rule));
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        if !self.existed {
            machine.pod.socket()?.add_rule(&self.rule)?;
        }
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        if !self.existed {
            machine.pod.socket()?.delete_rule(&self.rule)?;
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let rules = machine.pod.socket()?.rules()?;
        if rules.iter().any(|rule| self.is_ours(rule)) {
            return Ok(());
        }
        Err(difference(format!(
            "the pod has lost its rule {}",
            self.rule
        )))
    }
}
