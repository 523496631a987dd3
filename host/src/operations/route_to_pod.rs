//! Leads the node to a pod that has no address of the cluster's own network: by a route to each of its addresses, in a table
//! that is looked up before all others. The rule for that table is one for all pods of a node.

use std::net::IpAddr;
use std::time::Duration;

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
use crate::state::{self, Missing};

/// How long another pod's change of the rule may take: some messages to the kernel.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteToPod {
    /// The host's end of the pair.
    pub host_name: String,
    /// Each address of the pod, and the node's address by which it is asked.
    pub addresses: Vec<(IpAddr, IpAddr)>,
    /// The table.
    pub table: u32,
    /// The priority of the rule.
    pub priority: u32,
}

impl RouteToPod {
    fn routes(&self) -> impl Iterator<Item = Route> {
        let addresses = self.addresses.iter();
        addresses.map(|(pod, node)| Route::on_link(*pod, *node).in_table(self.table))
    }

    /// One for each family that the pod has.
    fn rules(&self) -> Vec<Rule> {
        [false, true]
            .into_iter()
            .filter(|is_ipv6| {
                self.addresses
                    .iter()
                    .any(|(pod, _)| pod.is_ipv6() == *is_ipv6)
            })
            .map(|is_ipv6| Rule::of_all(is_ipv6, None, self.table, self.priority))
            .collect()
    }

    fn index(&self, machine: &Machine<'_>) -> Result<Option<u32>> {
        let link = machine.node.kernel.host.link_by_name(&self.host_name)?;
        Ok(link.map(|link| link.index))
    }
}

impl Reversible for RouteToPod {
    fn check_record(&self) -> Checked {
        check_link_name(&self.host_name)
    }

    fn describe(&self) -> String {
        let addresses: Vec<_> = self
            .addresses
            .iter()
            .map(|(pod, _)| pod.to_string())
            .collect();
        format!(
            "lead the node to {} by {}, in table {}",
            addresses.join(", "),
            self.host_name,
            self.table
        )
    }

    /// The routes end with the pair, the rule does not.
    fn lifetime(&self) -> Lifetime {
        Lifetime::Boot
    }

    fn prepare(&mut self, _machine: &Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let host = &machine.node.kernel.host;
        let place = "the host";
        let index = host.require_link(&self.host_name, place)?.index;
        // Or the last other pod that goes would take the rule along before the route is there.
        let lock = machine.node.state.rule_lock();
        let _lock = state::lock(&lock, Missing::Create, PATIENCE)?;
        for rule in self.rules() {
            host.add_rule(&rule)?;
        }
        for route in self.routes() {
            host.add_route(index, &route)?;
        }
        Ok(())
    }

    /// The rule goes with the last route of its table.
    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let host = &machine.node.kernel.host;
        let lock = machine.node.state.rule_lock();
        let _lock = state::lock(&lock, Missing::Create, PATIENCE)?;
        if let Some(index) = self.index(machine)? {
            for route in self.routes() {
                host.delete_route(index, &route)?;
            }
        }
        let left = host.routes()?;
        for rule in self.rules() {
            let is_used = left.iter().any(|(_, route)| {
                route.table == Some(self.table) && route.destination.is_ipv6() == rule.is_ipv6
            });
            if !is_used {
                host.delete_rule(&rule)?;
            }
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let host = &machine.node.kernel.host;
        let rules = host.rules()?;
        if let Some(lost) = self.rules().iter().find(|rule| !is_there(rule, &rules)) {
            return Err(difference(format!(
                "the node has lost its rule {lost}, which leads it to the pod"
            )));
        }
        let index = self.index(machine)?;
        let present = host.routes()?;
        for route in self.routes() {
            let is_it = |(at, found): &(u32, Route)| {
                Some(*at) == index
                    && found.destination == route.destination
                    && found.table == route.table
            };
            if !present.iter().any(is_it) {
                return Err(difference(format!(
                    "the node has lost its route {route} by {}, which leads it to the pod",
                    self.host_name
                )));
            }
        }
        Ok(())
    }
}
