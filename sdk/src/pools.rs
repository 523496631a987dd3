//! Address pools, and what a policy makes of them.
//!
//! A policy never picks an address. It returns ranges in the order of preference; the
//! host claims the first free address, in one transaction with all other pods.

use std::net::IpAddr;

use plumb_values::{AddressRange, Family, IpNetwork};

use crate::contract::{self, pools};
use crate::routing::Route;

/// A pool, from the configuration or from a `SpiderIPPool` file, checked by the host: one
/// family, all addresses inside the subnet, no address in two enabled pools.
#[derive(Debug)]
pub struct Pool(pub(crate) pools::Pool);

impl Pool {
    /// Its name.
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// The family of its addresses.
    pub fn family(&self) -> Family {
        self.0.family().into()
    }

    /// The network that its addresses are in.
    pub fn subnet(&self) -> IpNetwork {
        self.0.subnet().into()
    }

    /// What it can give out, ascending: without what is excluded, the gateway, and the subnet's
    /// first and last address. Addresses that pods hold are among them.
    pub fn usable(&self) -> Vec<AddressRange> {
        self.0.usable().into_iter().map(Into::into).collect()
    }

    /// The gateway of its subnet.
    pub fn gateway(&self) -> Option<IpAddr> {
        self.0.gateway().map(Into::into)
    }

    /// Routes beside the default route that the gateway makes.
    pub fn routes(&self) -> Vec<Route> {
        self.0.routes().into_iter().map(Route).collect()
    }

    /// `default`: used by networks that name no pool.
    pub fn is_default(&self) -> bool {
        self.0.is_default()
    }

    /// `disable`: gives out no address; the host refuses a proposal of it.
    pub fn is_disabled(&self) -> bool {
        self.0.is_disabled()
    }

    /// Namespaces whose pods may use it; empty: all.
    pub fn namespaces(&self) -> Vec<String> {
        self.0.namespaces()
    }

    /// Nodes whose pods may use it; empty: all.
    pub fn nodes(&self) -> Vec<String> {
        self.0.nodes()
    }
}

/// Where an address may come from.
#[derive(Debug)]
pub struct Candidate(pools::Candidate);

impl Candidate {
    /// Free addresses are looked for in `ranges`, in this order. At most 1024, all of them
    /// addresses that the pool gives out. The address gets the prefix of the pool's subnet, and
    /// neither gateway nor routes.
    pub fn new(pool: &Pool, ranges: &[AddressRange]) -> Self {
        let ranges: Vec<contract::AddressRange> =
            ranges.iter().map(|range| (*range).into()).collect();
        Self(pools::Candidate::new(&pool.0, &ranges))
    }

    /// With another prefix on the interface.
    pub fn with_prefix_length(self, bits: u8) -> Self {
        self.0.set_prefix_length(bits);
        self
    }

    /// With a gateway in the result.
    pub fn with_gateway(self, gateway: IpAddr) -> Self {
        self.0.set_gateway(gateway.into());
        self
    }

    /// With a route that comes with the address; the default route is one.
    pub fn with_route(self, route: Route) -> Self {
        self.0.add_route(route.0);
        self
    }
}

/// What the policy wants: all addresses or none.
#[derive(Debug)]
pub struct Proposal(pub(crate) pools::Proposal);

impl Default for Proposal {
    fn default() -> Self {
        Self::new()
    }
}

impl Proposal {
    /// Of no address yet.
    pub fn new() -> Self {
        Self(pools::Proposal::new())
    }

    /// With one address more that the interface gets, at most 16: from the first candidate that
    /// has a free one.
    pub fn with_claim(self, candidates: Vec<Candidate>) -> Self {
        let candidates = candidates.into_iter().map(|candidate| candidate.0);
        self.0.add_claim(candidates.collect());
        self
    }

    /// Gives a pod of the same name the same addresses again (StatefulSets), as long as nobody
    /// else needed them.
    pub fn keep(self) -> Self {
        self.0.keep();
        self
    }

    /// Takes it for something that passes when others hold all that is proposed, such as the pod's
    /// predecessor: the error is [`ErrorCode::TryAgainLater`](crate::ErrorCode::TryAgainLater) then, CNI
    /// code 11, by which the runtime tries again.
    pub fn try_again_later(self) -> Self {
        self.0.try_again_later();
        self
    }
}
