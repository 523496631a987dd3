//! Keeps what has the address of the pod's primary interface as its source on that interface, whatever rails the pod
//! has: by a table and rules, once for a pod, until its last rail goes.

use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::add_rule::is_there;
use super::{Lifetime, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::route::Route;
use crate::kernel::rule::Rule;
use crate::machine::Machine;

/// The priority of the rules of rails: behind it come the rules of the main table and of the default one. All have the
/// same, so that the order in which interfaces come makes no difference.
pub const RULE_PRIORITY: u32 = 32_765;

/// The priority of the primary interface's rules, by which they are told from those of rails.
pub const PRIMARY_RULE_PRIORITY: u32 = 32_764;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoutePrimary {
    /// The primary interface: another plugin's.
    pub interface: String,
    /// The table.
    pub table: u32,
    /// The routes of the main table by it, as they are in its own, in the order in which the kernel takes them.
    pub routes: Vec<Route>,
    /// One for each of its addresses.
    pub rules: Vec<Rule>,
}

impl RoutePrimary {
    fn index(&self, machine: &Machine<'_>) -> Result<Option<u32>> {
        let link = machine.pod.socket()?.link_by_name(&self.interface)?;
        Ok(link.map(|link| link.index))
    }
}

impl Reversible for RoutePrimary {
    fn check_record(&self) -> Checked {
        check_link_name(&self.interface)
    }

    fn describe(&self) -> String {
        format!(
            "keep what comes from {} on it, by table {}",
            self.interface, self.table
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Netns
    }

    fn prepare(&mut self, _machine: &Machine<'_>) -> Result<()> {
        Ok(())
    }

    /// What an earlier rail of the pod has done is there already.
    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        let Some(index) = self.index(machine)? else {
            return Ok(());
        };
        for route in &self.routes {
            pod.add_route(index, route)?;
        }
        for rule in &self.rules {
            pod.add_rule(rule)?;
        }
        Ok(())
    }

    /// The rails that are left need it still: the rules of those that the pod has say which these are, with no need to
    /// read the records of all.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        let rules = pod.rules()?;
        if rules
            .iter()
            .any(|listed| listed.rule.priority == Some(RULE_PRIORITY))
        {
            return Ok(());
        }
        for rule in &self.rules {
            pod.delete_rule(rule)?;
        }
        if let Some(index) = self.index(machine)? {
            for route in self.routes.iter().rev() {
                pod.delete_route(index, route)?;
            }
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let rules = machine.pod.socket()?.rules()?;
        if let Some(lost) = self.rules.iter().find(|rule| !is_there(rule, &rules)) {
            return Err(difference(format!(
                "the pod has lost its rule {lost}, by which answers of {} leave by it",
                self.interface
            )));
        }
        let index = self.index(machine)?;
        for route in &self.routes {
            let is_there = index.map(|index| machine.pod.has_route(index, route));
            if !is_there.transpose()?.unwrap_or(false) {
                return Err(difference(format!(
                    "the pod has lost its route {route} by interface {}",
                    self.interface
                )));
            }
        }
        Ok(())
    }
}
