//! Claims addresses from the pools that the address policy chose.

use std::net::IpAddr;
use std::time::Instant;

use ipnetwork::IpNetwork;
use plumb_protocol::Take;
use serde::{Deserialize, Serialize};

use super::{Lifetime, LinkNumber, Reversible, difference};
use crate::cni::previous::Previous;
use crate::journal::Checked;
use crate::kernel::route::Route;
use crate::leases::{self, Candidate, ClaimError, Claimed, Lease};
use crate::machine::Machine;
use crate::outcome::{Assigned, AssignedAddress};
use crate::pod::Pod;
use crate::{Code, Error, Result, agent};

/// How often the agent is asked for one claim.
const ROUNDS: usize = 3;

/// Where an address may come from, and what comes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The pool and its ranges.
    pub candidate: Candidate,
    /// Prefix that the address gets on the interface.
    pub prefix: u8,
    /// The network's gateway.
    pub gateway: Option<IpAddr>,
    /// The routes that come with it.
    pub routes: Vec<Route>,
}

/// What is recorded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ClaimAddresses {
    /// The interface that gets them, see [`LinkNumber`].
    #[serde(default)]
    pub link: LinkNumber,
    /// An address is unique in its space: the node's, or that of a wire which the policy names.
    pub space: String,
    /// Whether a pod of the same name is to get the same address again.
    pub keep: bool,
    /// The pools, for people.
    pub pools: Vec<String>,
    /// What was claimed, once it was.
    pub addresses: Vec<IpAddr>,
    /// Whether the addresses were asked for one by one: then one that is taken is not
    /// the same as a pool that is exhausted.
    #[serde(skip)]
    pub requested: bool,
    /// Whether the policy takes it for something that passes when none is free.
    #[serde(skip)]
    pub tries_again: bool,
    /// The same with the candidate that each came from.
    #[serde(skip)]
    pub claimed: Vec<Claimed>,
    /// For each address its sources in the order of preference. Releasing needs only
    /// the owner, so the record has no use for them.
    #[serde(skip)]
    pub claims: Vec<Vec<Source>>,
}

impl ClaimAddresses {
    /// The claims as the lease store wants them.
    pub fn candidates(&self) -> Vec<Vec<Candidate>> {
        self.claims
            .iter()
            .map(|sources| {
                sources
                    .iter()
                    .map(|source| source.candidate.clone())
                    .collect()
            })
            .collect()
    }

    /// Adds a route that comes with each address in whose subnet its gateway is, in the place of the pool's own to the same
    /// destination.
    pub fn add_route(&mut self, route: &Route, gateway: IpAddr) {
        for source in self.claims.iter_mut().flatten() {
            let first = source.candidate.ranges.first().map(|range| range.0);
            let subnet = first.and_then(|first| IpNetwork::new(first, source.prefix).ok());
            if !subnet.is_some_and(|subnet| subnet.contains(gateway)) {
                continue;
            }
            source
                .routes
                .retain(|own| own.destination != route.destination);
            source.routes.push(route.clone());
        }
    }

    /// The claims with what this node shares with others: what the agent can be asked for.
    fn shared(&self) -> Vec<Vec<plumb_protocol::Candidate>> {
        let claims = self.claims.iter().map(|sources| {
            let shared = sources.iter().filter(|source| source.candidate.shared);
            shared
                .map(|source| plumb_protocol::Candidate {
                    pool: source.candidate.pool.clone(),
                    ranges: source.candidate.ranges.clone(),
                })
                .collect()
        });
        claims.filter(|claim: &Vec<_>| !claim.is_empty()).collect()
    }

    /// The question for addresses that this node does not hold.
    fn question(&self, claims: Vec<Vec<plumb_protocol::Candidate>>, pod: &Pod) -> Take {
        Take {
            space: self.space.clone(),
            network: pod.attachment.network.clone(),
            interface: pod.attachment.interface_name.clone(),
            pod: pod.identity.as_ref().map(agent::name_of),
            keep: self.keep,
            requested: self.requested,
            claims,
        }
    }

