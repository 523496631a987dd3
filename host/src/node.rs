//! The node that a call works on: the same for every attachment of it.

use std::rc::Rc;

use crate::agent::Agent;
use crate::kernel::Kernel;
use crate::leases::Leases;
use crate::state::StateFolder;
use crate::trace::Trace;
use crate::watch::Watcher;

/// What every verb needs of the node.
pub struct Node<'a> {
    /// Its side of the kernel.
    pub kernel: Rc<Kernel>,
    /// What plumb knows of it between two calls.
    pub state: StateFolder,
    /// Who holds which address. Opened when it is first asked.
    pub leases: &'a dyn Leases,
    /// Whoever knows of the cluster.
    pub agent: Agent,
    /// Lines about what happens.
    pub trace: &'a Trace,
    /// Who may look on between the steps.
    pub watcher: &'a dyn Watcher,
}
