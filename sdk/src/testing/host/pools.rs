//! The interface `pools`.

use std::cell::RefCell;

use super::routing::Route;
use crate::bindings::address_policy::plumb::cni::pools::AddressRange;
use crate::bindings::flavour::plumb::cni::types;
use crate::testing::{CandidateFacts, PoolFacts, ProposalFacts};

#[derive(Debug)]
pub struct Pool(pub(crate) PoolFacts);

impl Pool {
    pub fn name(&self) -> String {
        self.0.name.clone()
    }

    pub fn family(&self) -> types::Family {
        self.0.subnet.family().into()
    }

    pub fn subnet(&self) -> types::IpNetwork {
        self.0.subnet.into()
    }

    pub fn usable(&self) -> Vec<AddressRange> {
        self.0.usable().into_iter().map(Into::into).collect()
    }

    pub fn gateway(&self) -> Option<types::IpAddress> {
        self.0.gateway.map(Into::into)
    }

    pub fn routes(&self) -> Vec<Route> {
        self.0.routes.iter().cloned().map(Route::of).collect()
    }

    pub fn is_default(&self) -> bool {
        self.0.is_default
    }

    pub fn is_disabled(&self) -> bool {
        self.0.is_disabled
    }

    pub fn namespaces(&self) -> Vec<String> {
        self.0.namespaces.clone()
    }

    pub fn nodes(&self) -> Vec<String> {
        self.0.nodes.clone()
    }
}

#[derive(Debug)]
pub struct Candidate(RefCell<CandidateFacts>);

impl Candidate {
    pub fn new(pool: &Pool, ranges: &[AddressRange]) -> Self {
        Self(RefCell::new(CandidateFacts {
            pool: pool.name(),
            ranges: ranges.iter().map(|range| (*range).into()).collect(),
            prefix_length: pool.0.subnet.prefix_length,
            gateway: None,
            routes: Vec::new(),
        }))
    }

    pub fn set_prefix_length(&self, bits: u8) {
        self.0.borrow_mut().prefix_length = bits;
    }

    pub fn set_gateway(&self, gateway: types::IpAddress) {
        self.0.borrow_mut().gateway = Some(gateway.into());
    }

    pub fn add_route(&self, route: Route) {
        self.0.borrow_mut().routes.push(route.into_facts());
    }
}

#[derive(Debug)]
pub struct Proposal(RefCell<ProposalFacts>);

impl Proposal {
    pub fn new() -> Self {
        Self(RefCell::default())
    }

    pub(crate) fn into_facts(self) -> ProposalFacts {
        self.0.into_inner()
    }

    pub fn add_claim(&self, candidates: Vec<Candidate>) {
        let candidates = candidates.into_iter().map(|one| one.0.into_inner());
        self.0.borrow_mut().claims.push(candidates.collect());
    }

    pub fn keep(&self) {
        self.0.borrow_mut().keep = true;
    }

    pub fn try_again_later(&self) {
        self.0.borrow_mut().tries_again = true;
    }
}
