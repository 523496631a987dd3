//! An address that is kept for a pod, wherever it was.

use std::net::IpAddr;
use std::time::Duration;

use plumb_protocol::Refusal;

use crate::arithmetic::contains;
use crate::claims::{PROMISE, WAIT_FOR_KEPT};
use crate::take::{LATER, Wanted, failed, refuse};
use crate::{Agent, Api, Blocks, BoundTo, Failure, Store, Stored};

/// How long is remembered since when a pod waits.
const FORGET_WAITING: Duration = Duration::from_secs(600);

/// What came of an address that is kept.
enum Kept {
    Here,
    /// Another node has not released it yet, or somebody is at work on it.
    NotYet,
    /// Somebody else has it.
    Lost,
}

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// The address that is kept for the pod and none of those that it was `taken` already; none where none is kept, or the
    /// node that has it does not release it for too long.
    pub(crate) async fn take_kept(
        &self,
        wanted: &Wanted<'_>,
        taken: &[IpAddr],
    ) -> Result<Option<IpAddr>, Refusal> {
        let Some(bound) = &wanted.bound else {
            return Ok(None);
        };
        let failed = |failure: Failure| failed(&wanted.pools(), &failure);
        let mut found = self.api.blocks_bound_to(bound).await.map_err(failed)?;
        found.retain(|stored| stored.block.space == wanted.api_space);
        found.sort_by_key(|stored| {
            let own = self.is_own(&stored.block);
            (!own, !stored.block.released, stored.block.first)
        });
        let mut awaited = None;
        for stored in found {
            let Some(address) = kept_address(wanted, bound, &stored, taken) else {
                continue;
            };
            match self.keep(wanted, bound, &stored, address).await? {
                Kept::Here => {
                    self.state().waiting.remove(bound);
                    return Ok(Some(address));
                }
                Kept::NotYet => awaited = awaited.or(Some((address, stored.block.node))),
                Kept::Lost => {}
            }
        }
        let Some((address, node)) = awaited else {
            return Ok(None);
        };
        let now = self.agent.now();
        let since = {
            let mut state = self.state();
            let recent = |since: &Duration| now.saturating_sub(*since) < FORGET_WAITING;
            state.waiting.retain(|_, since| recent(since));
            *state.waiting.entry(bound.clone()).or_insert(now)
        };
        let waited = now.saturating_sub(since);
        if waited >= WAIT_FOR_KEPT {
            return Ok(None);
        }
        Err(refuse(
            LATER,
            format!(
                "{address} is kept for {}/{} {}, and node {node} has not released it yet; {} s from now on another address is taken",
                bound.pod.namespace,
                bound.pod.name,
                bound.interface,
                (WAIT_FOR_KEPT - waited).as_secs()
            ),
        ))
    }

    async fn keep(
        &self,
        wanted: &Wanted<'_>,
        bound: &BoundTo,
        stored: &Stored,
        address: IpAddr,
    ) -> Result<Kept, Refusal> {
        let failed = |failure: Failure| failed(&wanted.pools(), &failure);
        let error = |error: crate::StoreError| failed(error.into());
        if !self.is_own(&stored.block) && !stored.block.released {
            return Ok(Kept::NotYet);
        }
        let Some(busy) = self.begin(&stored.name()) else {
            return Ok(Kept::NotYet);
        };
        let held = self.is_held(&stored.block).map_err(error)?;
        if held && self.is_own(&stored.block) {
            let leases = self.store.leases(wanted.space, (address, address));
            let somebody_else = leases
                .map_err(error)?
                .into_iter()
                .any(|lease| lease.kept_for.as_ref() != Some(bound));
            if somebody_else {
                return Ok(Kept::Lost);
            }
        } else {
            let bindings = stored.block.bindings.clone();
            let claimed = self.claim_new(&busy, stored, bindings).await;
            if !claimed.map_err(failed)? {
                return Ok(Kept::NotYet);
            }
        }
        self.store
            .remember(wanted.space, address, bound)
            .map_err(error)?;
        let until = self.agent.now() + PROMISE;
        let key = (wanted.space.to_owned(), address);
        self.state().promised.insert(key, until);
        Ok(Kept::Here)
    }
}

/// The address of a block that is kept for the pod, if it serves.
fn kept_address(
    wanted: &Wanted<'_>,
    bound: &BoundTo,
    stored: &Stored,
    taken: &[IpAddr],
) -> Option<IpAddr> {
    let addresses = stored
        .block
        .bindings
        .iter()
        .filter(|binding| {
            binding.pod == bound.pod
                && binding.network == bound.network
                && binding.interface == bound.interface
        })
        .map(|binding| binding.address);
    let mut serving = addresses.filter(|address| {
        !taken.contains(address)
            && wanted.offers.iter().any(|offer| {
                offer.size == stored.block.size
                    && offer.ranges.iter().any(|range| contains(*range, *address))
            })
    });
    serving.next()
}
