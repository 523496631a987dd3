//! Taking addresses that the node does not hold yet.

use std::net::IpAddr;
use std::time::Duration;

use plumb_protocol::{Answer, Refusal, Take};
use plumb_resources::BlockPod;

use crate::api::api_space;
use crate::arithmetic::{block_range, each, intersection, intersections};
use crate::claims::PROMISE;
use crate::state::Own;
use crate::{Agent, Api, Blocks, BoundTo, Failure, Pool, Range, Store, StoreError};

/// The longest time that the API server is asked about one address.
const LONGEST: Duration = Duration::from_secs(8);

/// A pool that may serve, and how.
#[derive(Debug)]
pub(crate) struct Offer {
    pub(crate) pool: Pool,
    /// What was asked for, as far as the pool has it.
    pub(crate) ranges: Vec<Range>,
    pub(crate) size: u32,
}

/// An address that is wanted.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    /// As the lease store has it.
    pub(crate) space: &'a str,
    /// As objects have it.
    pub(crate) api_space: &'a str,
    pub(crate) offers: Vec<Offer>,
    /// For whom it is kept.
    pub(crate) bound: Option<BoundTo>,
    /// When to give up.
    pub(crate) until: Duration,
}

impl Wanted<'_> {
    /// Whether an address of a block serves.
    pub(crate) fn has_part_of(&self, first: IpAddr, size: u32) -> bool {
        let whole = block_range(first, size);
        let mut ranges = self.offers.iter().flat_map(|offer| &offer.ranges);
        ranges.any(|range| intersection(*range, whole).is_some())
    }

    /// The pools' names, for messages.
    pub(crate) fn pools(&self) -> String {
        let names: Vec<&str> = self.offers.iter().map(|offer| &*offer.pool.name).collect();
        names.join(", ")
    }
}

/// Try again later.
pub(crate) const LATER: u32 = 11;
/// The node cannot serve it.
pub(crate) const NOT_AVAILABLE: u32 = 50;
/// The configuration is wrong.
pub(crate) const INVALID: u32 = 7;
/// No pool has a free address.
pub(crate) const EXHAUSTED: u32 = 101;
/// A requested address is somebody else's.
pub(crate) const TAKEN: u32 = 102;

pub(crate) fn refuse(code: u32, message: String) -> Refusal {
    Refusal { code, message }
}

