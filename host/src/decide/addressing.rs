//! Where the addresses of a plan come from.

use std::rc::Rc;
use std::sync::Arc;

use super::Ipam;
use crate::available_pools::AvailablePools;
use crate::cni::AddRequest;
use crate::components::{About, Asked, Proposal, Sandbox, Source};
use crate::facts::{Facts, PodInterface};
use crate::operations::{ClaimAddresses, DelegateIpam, Operation, delegate_ipam};
use crate::outcome::{AddressSource, Assigned, LinkNumber};
use crate::plan::{Plan, Step};
use crate::{Error, Result};

/// Where a plan's addresses come from.
pub(super) struct Addressing<'a> {
    pub(super) request: &'a AddRequest,
    pub(super) ipam: &'a Ipam,
    pub(super) space: &'a str,
    pub(super) sandbox: &'a Sandbox<'a>,
    pub(super) asked: &'a Arc<Asked>,
    pub(super) about: &'a About,
    pub(super) facts: &'a Rc<dyn Facts>,
}

impl Addressing<'_> {
    /// Takes the addresses of a source for an interface. An address from a pool is claimed before
    /// anything else: when the pools are exhausted, no interface was made in vain. An IPAM plugin is
    /// asked when the interface is there, which dhcp needs.
    pub(super) fn take(
        &self,
        plan: &mut Plan,
        link: LinkNumber,
        source: AddressSource,
    ) -> Result<()> {
        match (source, self.ipam) {
            (AddressSource::Previous, _) => {
                let previous = self.request.previous.clone().unwrap_or_default();
                let assigned = delegate_ipam::assigned(&previous);
                plan.steps.push(Step::Assign(link, assigned));
            }
            (AddressSource::Configured, Ipam::None) => {
                return Err(Error::configuration(
                    "the flavour needs addresses, but the configuration has no \"ipam\"",
                ));
            }
            (AddressSource::Configured, Ipam::Policy(source, pools)) => {
                let proposal = self.propose(source, pools)?;
                let mut claim = claim(
                    proposal,
                    self.space,
                    !self.asked.requested_addresses.is_empty(),
                );
                claim.link = link;
                claim.keep = claim.keep && self.is_kept(&claim);
                self.add_routes(&mut claim, plan)?;
                plan.steps
                    .insert(0, Step::Operation(Operation::ClaimAddresses(claim)));
            }
            (AddressSource::Configured, Ipam::Delegate(plugin)) => {
                let plugin = plugin.clone();
                let ask = Operation::DelegateIpam(DelegateIpam { link, plugin });
                plan.steps.push(Step::Operation(ask));
            }
        }
        Ok(())
    }

    fn propose(&self, source: &Source, pools: &AvailablePools) -> Result<Proposal> {
        let facts = Rc::clone(self.facts);
        propose(self.sandbox, source, facts, self.asked, self.about, pools)
    }

    /// Whether an address is kept for a pod that has a name. On the node's own pools that costs nothing; of a pool that nodes
    /// share it takes the address from all others, so that it is done for pods that come again by the same name, as far
    /// as that is known, and for those of a network that asks for it.
    fn is_kept(&self, claim: &ClaimAddresses) -> bool {
        let mut sources = claim.claims.iter().flatten();
        if !sources.any(|source| source.candidate.shared) {
            return true;
        }
        let ipam = self.request.call.configuration.lower.get("ipam");
        let asks_for_it = ipam.and_then(|ipam| ipam.get("sticky")?.as_bool()) == Some(true);
        let choice = self.request.pod_choice.choice();
        asks_for_it || choice.is_none_or(|choice| choice.keep)
    }

    /// Adds the routes that the pod asks for itself, each with the addresses in whose subnet its gateway is. An interface
    /// that the pod has already, and that reaches the gateway, has the route.
    fn add_routes(&self, claim: &mut ClaimAddresses, plan: &mut Plan) -> Result<()> {
        let routes = self
            .request
            .pod_choice
            .choice()
            .map_or(&[][..], |choice| &choice.routes);
        if routes.is_empty() {
            return Ok(());
        }
        let own = &self.request.call.attachment.interface_name;
        let interfaces = self.facts.pod_routing()?.interfaces;
        let others = || interfaces.iter().filter(|one| one.name != *own);
        for route in routes {
            let Some(gateway) = route.gateway else {
                continue;
            };
            let reaches = |one: &&PodInterface| {
                let mut addresses = one.addresses.iter();
                addresses.any(|address| address.contains(gateway))
            };
            if let Some(other) = others().find(reaches) {
                plan.found.push(format!(
                    "the pod's route to {} by {gateway} is left to {}",
                    route.destination, other.name
                ));
                continue;
            }
            claim.add_route(route, gateway);
        }
        Ok(())
    }
}

/// What an address policy chooses of the pools, of which it is told why some cannot be used.
pub fn propose(
    sandbox: &Sandbox<'_>,
    source: &Source,
    facts: Rc<dyn Facts>,
    asked: &Arc<Asked>,
    about: &About,
    available: &AvailablePools,
) -> Result<Proposal> {
    let mut asked = Arc::clone(asked);
    if !available.unusable.is_empty() {
        Arc::make_mut(&mut asked)
            .unusable_pools
            .clone_from(&available.unusable);
    }
    sandbox.propose(source, facts, &asked, about, &available.pools)
}

/// The claim that a proposal asks for.
pub fn claim(proposal: Proposal, space: &str, requested: bool) -> ClaimAddresses {
    let mut names = Vec::new();
    for source in proposal.claims.iter().flatten() {
        if !names.contains(&source.candidate.pool) {
            names.push(source.candidate.pool.clone());
        }
    }
    ClaimAddresses {
        link: LinkNumber::default(),
        space: space.to_owned(),
        keep: proposal.keep,
        pools: names,
        addresses: Vec::new(),
        claimed: Vec::new(),
        requested,
        tries_again: proposal.tries_again,
        claims: proposal.claims,
    }
}

/// The addresses that the previous result has of interfaces in the pod.
pub(super) fn assigned_before(request: &AddRequest) -> Assigned {
    let mut previous = request.previous.clone().unwrap_or_default();
    let interfaces = &previous.interfaces;
    let is_in_pod = |index: Option<usize>| {
        index.is_none_or(|index| {
            let interface = interfaces.get(index);
            interface.is_none_or(|interface| !interface.sandbox.is_empty())
        })
    };
    previous
        .addresses
        .retain(|address| is_in_pod(address.interface));
    delegate_ipam::assigned(&previous)
}
