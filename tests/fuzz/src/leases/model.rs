//! The lease store as its documentation has it, in plain maps and without any haste: it
//! predicts which address a claim gets.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use plumb::leases::{Candidate, Claimed, Lease, Owner, Pod};

/// An address in a space.
pub type Place = (String, IpAddr);

/// Whose address is remembered: network, pod, interface, whether IPv4, and the how many-eth of
/// this family.
type Memory = (String, Pod, String, bool, usize);

/// All that a store knows.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// Who holds what.
    pub leases: BTreeMap<Place, Lease>,
    /// What each owner holds, in the order claimed.
    pub held: BTreeMap<Owner, Vec<Place>>,
    memories: BTreeMap<Memory, Place>,
    /// The address that was last handed out of ranges with these ends.
    cursors: BTreeMap<(String, IpAddr, IpAddr), IpAddr>,
}

/// Why a claim gets nothing.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The owner holds addresses.
    OwnerHasLeases(Vec<IpAddr>),
    /// This claim finds no free address.
    Exhausted(usize),
    /// The only address asked for is held by this owner.
    Taken(IpAddr, Owner),
}

/// A claim, as the store gets it.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where the addresses are unique.
    pub space: String,
    /// Who asks.
    pub owner: Owner,
    /// For which pod.
    pub pod: Option<Pod>,
    /// The candidates of each address.
    pub claims: Vec<Vec<Candidate>>,
    /// Whether the addresses are remembered for the pod.
    pub keep: bool,
}

impl Model {
    /// Claims, or changes nothing.
    ///
    /// # Errors
    ///
    /// Why nothing was claimed.
    pub fn claim(&mut self, request: &Request) -> Result<Vec<Claimed>, Refusal> {
        if let Some(held) = self.held.get(&request.owner) {
            let addresses = held.iter().map(|(_, address)| *address).collect();
            return Err(Refusal::OwnerHasLeases(addresses));
        }
        let mut after = self.clone();
        let mut claimed = Vec::new();
        for (index, candidates) in request.claims.iter().enumerate() {
            let memory = memory(request, index);
            let chosen = after
                .remembered(&request.space, candidates, memory.as_ref())
                .or_else(|| after.next(&request.space, candidates))
                .ok_or_else(|| self.refusal(&after, request, index))?;
            after.take(request, &chosen, memory);
            claimed.push(chosen);
        }
        *self = after;
        Ok(claimed)
    }

    /// Gives back what the owner holds.
    pub fn release(&mut self, owner: &Owner) -> Vec<Place> {
        let places = self.held.remove(owner).unwrap_or_default();
        for place in &places {
            self.leases.remove(place);
        }
        places
    }

    /// Takes a lease up that another record proves; whether its address was free or its own.
    pub fn restore(&mut self, lease: &Lease) -> bool {
        let place = (lease.space.clone(), lease.address);
        if let Some(known) = self.leases.get(&place) {
            return known.owner == lease.owner;
        }
        self.memories.retain(|_, kept| *kept != place);
        self.leases.insert(place.clone(), lease.clone());
        let held = self.held.entry(lease.owner.clone()).or_default();
        held.push(place);
        true
    }

    /// How many different addresses the ranges have, and how many of them are leased.
    pub fn usage(&self, space: &str, ranges: &[(IpAddr, IpAddr)]) -> (u128, u128) {
        let mut all: Vec<_> = ranges.iter().copied().flat_map(addresses).collect();
        all.sort_unstable();
        all.dedup();
        let taken = all.iter().filter(|address| self.is_taken(space, **address));
        (all.len() as u128, taken.count() as u128)
    }

    fn is_taken(&self, space: &str, address: IpAddr) -> bool {
        self.leases.contains_key(&(space.to_owned(), address))
    }

    fn is_remembered(&self, space: &str, address: IpAddr) -> bool {
        let mut kept = self.memories.values();
        kept.any(|(known, kept)| known == space && *kept == address)
    }

