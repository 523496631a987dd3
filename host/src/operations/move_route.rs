//! Moves a route of an earlier plugin's interface from the pod's main table into another one.

use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::route::Route;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoveRoute {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// The route as the main table has it.
    pub route: Route,
    /// The table that it moves to.
    pub table: u32,
    /// Whether the main table had it: else it is not given back.
    pub was_there: bool,
}

impl MoveRoute {
    /// The operation before it is performed.
    pub fn to(table: u32, link: LinkNumber, route: Route) -> Self {
        Self {
            link,
            route,
            table,
            was_there: false,
        }
    }

    fn moved(&self) -> Route {
        self.route.clone().in_table(self.table)
    }
}

impl Reversible for MoveRoute {
    fn check_record(&self) -> Checked {
        Ok(())
    }

    fn describe(&self) -> String {
        format!("move route {} to table {}", self.route, self.table)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        let index = machine.link_index(self.link)?;
        let present = machine.pod.socket()?.routes_by(index)?;
        self.was_there = present.contains(&self.route);
        Ok(())
    }

    /// There before it is gone: nothing of the pod is without a way in between.
    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let index = machine.link_index(self.link)?;
        let pod = machine.pod.socket()?;
        pod.add_route(index, &self.moved())?;
        if self.was_there {
            pod.delete_route(index, &self.route)?;
        }
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        if let Some(link) = machine.find_link(self.link)? {
            if self.was_there {
                pod.add_route(link.index, &self.route)?;
            }
            pod.delete_route(link.index, &self.moved())?;
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let index = machine.link_index(self.link)?;
        let moved = self.moved();
        if machine.pod.has_route(index, &moved)? {
            return Ok(());
        }
        Err(difference(format!(
            "the pod has lost its route {moved} by interface {}",
            machine.link_name(self.link)
        )))
    }
}
