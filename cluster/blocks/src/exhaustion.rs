//! A pool in which no name is free: others have idle blocks, or it is full.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use plumb_protocol::Refusal;

use crate::arithmetic::length;
use crate::claims::WAIT_FOR_OTHERS;
use crate::create::{binding, share};
use crate::hold::name_of;
use crate::take::{EXHAUSTED, Wanted, failed, refuse};
use crate::{Agent, Api, Blocks, Failure, Store, Stored};

/// How long is waited between two looks, at least.
const LOOK: Duration = Duration::from_millis(150);

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// An address that another node gives back, as all are asked to; at last one that is kept for a pod that is nowhere.
    pub(crate) async fn take_from_others(&self, wanted: &Wanted<'_>) -> Result<IpAddr, Refusal> {
        let failed = |failure: Failure| failed(&wanted.pools(), &failure);
        let give_up = self.agent.now() + WAIT_FOR_OTHERS;
        let mut asked = false;
        loop {
            if let Some(free) = self.promise(wanted).map_err(|error| failed(error.into()))? {
                return Ok(free);
            }
            if let Some(new) = self.take_new(wanted, true).await.map_err(failed)? {
                return Ok(new);
            }
            if !asked {
                self.ask_others(wanted).await.map_err(failed)?;
                asked = true;
            }
            if self.agent.now() >= give_up {
                break;
            }
            self.agent.sleep(self.a_moment()).await;
        }
        if let Some(kept) = self.take_released(wanted).await.map_err(failed)? {
            return Ok(kept);
        }
        let usage = self.usage(wanted).await.map_err(failed)?;
        Err(refuse(EXHAUSTED, usage))
    }

    /// The time to the next look.
    pub(crate) fn a_moment(&self) -> Duration {
        LOOK + Duration::from_millis(self.agent.random() % 100)
    }

    /// Asks all nodes to give back what is idle in the pools.
    pub(crate) async fn ask_others(&self, wanted: &Wanted<'_>) -> Result<(), Failure> {
        for offer in &wanted.offers {
            match self
                .api
                .stamp_pressure(&offer.pool.name, self.agent.unix())
                .await
            {
                // The next one who finds nothing stamps it again.
                Ok(()) | Err(Failure::Unknown(_) | Failure::Unavailable(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Takes over a block whose address is kept for a pod that has none now: of several what was released first.
    async fn take_released(&self, wanted: &Wanted<'_>) -> Result<Option<IpAddr>, Failure> {
        for offer in &wanted.offers {
            let listed = self.list(&offer.pool, Duration::ZERO).await?;
            let mut released: Vec<Stored> = listed
                .into_iter()
                .filter(|stored| {
                    let block = &stored.block;
                    block.released
                        && block.size == offer.size
                        && block.space == wanted.api_space
                        && share(&offer.ranges, stored) > 0
                })
                .collect();
            released.sort_by_key(|stored| (stored.block.released_at, stored.block.first));
            for stored in released {
                let Some(busy) = self.begin(&name_of(&stored.block)) else {
                    continue;
                };
                let bindings = match &wanted.bound {
                    Some(bound) if offer.size == 1 => vec![binding(stored.block.first, bound)],
                    _ => Vec::new(),
                };
                if self.claim_new(&busy, &stored, bindings).await?
                    && let Some(address) = self.promise(wanted)?
                {
                    return Ok(Some(address));
                }
            }
        }
        Ok(None)
    }

    /// Who has the pools' addresses, as `no address of v4 is free: 21 of 21 in use: node a 12, node b 9`.
    async fn usage(&self, wanted: &Wanted<'_>) -> Result<String, Failure> {
        let mut sentences = Vec::new();
        for offer in &wanted.offers {
            let all = offer.ranges.iter().map(|range| length(*range));
            let all = all.fold(0, u128::saturating_add);
            let mut nodes: BTreeMap<String, u128> = BTreeMap::new();
            for stored in self.list(&offer.pool, Duration::from_secs(1)).await? {
                let addresses = share(&offer.ranges, &stored);
                if addresses > 0 && stored.block.space == wanted.api_space {
                    *nodes.entry(stored.block.node).or_default() += addresses;
                }
            }
            let mut nodes: Vec<(String, u128)> = nodes.into_iter().collect();
            nodes.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
            let used = nodes.iter().map(|(_, addresses)| addresses).sum::<u128>();
            let each: Vec<String> = nodes
                .iter()
                .map(|(node, addresses)| format!("node {node} {addresses}"))
                .collect();
            sentences.push(format!(
                "no address of {} is free: {used} of {all} in use: {}",
                offer.pool.name,
                each.join(", ")
            ));
        }
        Ok(sentences.join("; "))
    }
}
