//! How many addresses a block of a pool has.

use plumb_resources::{PoolStateSpec, SMALLEST_POOL_FOR_BLOCKS};

use crate::arithmetic::{LARGEST, intersections, length};
use crate::{Agent, Api, Blocks, Failure, Pool, Store};

/// One where the pool is small for the cluster, or its addresses are kept for pods, which may move to other nodes one by
/// one. Else so many that each node can have four blocks, and at most [`LARGEST`].
pub(crate) fn choose(usable: u128, nodes: u64, keep: bool) -> u32 {
    let nodes = u128::from(nodes.max(1));
    if keep || usable < nodes * u128::from(SMALLEST_POOL_FOR_BLOCKS) {
        return 1;
    }
    let share = u32::try_from(usable / nodes / 4).unwrap_or(u32::MAX);
    1 << share.clamp(1, LARGEST).ilog2()
}

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// The size of a pool's blocks; who needs it first decides it. A pool that shares addresses with another one has that
    /// one's size: blocks of two sizes could have an address in common under two names.
    ///
    /// It is asked each time, because a pool that was deleted and made again has another state, or none yet.
    ///
    /// # Errors
    ///
    /// The API server did not answer, or what it has cannot be the size of a block.
    pub(crate) async fn size_of(&self, pool: &Pool, keep: bool) -> Result<u32, Failure> {
        match self.ask_size(pool, keep).await {
            // What is known serves for what is held.
            Err(failure @ (Failure::Unknown(_) | Failure::Unavailable(_))) => {
                let known = self.state().sizes.get(&pool.name).copied();
                known.ok_or(failure)
            }
            asked => asked,
        }
    }

    /// As [`Blocks::size_of`], whatever is known.
    pub(crate) async fn ask_size(&self, pool: &Pool, keep: bool) -> Result<u32, Failure> {
        // After our own creation once more: what others have created meanwhile must agree.
        for _ in 0..3 {
            let mut size = None;
            let mut stated = false;
            for other in self.agent.pools() {
                let same = other.name == pool.name;
                if !same && !share_addresses(&other, pool) {
                    continue;
                }
                let Some(state) = self.api.pool_state(&other.name).await? else {
                    continue;
                };
                if size.is_some_and(|size| size != state.block_size) {
                    return Err(Failure::Refused(format!(
                        "pool {} and pool {} share addresses and have blocks of different sizes: take the shared addresses out of one of them",
                        pool.name, other.name
                    )));
                }
                size = Some(state.block_size);
                stated |= same;
            }
            if let Some(size) = size.filter(|_| stated) {
                return self.keep_size(pool, size);
            }
            let block_size = match size {
                Some(size) => size,
                None => self.first_size(pool, keep).await?,
            };
            let spec = PoolStateSpec { block_size };
            match self.api.create_pool_state(&pool.name, &spec).await {
                Ok(_) | Err(Failure::Unknown(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::Unavailable(format!(
            "the state of pool {} was made and is not there",
            pool.name
        )))
    }

    fn keep_size(&self, pool: &Pool, size: u32) -> Result<u32, Failure> {
        if !size.is_power_of_two() || size > LARGEST {
            return Err(Failure::Refused(format!(
                "the state of pool {} says that a block has {size} addresses: a power of two up to {LARGEST} is right",
                pool.name
            )));
        }
        self.state().sizes.insert(pool.name.clone(), size);
        Ok(size)
    }

    /// The size for a pool that has no state: that of the blocks there are, should its state have been lost.
    async fn first_size(&self, pool: &Pool, keep: bool) -> Result<u32, Failure> {
        if let Some(stored) = self.api.a_block_of_pool(&pool.name).await? {
            return Ok(stored.block.size);
        }
        let usable = pool.ranges.iter().map(|range| length(*range));
        let usable = usable.fold(0, u128::saturating_add);
        Ok(choose(usable, self.api.count_nodes().await?, keep))
    }
}

fn share_addresses(one: &Pool, other: &Pool) -> bool {
    one.space == other.space && !intersections(&one.ranges, &other.ranges).is_empty()
}

#[cfg(test)]
mod tests {
    use super::choose;

    #[test]
    fn a_small_pool_is_given_out_one_by_one_and_a_large_one_in_blocks() {
        assert_eq!(choose(21, 2, false), 1, "two nodes share 21 addresses");
        assert_eq!(choose(254, 250, false), 1, "a /24 for 250 nodes");
        assert_eq!(choose(31, 2, false), 1);
        assert_eq!(choose(32, 2, false), 4);
        assert_eq!(choose(65534, 250, false), 64, "a /16 for 250 nodes");
        assert_eq!(choose(1 << 14, 250, false), 16);
        assert_eq!(choose(1 << 64, 5000, false), 64, "a /64");
        assert_eq!(choose(u128::MAX, 0, false), 64);
        assert_eq!(choose(65534, 2, true), 1, "kept for pods that move");
    }
}