    /// Claims what this node holds; else has the agent get some for it, which changes no lease, and claims again. Nothing is
    /// locked and nothing open meanwhile but this attachment's own record.
    fn claim(&self, machine: &Machine<'_>) -> Result<Vec<Claimed>> {
        let (owner, pod) = (machine.pod.owner(), machine.pod.identity.as_ref());
        let pod = pod.map(leases::Pod::from);
        let leases = machine.node.leases;
        let candidates = self.candidates();
        let mut request = leases::Request {
            space: &self.space,
            owner: &owner,
            pod: pod.as_ref(),
            claims: &candidates,
            keep: self.keep,
            asked: false,
        };
        let mut refused = None;
        for _ in 0..ROUNDS {
            let missing = match leases.fulfil(&request) {
                Err(error @ ClaimError::NotHeld { .. }) => error,
                claimed => return claimed.map_err(|error| self.refusal(error)),
            };
            if let Some(refused) = refused {
                return Err(refused);
            }
            leases.let_go();
            let taken = self.ask(self.shared(), &missing, machine);
            match taken {
                // Others may be free that were not to be taken before the agent was asked.
                Err(error) if error.code == Code::POOL_EXHAUSTED => refused = Some(error),
                taken => taken?,
            }
            request.asked = true;
        }
        match leases.fulfil(&request) {
            Err(error @ ClaimError::NotHeld { .. }) => Err(refused.unwrap_or_else(|| {
                Error::new(
                    Code::TRY_AGAIN_LATER,
                    format!(
                        "the agent of this node got addresses for it {ROUNDS} times, and each time other pods of the node \
                         were quicker, or they are not of these pools: {error}"
                    ),
                )
            })),
            claimed => claimed.map_err(|error| self.refusal(error)),
        }
    }

    fn ask(
        &self,
        claims: Vec<Vec<plumb_protocol::Candidate>>,
        missing: &ClaimError,
        machine: &Machine<'_>,
    ) -> Result<()> {
        let begin = Instant::now();
        let names: Vec<_> = claims
            .iter()
            .flatten()
            .map(|one| one.pool.clone())
            .collect();
        let names = names.join(", ");
        let taken = machine.node.agent.take(self.question(claims, &machine.pod));
        machine.node.trace.operation(
            format!("ask the agent for addresses of pool {names}, because {missing}"),
            begin.elapsed(),
            &taken,
        );
        taken.map_err(|error| {
            Error::new(
                error.code,
                match error.code {
                    Code::TRY_AGAIN_LATER => format!(
                        "pool {names} is shared by the nodes of a cluster, and {missing}: {}",
                        error.message
                    ),
                    _ => error.message,
                },
            )
        })
    }

    /// The store takes a pool of one address for an address that was asked for.
    fn refusal(&self, error: ClaimError) -> Error {
        match error {
            ClaimError::Taken { .. } if !self.requested => Error::new(
                Code::POOL_EXHAUSTED,
                format!(
                    "pool {} has no free address: {error}",
                    self.pools.join(", ")
                ),
            ),
            error => error.into(),
        }
    }

    /// Whether all that was claimed is among these leases.
    fn are_in(&self, leases: &[Lease]) -> bool {
        let is_there = |address: &IpAddr| leases.iter().any(|lease| lease.address == *address);
        self.addresses.iter().all(is_there)
    }

    /// Sets an address aside that somebody with this hardware address was found to have, and claims another one in its
    /// place, which the outcome has then; that one.
    ///
    /// # Errors
    ///
    /// As for a claim; the address is set aside all the same.
    pub fn exchange(
        &mut self,
        index: usize,
        hardware_address: &str,
        machine: &mut Machine<'_>,
    ) -> Result<IpAddr> {
        let owner = machine.pod.owner();
        let pod = machine.pod.identity.as_ref().map(leases::Pod::from);
        let mut request = leases::Request {
            space: &self.space,
            owner: &owner,
            pod: pod.as_ref(),
            claims: &self.candidates(),
            keep: self.keep,
            asked: false,
        };
        let leases = machine.node.leases;
        let mut exchanged = leases.exchange(&request, index, hardware_address);
        if let Err(missing @ ClaimError::NotHeld { .. }) = exchanged {
            leases.let_go();
            let asked = self.ask_for_another(index, &missing, machine);
            // Whatever came of it, the pod does not get this one.
            request.asked = true;
            exchanged = leases.exchange(&request, index, hardware_address);
            if let (Err(ClaimError::NotHeld { .. }), Err(error)) = (&exchanged, asked) {
                return Err(error);
            }
        }
        let claimed = exchanged.map_err(|error| self.refusal(error))?;
        let address = claimed.address;
        self.addresses[index] = address;
        self.claimed[index] = claimed;
        machine.outcome.interface(self.link).assigned = self.assigned(&self.claimed)?;
        Ok(address)
    }

