//! What the node holds and leases, compared with the API server.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::api::{api_space, store_space};
use crate::arithmetic::{Names, block_range, contains, intersections, without};
use crate::claims::LOOK_AGAIN;
use crate::hold::name_of;
use crate::state::{Busy, Own};
use crate::{Agent, Api, Blocks, Conflict, Failure, Listed, Pool, Range, Seen, Store, Stored};

/// What the lease store had before the API server was asked: each address of it lies in a block that was this node's
/// then.
#[derive(Debug)]
struct Before {
    /// Held runs, by space.
    held: Vec<(String, Range)>,
    /// Leased addresses of shared pools, by space.
    leased: Vec<(String, IpAddr)>,
}

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// Compares what the node holds and leases with the API server. Due at the start, after a time without the API server,
    /// and every [`Blocks::RECONCILE_EVERY`].
    ///
    /// # Errors
    ///
    /// The API server or the lease store did not answer; [`Blocks::tick`] tries again.
    pub async fn reconcile(&self) -> Result<(), Failure> {
        let outcome = self.compare().await;
        let conflicts: Vec<Conflict> = self.state().conflicts.values().cloned().collect();
        let again = outcome.is_err() || !conflicts.is_empty();
        self.state().look_again = again.then(|| self.agent.now() + LOOK_AGAIN);
        if outcome.is_ok() {
            self.agent.conflicts(&conflicts);
        }
        outcome
    }

    async fn compare(&self) -> Result<(), Failure> {
        let cluster = self.api.cluster().await?;
        let before = self.before()?;
        let seen = self.seen(cluster)?;
        let (noted, deleted) = {
            let state = self.state();
            (state.noted, state.deleted.clone())
        };
        let listed = self.api.blocks_of_node(self.agent.node()).await?;
        self.grows(seen, listed.resource_version);
        let mut uids = listed.blocks.iter().map(|stored| &stored.version.uid);
        if uids.any(|uid| deleted.contains(uid)) {
            self.be_wary("a block is back that this node has deleted");
        }
        self.remember_own(&listed, noted);
        let pools = self.concerned(&before, &listed);
        let mut outcome = Ok(());
        for pool in &pools {
            if let Err(failure) = self.ask_size(pool, false).await {
                outcome = Err(failure);
            }
        }
        for stored in &listed.blocks {
            if let Err(failure) = self.compare_own(stored).await {
                outcome = Err(failure);
            }
        }
        if let Err(failure) = self.compare_missing(&before, &listed, noted, &pools).await {
            outcome = Err(failure);
        }
        for pool in &pools {
            if Names::new(&pool.ranges, 1).count() <= 256 {
                self.list(pool, Duration::from_secs(60)).await?;
            }
        }
        outcome
    }

    fn before(&self) -> Result<Before, Failure> {
        let held = self.store.held()?;
        let mut leased = Vec::new();
        for pool in self.agent.pools() {
            for range in &pool.ranges {
                let leases = self.store.leases(&pool.space, *range)?;
                let addresses = leases.into_iter().map(|lease| lease.address);
                leased.extend(addresses.map(|address| (pool.space.clone(), address)));
            }
        }
        Ok(Before { held, leased })
    }

    /// Notes which cluster this is. Returns the largest resourceVersion that was seen of it.
    fn seen(&self, cluster: String) -> Result<u64, Failure> {
        let known = self.state().seen.clone();
        let known = match known {
            Some(known) => Some(known),
            None => self.store.seen()?,
        };
        let other = known.as_ref().is_some_and(|known| known.cluster != cluster);
        let resource_version = match known {
            Some(known) if !other => known.resource_version,
            _ => 0,
        };
        self.state().seen = Some(Seen {
            cluster,
            resource_version,
        });
        if other {
            self.be_wary("the namespace kube-system has another UID");
        }
        Ok(resource_version)
    }

    /// Remembers which blocks are this node's; what was noted since the list was asked for, as the number `noted` says, is
    /// newer.
    fn remember_own(&self, listed: &Listed, noted: u64) {
        let mut state = self.state();
        let mut own: BTreeMap<String, Own> = std::mem::take(&mut state.own);
        own.retain(|name, own| own.noted > noted || state.busy.contains(name));
        for stored in &listed.blocks {
            own.entry(stored.name()).or_insert_with(|| Own {
                stored: stored.clone(),
                noted,
            });
        }
        state.idle.retain(|name, _| own.contains_key(name));
        state.own = own;
        if let Some(seen) = &mut state.seen {
            seen.resource_version = seen.resource_version.max(listed.resource_version);
            let seen = seen.clone();
            drop(state);
            if let Err(error) = self.store.set_seen(&seen) {
                self.agent
                    .note(&format!("keeping what is known of the API server: {error}"));
            }
        }
    }

    /// The pools that have something of what is held, leased or listed.
    fn concerned(&self, before: &Before, listed: &Listed) -> Vec<Pool> {
        let mut pools = self.agent.pools();
        pools.retain(|pool| {
            let here = |space: &str, range: Range| {
                space == pool.space && !intersections(&[range], &pool.ranges).is_empty()
            };
            before.held.iter().any(|(space, range)| here(space, *range))
                || before
                    .leased
                    .iter()
                    .any(|(space, address)| here(space, (*address, *address)))
                || listed.blocks.iter().any(|stored| {
                    let block = &stored.block;
                    here(
                        store_space(&block.space),
                        block_range(block.first, block.size),
                    )
                })
        });
        pools
    }

    /// A block that is this node's: what is held of it is held wholly; what is leased and not held is claimed again and
    /// held. What is neither stays as it is: the next one who needs it claims it, or it is given up in time.
    async fn compare_own(&self, stored: &Stored) -> Result<(), Failure> {
        if stored.block.released {
            return Ok(());
        }
        let Some(busy) = self.begin(&stored.name()) else {
            return Ok(());
        };
        if self.is_held(&stored.block)? {
            self.hold_parts(&stored.block)?;
            return Ok(());
        }
        let block = &stored.block;
        let whole = block_range(block.first, block.size);
        let leases = self.store.leases(store_space(&block.space), whole)?;
        if leases.is_empty() {
            return Ok(());
        }
        self.claim(&busy, stored, block.bindings.clone()).await?;
        Ok(())
    }

    /// What is held or leased and lies in no block of this node.
    async fn compare_missing(
        &self,
        before: &Before,
        listed: &Listed,
        noted: u64,
        pools: &[Pool],
    ) -> Result<(), Failure> {
        let mut conflicts = BTreeMap::new();
        let mut outcome = Ok(());
        let covered = |space: &str| -> Vec<Range> {
            let own = listed.blocks.iter().filter(|stored| {
                !stored.block.released && store_space(&stored.block.space) == space
            });
            own.map(|stored| block_range(stored.block.first, stored.block.size))
                .collect()
        };
        let mut missing: BTreeMap<(String, IpAddr), (Pool, u32)> = BTreeMap::new();
        let held = before
            .held
            .iter()
            .flat_map(|(space, run)| {
                let rest = without(*run, &covered(space));
                rest.into_iter().map(|range| (space.clone(), range))
            })
            .collect::<Vec<_>>();
        let leased = before
            .leased
            .iter()
            .filter(|(space, address)| {
                !covered(space)
                    .iter()
                    .any(|range| contains(*range, *address))
            })
            .map(|(space, address)| (space.clone(), (*address, *address)));
        for (space, range) in held.iter().cloned().chain(leased) {
            for pool in pools.iter().filter(|pool| pool.space == space) {
                let Some(size) = self.state().sizes.get(&pool.name).copied() else {
                    continue;
                };
                let names = Names::new(&intersections(&[range], &pool.ranges), size);
                for index in 0..names.count() {
                    if let Some(first) = names.nth(index) {
                        missing.insert((space.clone(), first), (pool.clone(), size));
                    }
                }
            }
        }
        for (space, range) in held {
            let of_pools: Vec<Range> = pools
                .iter()
                .filter(|pool| pool.space == space)
                .flat_map(|pool| pool.ranges.clone())
                .collect();
            for nobodys in without(range, &of_pools) {
                self.store.withdraw(&space, nobodys)?;
            }
        }
        for ((_, first), (pool, size)) in missing {
            match self.regain(&pool, first, size, noted).await {
                Ok(None) => {}
                Ok(Some(conflict)) => {
                    conflicts.insert(conflict.block.clone(), conflict);
                }
                Err(failure) => outcome = Err(failure),
            }
        }
        self.state().conflicts = conflicts;
        outcome
    }

    /// Claims again what this node holds or leases and the API server does not know as its. Until that is done nothing new
    /// is given out of it. Returns what another node has now.
    async fn regain(
        &self,
        pool: &Pool,
        first: IpAddr,
        size: u32,
        noted: u64,
    ) -> Result<Option<Conflict>, Failure> {
        let Some(space) = api_space(&pool.space) else {
            return Ok(None);
        };
        let block = self.block(space, &pool.name, first, size);
        let Some(busy) = self.begin(&name_of(&block)) else {
            return Ok(None);
        };
        let since = self
            .state()
            .own
            .get(busy.name())
            .is_some_and(|own| own.noted > noted);
        let whole = block_range(first, size);
        let held = self.is_held(&block)?;
        let leased = !self.store.leases(&pool.space, whole)?.is_empty();
        if since || !(held || leased) {
            return Ok(None);
        }
        if held {
            self.store.withdraw(&pool.space, whole)?;
            self.be_wary("a block that this node holds is missing, or another node's");
        }
        self.claim_again(&busy, &block, &pool.space, whole).await
    }

    async fn claim_again(
        &self,
        busy: &Busy<'_>,
        block: &plumb_resources::IPBlockSpec,
        space: &str,
        whole: Range,
    ) -> Result<Option<Conflict>, Failure> {
        if self.create(busy, block).await? {
            return Ok(None);
        }
        let Some(stored) = self.settle(busy).await? else {
            return Err(Failure::Unavailable(format!(
                "the block {} is being changed",
                busy.name()
            )));
        };
        if self.is_own(&stored.block) || stored.block.released {
            let bindings = stored.block.bindings.clone();
            self.claim(busy, &stored, bindings).await?;
            return Ok(None);
        }
        let leases = self.store.leases(space, whole)?;
        Ok((!leases.is_empty()).then(|| Conflict {
            block: busy.name().to_owned(),
            node: stored.block.node,
            leased: leases
                .into_iter()
                .map(|lease| (lease.address, lease.holder))
                .collect(),
        }))
    }
}
