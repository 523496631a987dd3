//! The one way into the held runs, and the one way out.
//!
//! **In**: an answer of the API server that says that a write of this agent has just been done: the object is new, or it is
//! ours by a replacement, and so of a version that nothing that was sent before can have named. A deletion or a
//! release that is still under way, of this agent or one that was killed, is for an earlier version and fails.
//! A list or a get that shows the object as ours is never enough.
//!
//! **Out**: the lease store first, which refuses while something is leased; the object after that.

use plumb_resources::{Binding, IPBlockSpec, block_name};

use crate::api::store_space;
use crate::arithmetic::{block_range, intersection, intersections};
use crate::state::Busy;
use crate::{
    Agent, Api, Blocks, Created, Deleted, Failure, GaveBack, Range, Replaced, Store, StoreError,
    Stored, Version,
};

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// As [`Blocks::create`], for a block that nobody holds; not while nodes may hold what the API server has lost.
    pub(crate) async fn create_new(
        &self,
        busy: &Busy<'_>,
        block: &IPBlockSpec,
    ) -> Result<bool, Failure> {
        self.not_while_wary()?;
        self.create(busy, block).await
    }

    /// As [`Blocks::claim`], for a block of which nothing is held or leased here; not while nodes may hold what the API server
    /// has lost.
    pub(crate) async fn claim_new(
        &self,
        busy: &Busy<'_>,
        stored: &Stored,
        bindings: Vec<Binding>,
    ) -> Result<bool, Failure> {
        self.not_while_wary()?;
        self.claim(busy, stored, bindings).await
    }

    fn not_while_wary(&self) -> Result<(), Failure> {
        match self.wary() {
            None => Ok(()),
            Some(left) => Err(Failure::Unavailable(format!(
                "the API server has older data than nodes hold, and nothing new is claimed for {} s, in which they claim again what they hold",
                left.as_secs()
            ))),
        }
    }

    /// Creates a block and holds it. False where there is one of this name.
    pub(crate) async fn create(
        &self,
        busy: &Busy<'_>,
        block: &IPBlockSpec,
    ) -> Result<bool, Failure> {
        let before = self.state().before();
        match self.api.create(block).await {
            Ok(Created::Created(version)) => {
                self.hold(busy, block.clone(), version, before)?;
                Ok(true)
            }
            Ok(Created::Exists) => Ok(false),
            Err(failure) => Err(self.unsure(busy, failure)),
        }
    }

    /// Makes a block that is there this node's by a change, and holds it. False where it has changed meanwhile.
    ///
    /// It must be ours, or released.
    pub(crate) async fn claim(
        &self,
        busy: &Busy<'_>,
        stored: &Stored,
        bindings: Vec<Binding>,
    ) -> Result<bool, Failure> {
        let block = IPBlockSpec {
            node: self.agent.node().to_owned(),
            released: false,
            released_at: None,
            claims: stored.block.claims.wrapping_add(1),
            bindings,
            ..stored.block.clone()
        };
        let before = self.state().before();
        match self.api.replace(&block, &stored.version).await {
            Ok(Replaced::Replaced(version)) if version == stored.version => {
                Err(Failure::Refused(format!(
                    "the API server has not kept the change of spec.claims of the block {}: its definition of IPBlock is of another release",
                    busy.name()
                )))
            }
            Ok(Replaced::Replaced(version)) => {
                self.hold(busy, block, version, before)?;
                Ok(true)
            }
            Ok(Replaced::Changed) => {
                self.forget(busy);
                Ok(false)
            }
            Err(failure) => Err(self.unsure(busy, failure)),
        }
    }

    /// Holds what the API server has just said to be ours.
    fn hold(
        &self,
        busy: &Busy<'_>,
        block: IPBlockSpec,
        version: Version,
        before: u64,
    ) -> Result<(), Failure> {
        let grows = self.grows(before, version.resource_version);
        let stored = Stored { block, version };
        let mut state = self.state();
        state.note_own(busy.name(), stored.clone());
        state.unsure.remove(busy.name());
        state.idle.remove(busy.name());
        state.conflicts.remove(busy.name());
        drop(state);
        if !grows {
            return Err(Failure::Unavailable(
                "the API server has older data than this node has seen".to_owned(),
            ));
        }
        if self.hold_parts(&stored.block)? == 0 {
            return Err(Failure::Unavailable(format!(
                "pool {} has no addresses in the block {} any more",
                stored.block.pool,
                busy.name()
            )));
        }
        Ok(())
    }

    /// Puts those addresses of a block into the held runs that a pool gives out in blocks of this size.
    /// Returns how many ranges that are.
    pub(crate) fn hold_parts(&self, block: &IPBlockSpec) -> Result<usize, StoreError> {
        let parts = self.parts(block);
        for part in &parts {
            self.store.hold(store_space(&block.space), *part)?;
        }
        Ok(parts.len())
    }

    /// What pools give out of a block.
    fn parts(&self, block: &IPBlockSpec) -> Vec<Range> {
        let space = store_space(&block.space);
        let whole = [block_range(block.first, block.size)];
        let sizes = self.state().sizes.clone();
        let pools = self.agent.pools().into_iter().filter(|pool| {
            pool.space == space && sizes.get(&pool.name).copied() == Some(block.size)
        });
        pools
            .flat_map(|pool| intersections(&whole, &pool.ranges))
            .collect()
    }

    /// Whether the lease store holds an address of a block.
    pub(crate) fn is_held(&self, block: &IPBlockSpec) -> Result<bool, StoreError> {
        let whole = block_range(block.first, block.size);
        let held = self.store.held()?;
        Ok(held.iter().any(|(space, range)| {
            space == store_space(&block.space) && intersection(*range, whole).is_some()
        }))
    }

    /// Takes a block out of the held runs. False where an address of it is leased.
    pub(crate) fn give_back(
        &self,
        _busy: &Busy<'_>,
        block: &IPBlockSpec,
    ) -> Result<bool, StoreError> {
        let whole = block_range(block.first, block.size);
        let outcome = self.store.give_back(store_space(&block.space), whole)?;
        Ok(outcome == GaveBack::GaveBack)
    }

    /// Gives up a block of which nothing is leased: out of the held runs, then away.
    pub(crate) async fn give_up(&self, busy: &Busy<'_>, stored: &Stored) -> Result<(), Failure> {
        if !self.give_back(busy, &stored.block)? {
            return Ok(());
        }
        match self.api.delete(busy.name(), &stored.version).await {
            Ok(Deleted::Deleted) => {
                self.state().deleted(&stored.version.uid);
                self.forget(busy);
                Ok(())
            }
            Ok(Deleted::Changed) => {
                self.state().unsure.insert(busy.name().to_owned());
                Ok(())
            }
            Err(failure) => Err(self.unsure(busy, failure)),
        }
    }

    /// Releases a block of which nothing is leased: its address is kept for a pod, which another node may serve.
    pub(crate) async fn release(&self, busy: &Busy<'_>, stored: &Stored) -> Result<(), Failure> {
        if !self.give_back(busy, &stored.block)? {
            return Ok(());
        }
        let block = IPBlockSpec {
            released: true,
            released_at: Some(self.agent.unix() / 1000),
            ..stored.block.clone()
        };
        self.change(busy, block, &stored.version).await
    }

    /// Changes a block that stays as it is for the held runs.
    pub(crate) async fn change(
        &self,
        busy: &Busy<'_>,
        block: IPBlockSpec,
        version: &Version,
    ) -> Result<(), Failure> {
        match self.api.replace(&block, version).await {
            Ok(Replaced::Replaced(version)) => {
                let stored = Stored { block, version };
                self.state().note_own(busy.name(), stored);
                Ok(())
            }
            Ok(Replaced::Changed) => {
                self.state().unsure.insert(busy.name().to_owned());
                Ok(())
            }
            Err(failure) => Err(self.unsure(busy, failure)),
        }
    }

    /// Asks for a block of which a write ended without an answer.
    pub(crate) async fn settle(&self, busy: &Busy<'_>) -> Result<Option<Stored>, Failure> {
        let found = self.api.get(busy.name()).await?;
        let mut state = self.state();
        state.unsure.remove(busy.name());
        match &found {
            Some(stored) if self.is_own(&stored.block) => {
                state.note_own(busy.name(), stored.clone());
            }
            _ => {
                state.own.remove(busy.name());
                state.idle.remove(busy.name());
            }
        }
        Ok(found)
    }

    fn forget(&self, busy: &Busy<'_>) {
        let mut state = self.state();
        state.own.remove(busy.name());
        state.unsure.remove(busy.name());
        state.idle.remove(busy.name());
    }

    fn unsure(&self, busy: &Busy<'_>, failure: Failure) -> Failure {
        if matches!(failure, Failure::Unknown(_)) {
            self.state().unsure.insert(busy.name().to_owned());
        }
        failure
    }

    /// A block as this node would claim it.
    pub(crate) fn block(
        &self,
        space: &str,
        pool: &str,
        first: std::net::IpAddr,
        size: u32,
    ) -> IPBlockSpec {
        IPBlockSpec {
            space: space.to_owned(),
            first,
            size,
            node: self.agent.node().to_owned(),
            pool: pool.to_owned(),
            released: false,
            released_at: None,
            claims: 0,
            bindings: Vec::new(),
        }
    }
}

/// The name of a block's object.
pub(crate) fn name_of(block: &IPBlockSpec) -> String {
    block_name(&block.space, block.first)
}
