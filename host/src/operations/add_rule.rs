//! Adds a routing rule in the pod.

use plumb_values::Family;
use plumb_values::arguments::check_rule_selectors;
use serde::{Deserialize, Serialize};

use super::{Lifetime, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::rule::{ListedRule, Rule};
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
    /// The operation before it is performed.
    pub fn of(rule: Rule) -> Self {
        Self {
            rule,
            existed: false,
        }
    }
}

impl Reversible for AddRule {
    fn check_record(&self) -> Checked {
        let family = match self.rule.is_ipv6() {
            true => Family::Ipv6,
            false => Family::Ipv4,
        };
        check_rule_selectors(family, &self.rule.selectors)
    }

    fn describe(&self) -> String {
        format!("add rule {}", self.rule)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Netns
    }

    /// The priority is chosen here, as the kernel would choose it: it is in the record before
    /// the rule is in the kernel, and distinguishes ours from another one like it.
    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        self.existed = is_there(&self.rule, &pod.rules()?);
        if !self.existed && self.rule.priority.is_none() {
            self.rule.priority = Some(pod.next_rule_priority(self.rule.is_ipv6())?);
        }
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        if !self.existed {
            self.existed = !machine.pod.socket()?.add_rule(&self.rule)?;
        }
        Ok(())
    }

    /// A record of an earlier release may have no priority: then nothing proves which of the
    /// rules like it is ours, and it ends with the namespace.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        if !self.existed && self.rule.priority.is_some() {
            machine.pod.socket()?.delete_rule(&self.rule)?;
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        if is_there(&self.rule, &machine.pod.socket()?.rules()?) {
            return Ok(());
        }
        Err(difference(format!(
            "the pod has lost its rule {}",
            self.rule
        )))
    }
}

/// Whether a rule is among those of the pod, under whatever priority where it has none.
pub(super) fn is_there(rule: &Rule, listed: &[ListedRule]) -> bool {
    listed.iter().any(|listed| {
        listed.is_whole
            && listed.rule.is_like(rule)
            && (rule.priority.is_none() || listed.rule.priority == rule.priority)
    })
}