/// What a call of the API server that failed means to who asked for an address.
pub(crate) fn failed(pools: &str, failure: &Failure) -> Refusal {
    let code = match failure {
        Failure::Refused(_) => NOT_AVAILABLE,
        Failure::Unknown(_) | Failure::Unavailable(_) => LATER,
    };
    refuse(code, format!("claiming an address of {pools}: {failure}"))
}

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// Takes addresses for an interface: afterwards the held runs have what was asked for. The answer has the addresses that
    /// are meant for it, one of each claim; nobody else who asks is told the same within the next seconds.
    pub async fn take(&self, take: &Take) -> Answer {
        match self.take_all(take).await {
            Ok(taken) => Answer::Taken(taken.into_iter().map(|one| (one, one)).collect()),
            Err(refusal) => Answer::Refused(refusal),
        }
    }

    async fn take_all(&self, take: &Take) -> Result<Vec<IpAddr>, Refusal> {
        let space = api_space(&take.space).ok_or_else(|| {
            refuse(
                INVALID,
                format!(
                    "the space {:?} cannot be shared by nodes: small letters, digits and hyphens are right, and not \"default\"",
                    take.space
                ),
            )
        })?;
        let looked = self.state().seen.is_some();
        if !looked {
            let look = self.reconcile().await;
            look.map_err(|failure| failed("a shared pool", &failure))?;
        }
        let mut taken = Vec::new();
        for candidates in &take.claims {
            let wanted = Wanted {
                space: &take.space,
                api_space: space,
                offers: self.offers(take, candidates).await?,
                bound: bound(take),
                until: self.agent.now() + LONGEST,
            };
            taken.push(if take.requested {
                self.take_requested(&wanted).await?
            } else {
                self.take_one(&wanted, &taken).await?
            });
        }
        Ok(taken)
    }

    /// The pools that are offered, with what they have of the ranges, in the same order.
    async fn offers(
        &self,
        take: &Take,
        candidates: &[plumb_protocol::Candidate],
    ) -> Result<Vec<Offer>, Refusal> {
        let pools = self.agent.pools();
        let mut offers = Vec::new();
        let mut unusable = None;
        for candidate in candidates {
            let known = pools
                .iter()
                .find(|pool| pool.name == candidate.pool && pool.space == take.space);
            let Some(pool) = known else { continue };
            let ranges = intersections(&candidate.ranges, &pool.ranges);
            if ranges.is_empty() {
                continue;
            }
            match self.size_of(pool, take.keep).await {
                Ok(size) => offers.push(Offer {
                    pool: pool.clone(),
                    ranges,
                    size,
                }),
                // The next one may serve.
                Err(failure) => unusable = Some(failed(&pool.name, &failure)),
            }
        }
        if let Some(refusal) = unusable.filter(|_| offers.is_empty()) {
            return Err(refusal);
        }
        if offers.is_empty() {
            let names: Vec<&str> = candidates.iter().map(|one| &*one.pool).collect();
            return Err(refuse(
                LATER,
                format!(
                    "the agent does not know {} yet, or with other addresses",
                    names.join(", ")
                ),
            ));
        }
        Ok(offers)
    }

    /// One address of several: what is kept for the pod, what is held, what is ours and not held, what is nobody's, what others
    /// can spare.
    async fn take_one(&self, wanted: &Wanted<'_>, taken: &[IpAddr]) -> Result<IpAddr, Refusal> {
        let failed = |failure: Failure| failed(&wanted.pools(), &failure);
        if wanted.bound.is_some()
            && let Some(kept) = self.take_kept(wanted, taken).await?
        {
            return Ok(kept);
        }
        if let Some(free) = self.promise(wanted).map_err(|error| failed(error.into()))? {
            return Ok(free);
        }
        if let Some(address) = self.take_block(wanted).await.map_err(failed)? {
            return Ok(address);
        }
        self.take_from_others(wanted).await
    }

    /// An address of a block more. Where a block has several, those who ask at the same time wait for one another: the
    /// first one's block serves the next ones too.
    async fn take_block(&self, wanted: &Wanted<'_>) -> Result<Option<IpAddr>, Failure> {
        let larger = wanted.offers.iter().find(|offer| offer.size > 1);
        let turn = larger.map(|offer| self.state().turn(&offer.pool.name));
        let _turn = match &turn {
            Some(turn) => {
                let turn = turn.lock().await;
                if let Some(free) = self.promise(wanted)? {
                    return Ok(Some(free));
                }
                Some(turn)
            }
            None => None,
        };
        match self.take_own(wanted).await? {
            Some(own) => Ok(Some(own)),
            None => self.take_new(wanted, false).await,
        }
    }

    /// An address that is held, not leased and nobody else's by promise.
    pub(crate) fn promise(&self, wanted: &Wanted<'_>) -> Result<Option<IpAddr>, StoreError> {
        let held = self.store.held()?;
        let runs = held.iter().filter(|(space, _)| space == wanted.space);
        let runs: Vec<Range> = runs.map(|(_, run)| *run).collect();
        for offer in &wanted.offers {
            for part in intersections(&offer.ranges, &runs) {
                let leases = self.store.leases(wanted.space, part)?;
                let now = self.agent.now();
                let mut state = self.state();
                state.promised.retain(|_, until| *until > now);
                let free = each(part).find(|address| {
                    !leases.iter().any(|lease| lease.address == *address)
                        && !state
                            .promised
                            .contains_key(&(wanted.space.to_owned(), *address))
                });
                if let Some(free) = free {
                    let key = (wanted.space.to_owned(), free);
                    state.promised.insert(key, now + PROMISE);
                    return Ok(Some(free));
                }
            }
        }
        Ok(None)
    }

    /// An address of a block that is this node's and not held: an earlier agent's, or one of which a write had no answer.
    async fn take_own(&self, wanted: &Wanted<'_>) -> Result<Option<IpAddr>, Failure> {
        let mut names: Vec<String> = {
            let state = self.state();
            let own = state.own.iter().filter(|(_, Own { stored, .. })| {
                stored.block.space == wanted.api_space
                    && !stored.block.released
                    && wanted.has_part_of(stored.block.first, stored.block.size)
            });
            own.map(|(name, _)| name.clone()).collect()
        };
        names.extend(self.state().unsure.iter().cloned());
        names.dedup();
        for name in names {
            let Some(busy) = self.begin(&name) else {
                continue;
            };
            let known = self.state().own(&name);
            let unsure = self.state().unsure.contains(&name);
            let stored = if unsure {
                self.settle(&busy).await?
            } else {
                known
            };
            let Some(stored) = stored.filter(|stored| {
                self.is_own(&stored.block)
                    && !stored.block.released
                    && stored.block.space == wanted.api_space
                    && wanted.has_part_of(stored.block.first, stored.block.size)
            }) else {
                continue;
            };
            if self.is_held(&stored.block)? {
                continue;
            }
            let bindings = stored.block.bindings.clone();
            if self.claim_new(&busy, &stored, bindings).await?
                && let Some(address) = self.promise(wanted)?
            {
                return Ok(Some(address));
            }
        }
        Ok(None)
    }
}

/// For whom the addresses are kept.
fn bound(take: &Take) -> Option<BoundTo> {
    let pod = take.pod.as_ref().filter(|_| take.keep)?;
    Some(BoundTo {
        pod: BlockPod {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
        },
        network: take.network.clone(),
        interface: take.interface.clone(),
    })
}