    /// Asks for an address in the place of one that somebody on the wire has. The cluster may keep that very one for the
    /// pod, so nothing is said of keeping.
    fn ask_for_another(
        &self,
        index: usize,
        missing: &ClaimError,
        machine: &Machine<'_>,
    ) -> Result<()> {
        let one = Self {
            keep: false,
            claims: self.claims.get(index).cloned().into_iter().collect(),
            ..self.clone()
        };
        one.ask(one.shared(), missing, machine)
    }

    /// What the claimed addresses bring along.
    pub fn assigned(&self, claimed: &[Claimed]) -> Result<Assigned> {
        let mut assigned = Assigned::default();
        for (sources, claimed) in self.claims.iter().zip(claimed) {
            let Some(source) = sources.get(claimed.candidate) else {
                continue;
            };
            let address = IpNetwork::new(claimed.address, source.prefix).map_err(|error| {
                Error::new(
                    Code::INVALID_CONFIGURATION,
                    format!("address {}/{}: {error}", claimed.address, source.prefix),
                )
            })?;
            assigned.addresses.push(AssignedAddress {
                address,
                gateway: source.gateway,
            });
            assigned.routes.extend(source.routes.iter().cloned());
        }
        Ok(assigned)
    }
}

impl Reversible for ClaimAddresses {
    fn check_record(&self) -> Checked {
        Ok(())
    }

    fn describe(&self) -> String {
        let addresses = match self.addresses.as_slice() {
            [] => String::new(),
            addresses => {
                let addresses: Vec<_> = addresses.iter().map(IpAddr::to_string).collect();
                format!(": {}", addresses.join(", "))
            }
        };
        format!(
            "claim {} from pool {}{addresses}",
            match self.claims.len().max(self.addresses.len()) {
                1 => "one address".to_owned(),
                count => format!("{count} addresses"),
            },
            self.pools.join(", ")
        )
    }

    fn lifetime(&self) -> Lifetime {
        Lifetime::Unbounded
    }

    fn gives_addresses(&self) -> bool {
        true
    }

    fn prepare(&mut self, _machine: &Machine<'_>) -> Result<()> {
        Ok(())
    }

    fn perform(&mut self, machine: &mut Machine<'_>) -> Result<()> {
        let claimed = self.claim(machine)?;
        self.addresses = claimed.iter().map(|claimed| claimed.address).collect();
        machine.outcome.interface(self.link).assigned = self.assigned(&claimed)?;
        self.claimed = claimed;
        Ok(())
    }

    fn undo(&self, machine: &mut Machine<'_>) -> Result<()> {
        let (leases, owner) = (machine.node.leases, machine.pod.owner());
        if !self.are_in(&leases.release(&owner)?) {
            // They were released before, or the store is damaged where nothing else looks, as in the owner's name.
            leases.check()?;
            leases.release(&owner)?;
        }
        Ok(())
    }

    fn verify(&self, machine: &mut Machine<'_>, _expected: &Previous) -> Result<()> {
        let (leases, owner) = (machine.node.leases, machine.pod.owner());
        let mut held = leases.held_by(&owner)?;
        if !self.are_in(&held) {
            leases.check()?;
            held = leases.held_by(&owner)?;
        }
        for address in &self.addresses {
            if !held.iter().any(|lease| lease.address == *address) {
                return Err(difference(format!(
                    "address {address} is not leased to {} any more",
                    machine.pod.attachment
                )));
            }
        }
        Ok(())
    }
}
