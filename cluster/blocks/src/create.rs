//! Creating a block that nobody has.

use std::net::IpAddr;
use std::time::Duration;

use plumb_resources::{Binding, block_name};

use crate::arithmetic::{Names, block_range, first_of, intersection, intersections};
use crate::take::{Offer, Wanted};
use crate::{Agent, Api, Blocks, BoundTo, Failure, Pool, Store, Stored};

/// Up to how many names of a pool each claim looks first which are taken; guesses would fail too often.
const SMALL: u128 = 256;
/// How old a list of a small pool's blocks may be.
const FRESH: Duration = Duration::from_secs(1);
/// How old a list of a larger pool's blocks may be; where there is none a part of the pool is looked at, because a list of tens
/// of thousands takes longer than plumb waits.
const FRESH_LARGE: Duration = Duration::from_secs(120);
/// Up to how many names of a pool are all looked at; of more, some are drawn.
const DRAWN: u128 = 65_536;
/// How many names may turn out to be taken before the pool's blocks are listed anew.
const TAKEN_LIMIT: u32 = 8;
/// How many failures of the API server are borne for one address.
const FAILURES: u32 = 3;
/// How long is waited after a failure, the first time.
const BACK_OFF: Duration = Duration::from_millis(100);

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// An address of a block that is created now; none where each name is taken. `anew`: the pools' blocks are listed
    /// whatever is known.
    pub(crate) async fn take_new(
        &self,
        wanted: &Wanted<'_>,
        anew: bool,
    ) -> Result<Option<IpAddr>, Failure> {
        let mut failures = 0;
        for offer in &wanted.offers {
            let mut anew = anew;
            loop {
                match self.try_names(wanted, offer, anew).await {
                    Ok(Tried::Address(address)) => return Ok(Some(address)),
                    Ok(Tried::AllTaken) => break,
                    Ok(Tried::ManyTaken) if anew => self.agent.sleep(BACK_OFF).await,
                    Ok(Tried::ManyTaken) => anew = true,
                    Err(Failure::Refused(why)) => return Err(Failure::Refused(why)),
                    Err(failure) => {
                        failures += 1;
                        if failures == FAILURES {
                            return Err(failure);
                        }
                        self.agent.sleep(BACK_OFF * failures).await;
                    }
                }
                if self.agent.now() >= wanted.until {
                    return Err(Failure::Unavailable(
                        "others were faster each time".to_owned(),
                    ));
                }
            }
        }
        Ok(None)
    }

    /// Tries what looks free in a pool, in random order: who begins with the lowest meets all others there.
    async fn try_names(
        &self,
        wanted: &Wanted<'_>,
        offer: &Offer,
        anew: bool,
    ) -> Result<Tried, Failure> {
        let names = Names::new(&offer.ranges, offer.size);
        let in_a_part = !anew && names.count() > SMALL && !self.knows(&offer.pool, FRESH_LARGE);
        let mut firsts = if in_a_part {
            self.free_in_a_part(wanted, offer).await?
        } else {
            let age = match names.count() <= SMALL {
                _ if anew => Duration::ZERO,
                true => FRESH,
                false => FRESH_LARGE,
            };
            let listed = self.list(&offer.pool, age).await?;
            self.looks_free(wanted, &names, offer.size, &listed)
        };
        let mut taken = 0;
        while !firsts.is_empty() {
            let first = firsts.swap_remove(self.below(firsts.len()));
            let name = block_name(wanted.api_space, first);
            let Some(busy) = self.begin(&name) else {
                continue;
            };
            if self.state().own.contains_key(&name) {
                continue;
            }
            let mut block = self.block(wanted.api_space, &offer.pool.name, first, offer.size);
            if let Some(bound) = wanted.bound.as_ref().filter(|_| offer.size == 1) {
                block.bindings = vec![binding(first, bound)];
            }
            if self.create_new(&busy, &block).await? {
                if let Some(bound) = wanted.bound.as_ref().filter(|_| offer.size == 1) {
                    self.store.remember(wanted.space, first, bound)?;
                }
                if let Some(address) = self.promise(wanted)? {
                    return Ok(Tried::Address(address));
                }
                continue;
            }
            taken += 1;
            if taken == TAKEN_LIMIT {
                return Ok(Tried::ManyTaken);
            }
        }
        Ok(match in_a_part {
            true => Tried::ManyTaken,
            false => Tried::AllTaken,
        })
    }

    /// The blocks of a pool of which nothing is known to be claimed, in blocks of whatever size.
    pub(crate) fn looks_free(
        &self,
        wanted: &Wanted<'_>,
        names: &Names,
        size: u32,
        listed: &[Stored],
    ) -> Vec<IpAddr> {
        let claimed: std::collections::BTreeSet<IpAddr> = listed
            .iter()
            .filter(|stored| stored.block.space == wanted.api_space)
            .flat_map(|stored| {
                let (from, to) = block_range(stored.block.first, stored.block.size);
                let range = (first_of(from, size), first_of(to, size));
                let steps = Names::new(&[range], size);
                let firsts = (0..steps.count()).filter_map(move |index| steps.nth(index));
                firsts.collect::<Vec<_>>()
            })
            .collect();
        let count = names.count();
        let mut firsts: Vec<IpAddr> = if count <= DRAWN {
            (0..count).filter_map(|index| names.nth(index)).collect()
        } else {
            (0..64).filter_map(|_| self.one_of(names)).collect()
        };
        firsts.retain(|first| !claimed.contains(first));
        firsts
    }

    /// Whether the blocks of a pool were listed, at most so long ago.
    fn knows(&self, pool: &Pool, age: Duration) -> bool {
        let now = self.agent.now();
        let state = self.state();
        let known = state.lists.get(&pool.name);
        known.is_some_and(|(at, _)| now.saturating_sub(*at) < age)
    }

    /// The blocks that may have an address in common with a block of an offer: of its pool, or of its neighbourhood.
    pub(crate) async fn near(
        &self,
        offer: &Offer,
        address: IpAddr,
        age: Duration,
    ) -> Result<Vec<Stored>, Failure> {
        let is_small = Names::new(&offer.pool.ranges, offer.size).count() <= SMALL;
        match is_small || self.knows(&offer.pool, age) {
            true => self.list(&offer.pool, age).await,
            false => self.api.blocks_of_part(address).await,
        }
    }

    /// The blocks of a pool, and of those that have addresses beside its own, at most so old; taken from the API server where
    /// they are older.
    pub(crate) async fn list(&self, pool: &Pool, age: Duration) -> Result<Vec<Stored>, Failure> {
        let mut all = Vec::new();
        for other in self.agent.pools() {
            if other.name != pool.name && !are_neighbours(&other, pool) {
                continue;
            }
            let now = self.agent.now();
            let known = self
                .state()
                .lists
                .get(&other.name)
                .and_then(|(at, list)| (now.saturating_sub(*at) < age).then(|| list.clone()));
            let list = match known {
                Some(list) => list,
                None => {
                    let list = self.api.blocks_of_pool(&other.name).await?;
                    let entry = (self.agent.now(), list.clone());
                    self.state().lists.insert(other.name.clone(), entry);
                    list
                }
            };
            all.extend(list);
        }
        Ok(all)
    }

    /// A random number below a limit that is not 0.
    pub(crate) fn below(&self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        usize::try_from(self.agent.random() % limit).unwrap_or(0)
    }
}

