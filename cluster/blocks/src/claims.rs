//! The claims of one node.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::state::State;
use crate::{Agent, Api, Store};

/// How long an address that was taken for somebody counts as his before he has claimed it.
pub(crate) const PROMISE: Duration = Duration::from_secs(1);
/// How long an idle block of one address stays.
pub(crate) const IDLE_ONE: Duration = Duration::from_secs(300);
/// How long a larger idle block stays.
pub(crate) const IDLE_LARGER: Duration = Duration::from_secs(3600);
/// How long an idle block stays where its pool is nearly full.
pub(crate) const IDLE_SCARCE: Duration = Duration::from_secs(5);
/// How long a pod waits for the node that has its kept address.
pub(crate) const WAIT_FOR_KEPT: Duration = Duration::from_secs(30);
/// How long others are given to bring back what the API server has lost: all of them look within this time.
pub(crate) const WARY_FOR: Duration = Duration::from_secs(420);
/// How long a pod waits for others to give back idle blocks.
pub(crate) const WAIT_FOR_OTHERS: Duration = Duration::from_secs(2);
/// When the API server is looked at again after a conflict.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The claims of one node. All may be called at the same time, and each future may be dropped at any moment. Of one node,
/// one lives at a time.
#[derive(Debug)]
pub struct Blocks<A, S, G> {
    pub(crate) api: A,
    pub(crate) store: S,
    pub(crate) agent: G,
    state: Mutex<State>,
}

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// How often [`Blocks::reconcile`] is due.
    pub const RECONCILE_EVERY: Duration = Duration::from_secs(300);
    /// How often [`Blocks::tick`] is due.
    pub const TICK_EVERY: Duration = Duration::from_secs(5);

    /// The claims of the node that `agent` names. [`Blocks::reconcile`] is due before anything else.
    #[must_use]
    pub fn new(api: A, store: S, agent: G) -> Self {
        Self {
            api,
            store,
            agent,
            state: Mutex::default(),
        }
    }

    /// What is remembered; never kept over an `await`.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn mutex(&self) -> &Mutex<State> {
        &self.state
    }

    /// Whether a block's object says that this node may use it.
    pub(crate) fn is_own(&self, block: &plumb_resources::IPBlockSpec) -> bool {
        block.node == self.agent.node()
    }
}
