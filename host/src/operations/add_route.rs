//! Adds a route by the pod's interface.

use plumb_values::Family;
use plumb_values::arguments::check_next_hops;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::Result;
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::route::Route;
use crate::machine::Machine;

/// What is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddRoute {
    /// The interface, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// The route.
    pub route: Route,
    /// Whether the very same was there already, so that it is not ours to remove.
    pub existed: bool,
}

impl AddRoute {
    /// The operation before it is performed.
    pub fn by(link: LinkNumber, route: Route) -> Self {
        Self {
            link,
            route,
            existed: false,
        }
    }
}

impl Reversible for AddRoute {
    fn check_record(&self) -> Checked {
        let Route {
            gateway,
            next_hops,
            on_link,
            ..
        } = &self.route;
        let family = Family::of(self.route.destination.ip());
        check_next_hops(family, *gateway, next_hops, *on_link)
    }

    fn describe(&self) -> String {
        format!("add route {}", self.route)
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::PodLink
    }

    /// What is there already is in the record before a kill can leave it in doubt. No route leads by an interface that was
    /// just made.
    fn prepare(&mut self, machine: &Machine<'_>) -> Result<()> {
        if !machine.has_made(self.link) {
            let index = machine.link_index(self.link)?;
            self.existed = machine.pod.socket()?.has_route(index, &self.route)?;
        }
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        if !self.existed {
            let index = machine.link_index(self.link)?;
            self.existed = !machine.pod.socket()?.add_route(index, &self.route)?;
        }
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let pod = machine.pod.socket()?;
        if let Some(link) = machine.find_link(self.link)?.filter(|_| !self.existed) {
            pod.delete_route(link.index, &self.route)?;
        }
        Ok(())
    }

    /// Of the main table's routes only those must be there that the result of the chain still lists: Multus moves the
    /// default route between a pod's interfaces and rewrites the result. Nobody else works on a table of its own.
    fn verify(&self, machine: &mut Machine<'_>, expected: &Previous) -> Result<()> {
        // One that says a table was moved there, by the coordinator of its chain.
        let is_listed = |other: &Route| {
            other.destination == self.route.destination
                && other.gateway == self.route.gateway
                && !other.has_own_table()
        };
        let is_expected = self.route.has_own_table() || expected.routes.iter().any(is_listed);
        let index = machine.link_index(self.link)?;
        if !is_expected || machine.pod.has_route(index, &self.route)? {
            return Ok(());
        }
        Err(difference(format!(
            "the pod has lost its route {} by interface {}",
            self.route,
            machine.link_name(self.link)
        )))
    }
}
