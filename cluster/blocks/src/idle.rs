//! Giving back what nothing is leased of.

use std::time::Duration;

use futures::StreamExt as _;

use crate::api::store_space;
use crate::arithmetic::{Names, block_range};
use crate::claims::{IDLE_LARGER, IDLE_ONE, IDLE_SCARCE};
use crate::create::share;
use crate::{Agent, Api, Blocks, Failure, Store, Stored};

/// How many blocks are given back at the same time.
const AT_ONCE: usize = 8;

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// Gives back what has been idle for long, and hands on addresses that are kept for pods that have ended here. Due
    /// every [`Blocks::TICK_EVERY`].
    pub async fn tick(&self) {
        let now = self.agent.now();
        let look_again = self.state().look_again.is_some_and(|at| at <= now);
        if look_again && self.reconcile().await.is_err() {
            // Without the API server nothing can be given back.
            return;
        }
        let unsure: Vec<String> = self.state().unsure.iter().cloned().collect();
        for name in unsure {
            if let Some(busy) = self.begin(&name)
                && self.settle(&busy).await.is_err()
            {
                return;
            }
        }
        self.look_at_all(|_| true, false).await;
    }

    /// Gives back what is idle in a pool, because somebody finds nothing free in it: `status.pressure` of its `PoolState`
    /// has changed.
    pub async fn pressure(&self, pool: &str) {
        let pools = self.agent.pools();
        let Some(pool) = pools.iter().find(|one| one.name == pool) else {
            return;
        };
        let in_pool = |stored: &Stored| {
            store_space(&stored.block.space) == pool.space && share(&pool.ranges, stored) > 0
        };
        self.look_at_all(in_pool, true).await;
    }

    async fn look_at_all(&self, which: impl Fn(&Stored) -> bool, at_once: bool) {
        let names: Vec<String> = {
            let state = self.state();
            let own = state.own.iter().filter(|(_, own)| which(&own.stored));
            own.map(|(name, _)| name.clone()).collect()
        };
        futures::stream::iter(names)
            .for_each_concurrent(AT_ONCE, |name| async move {
                if let Err(failure) = self.look_at(&name, at_once).await {
                    self.agent
                        .note(&format!("giving back the block {name}: {failure}"));
                }
            })
            .await;
    }

    async fn look_at(&self, name: &str, at_once: bool) -> Result<(), Failure> {
        let Some(busy) = self.begin(name) else {
            return Ok(());
        };
        let known = self.state().own(name);
        let Some(stored) = known else { return Ok(()) };
        let block = &stored.block;
        let space = store_space(&block.space);
        let whole = block_range(block.first, block.size);
        let leases = self.store.leases(space, whole)?;
        let now = self.agent.now();
        if !leases.is_empty() || self.state().is_promised(space, whole, now) {
            self.state().idle.remove(name);
            return self.bind(&busy, &stored, &leases).await;
        }
        let since = *self.state().idle.entry(name.to_owned()).or_insert(now);
        if self.is_ending(&stored) {
            return self.give_up(&busy, &stored).await;
        }
        if block.released {
            return Ok(());
        }
        if !block.bindings.is_empty() {
            return self.release(&busy, &stored).await;
        }
        let limit = if at_once || (self.wary().is_some() && !self.is_held(block)?) {
            Duration::ZERO
        } else if self.is_scarce(&stored) {
            IDLE_SCARCE
        } else if block.size == 1 {
            IDLE_ONE
        } else {
            IDLE_LARGER
        };
        if now.saturating_sub(since) < limit {
            return Ok(());
        }
        self.give_up(&busy, &stored).await
    }

    /// Whether the pool that the block was claimed for is being deleted, which waits for its blocks.
    fn is_ending(&self, stored: &Stored) -> bool {
        let pools = self.agent.pools();
        let mut own = pools.iter().filter(|pool| pool.name == stored.block.pool);
        own.any(|pool| pool.is_ending)
    }

    /// Whether fewer than two names of the block's pool, or 5 % of them, looked free when they were last listed.
    fn is_scarce(&self, stored: &Stored) -> bool {
        let pools = self.agent.pools();
        let Some(pool) = pools.iter().find(|pool| pool.name == stored.block.pool) else {
            return false;
        };
        let names = Names::new(&pool.ranges, stored.block.size).count();
        let state = self.state();
        let Some((_, listed)) = state.lists.get(&pool.name) else {
            return false;
        };
        let taken = listed
            .iter()
            .filter(|one| share(&pool.ranges, one) > 0)
            .count();
        let free = names.saturating_sub(u128::try_from(taken).unwrap_or(u128::MAX));
        free < (names / 20).max(2)
    }
}