/// What trying names of a pool came to.
enum Tried {
    Address(IpAddr),
    /// Each name is taken.
    AllTaken,
    /// So many were taken that what is known of the pool is too old.
    ManyTaken,
}

/// That an address is kept for a pod.
pub(crate) fn binding(address: IpAddr, bound: &BoundTo) -> Binding {
    Binding {
        address,
        pod: bound.pod.clone(),
        network: bound.network.clone(),
        interface: bound.interface.clone(),
    }
}

/// Whether a block of one pool may have an address of the other.
fn are_neighbours(one: &Pool, other: &Pool) -> bool {
    let widened = |pool: &Pool| -> Vec<crate::Range> {
        let ranges = pool.ranges.iter().map(|(first, last)| {
            let size = crate::arithmetic::LARGEST;
            (
                block_range(first_of(*first, size), size).0,
                block_range(first_of(*last, size), size).1,
            )
        });
        ranges.collect()
    };
    one.space == other.space && !intersections(&widened(one), &widened(other)).is_empty()
}

/// How many addresses of some ranges a block has.
pub(crate) fn share(ranges: &[crate::Range], stored: &Stored) -> u128 {
    let whole = block_range(stored.block.first, stored.block.size);
    let parts = ranges
        .iter()
        .filter_map(|range| intersection(*range, whole));
    parts
        .map(crate::arithmetic::length)
        .fold(0, u128::saturating_add)
}
