//! One certain address.

use std::net::IpAddr;

use plumb_protocol::Refusal;

use crate::api::store_space;
use crate::arithmetic::{block_range, contains, first_of, intersection};
use crate::claims::{PROMISE, WAIT_FOR_OTHERS};
use crate::hold::name_of;
use crate::take::{INVALID, Offer, TAKEN, Wanted, failed, refuse};
use crate::{Agent, Api, Blocks, Failure, Store, Stored};

/// What came of one attempt.
enum Tried {
    Held,
    /// Another node has it, which may be idle.
    Theirs(Box<Stored>),
    /// Somebody is at work on it.
    Busy,
}

impl<A: Api, S: Store, G: Agent> Blocks<A, S, G> {
    /// Takes the address that was asked for. Where another node has it, it is asked to give it back, should it be idle
    /// there.
    pub(crate) async fn take_requested(&self, wanted: &Wanted<'_>) -> Result<IpAddr, Refusal> {
        let failed = |failure: Failure| failed(&wanted.pools(), &failure);
        let first_range = wanted
            .offers
            .iter()
            .find_map(|offer| Some((offer, offer.ranges.first()?)));
        let Some((offer, (address, _))) = first_range else {
            return Err(refuse(INVALID, "no address was asked for".to_owned()));
        };
        let address = *address;
        let give_up = self.agent.now() + WAIT_FOR_OTHERS;
        let mut asked = false;
        loop {
            if self.promise_requested(wanted, address)? {
                return Ok(address);
            }
            let tried = self.try_requested(wanted, offer, address).await;
            match tried.map_err(failed)? {
                Tried::Held | Tried::Busy => {}
                Tried::Theirs(stored) if self.agent.now() >= give_up => {
                    return Err(taken(address, &stored));
                }
                Tried::Theirs(_) if !asked => {
                    self.ask_others(wanted).await.map_err(failed)?;
                    asked = true;
                }
                Tried::Theirs(_) => {}
            }
            if self.agent.now() >= wanted.until {
                return Err(failed(Failure::Unavailable(format!(
                    "{address} was not to be had in time"
                ))));
            }
            if self.is_held_address(wanted.space, address)? {
                continue;
            }
            self.agent.sleep(self.a_moment()).await;
        }
    }

    /// Whether the address is held and free, and now promised.
    fn promise_requested(&self, wanted: &Wanted<'_>, address: IpAddr) -> Result<bool, Refusal> {
        if !self.is_held_address(wanted.space, address)? {
            return Ok(false);
        }
        let leases = self.store.leases(wanted.space, (address, address));
        let leases = leases.map_err(|error| failed(&wanted.pools(), &error.into()))?;
        if let Some(lease) = leases.first() {
            return Err(refuse(
                TAKEN,
                format!("{address} is leased to {} on this node", lease.holder),
            ));
        }
        let until = self.agent.now() + PROMISE;
        let key = (wanted.space.to_owned(), address);
        self.state().promised.insert(key, until);
        Ok(true)
    }

    fn is_held_address(&self, space: &str, address: IpAddr) -> Result<bool, Refusal> {
        let held = self.store.held();
        let held = held.map_err(|error| failed("a shared pool", &error.into()))?;
        Ok(held
            .iter()
            .any(|(of, range)| of == space && contains(*range, address)))
    }

    async fn try_requested(
        &self,
        wanted: &Wanted<'_>,
        offer: &Offer,
        address: IpAddr,
    ) -> Result<Tried, Failure> {
        let first = first_of(address, offer.size);
        let block = self.block(wanted.api_space, &offer.pool.name, first, offer.size);
        let name = name_of(&block);
        let whole = block_range(first, offer.size);
        // A block of another size, of a time when the pool was another one.
        for stored in self.near(offer, address, WAIT_FOR_OTHERS).await? {
            let other = block_range(stored.block.first, stored.block.size);
            if stored.block.space == wanted.api_space
                && stored.name() != name
                && intersection(whole, other).is_some()
            {
                return Ok(Tried::Theirs(Box::new(stored)));
            }
        }
        let Some(busy) = self.begin(&name) else {
            return Ok(Tried::Busy);
        };
        if self.create_new(&busy, &block).await? {
            return Ok(Tried::Held);
        }
        let Some(stored) = self.settle(&busy).await? else {
            return Ok(Tried::Busy);
        };
        if stored.block.size != offer.size || store_space(&stored.block.space) != wanted.space {
            return Ok(Tried::Theirs(Box::new(stored)));
        }
        let kept_for_others = stored.block.released && !stored.block.bindings.is_empty();
        if (self.is_own(&stored.block) || stored.block.released) && !kept_for_others {
            let bindings = stored.block.bindings.clone();
            self.claim_new(&busy, &stored, bindings).await?;
            return Ok(Tried::Busy);
        }
        Ok(Tried::Theirs(Box::new(stored)))
    }
}

fn taken(address: IpAddr, stored: &Stored) -> Refusal {
    let block = &stored.block;
    let kept = block.bindings.iter().find(|one| one.address == address);
    let message = match kept {
        Some(kept) if block.released => format!(
            "{address} is kept for {}/{} {}",
            kept.pod.namespace, kept.pod.name, kept.interface
        ),
        _ => format!("{address} is in use on node {}", block.node),
    };
    refuse(TAKEN, message)
}