    /// The address that the pod had, where it is offered and free.
    fn remembered(
        &self,
        space: &str,
        candidates: &[Candidate],
        memory: Option<&Memory>,
    ) -> Option<Claimed> {
        let (known, address) = self.memories.get(memory?)?;
        let address = *address;
        let candidate = candidates.iter().position(|candidate| {
            let mut offered = candidate.ranges.iter().copied().flat_map(addresses);
            offered.any(|offered| offered == address)
        })?;
        let is_free = known == space && !self.is_taken(space, address);
        is_free.then_some(Claimed { address, candidate })
    }

    /// The first free address behind the one last handed out, once around, in the first
    /// candidate that has one; one that is remembered for a pod only if there is no other.
    fn next(&mut self, space: &str, candidates: &[Candidate]) -> Option<Claimed> {
        for spare_remembered in [true, false] {
            for (index, candidate) in candidates.iter().enumerate() {
                let (Some((first, _)), Some((_, last))) =
                    (candidate.ranges.first(), candidate.ranges.last())
                else {
                    continue;
                };
                let cursor = (space.to_owned(), *first, *last);
                let offered: Vec<_> = candidate
                    .ranges
                    .iter()
                    .copied()
                    .flat_map(addresses)
                    .collect();
                let begin = self
                    .cursors
                    .get(&cursor)
                    .and_then(|last| offered.iter().position(|address| address == last))
                    .map_or(0, |at| at + 1);
                let around = offered[begin..].iter().chain(&offered[..begin]);
                let free = around.copied().find(|address| {
                    let remembered = spare_remembered && self.is_remembered(space, *address);
                    !remembered && !self.is_taken(space, *address)
                });
                if let Some(address) = free {
                    self.cursors.insert(cursor, address);
                    return Some(Claimed {
                        address,
                        candidate: index,
                    });
                }
            }
        }
        None
    }

    fn take(&mut self, request: &Request, chosen: &Claimed, memory: Option<Memory>) {
        let place = (request.space.clone(), chosen.address);
        self.memories.retain(|key, kept| {
            let is_ours = memory.as_ref() == Some(key);
            *kept != place && !is_ours
        });
        if let Some(memory) = memory {
            self.memories.insert(memory, place.clone());
        }
        let lease = Lease {
            space: request.space.clone(),
            address: chosen.address,
            pool: String::new(),
            owner: request.owner.clone(),
            pod: request.pod.clone(),
            since: 0,
        };
        self.leases.insert(place.clone(), lease);
        let held = self.held.entry(request.owner.clone()).or_default();
        held.push(place);
    }

    fn refusal(&self, after: &Self, request: &Request, index: usize) -> Refusal {
        if let [Candidate { ranges, .. }] = &request.claims[index][..]
            && let [(first, last)] = ranges[..]
            && first == last
        {
            let lease = &after.leases[&(request.space.clone(), first)];
            return Refusal::Taken(first, lease.owner.clone());
        }
        Refusal::Exhausted(index)
    }
}

fn memory(request: &Request, index: usize) -> Option<Memory> {
    let pod = request.pod.clone().filter(|_| request.keep)?;
    let is_ipv4 = |claim: &Vec<Candidate>| {
        let mut ranges = claim.iter().flat_map(|candidate| &candidate.ranges);
        ranges.next().is_none_or(|(first, _)| first.is_ipv4())
    };
    let family = is_ipv4(&request.claims[index]);
    let before = request.claims[..index].iter();
    Some((
        request.owner.network.clone(),
        pod,
        request.owner.interface_name.clone(),
        family,
        before.filter(|claim| is_ipv4(claim) == family).count(),
    ))
}

/// All addresses of a range, which must be a short one.
fn addresses((first, last): (IpAddr, IpAddr)) -> Vec<IpAddr> {
    match (first, last) {
        (IpAddr::V4(first), IpAddr::V4(last)) => (first.to_bits()..=last.to_bits())
            .map(|number| Ipv4Addr::from_bits(number).into())
            .collect(),
        (IpAddr::V6(first), IpAddr::V6(last)) => (first.to_bits()..=last.to_bits())
            .map(|number| Ipv6Addr::from_bits(number).into())
            .collect(),
        _ => Vec::new(),
    }
}
