//! Pools and proposals, as a test describes and sees them.

use std::net::IpAddr;

use plumb_values::arguments::{
    check_candidates, check_claims, check_gateway, check_pool, check_prefix_length, check_ranges,
};
use plumb_values::range::usable;
use plumb_values::{AddressRange, IpNetwork};

use super::RouteFacts;

/// A pool. [`pool`] makes one that gives out all of its subnet.
#[derive(Debug, Clone)]
pub struct PoolFacts {
    /// Its name.
    pub name: String,
    /// The network that its addresses are in.
    pub subnet: IpNetwork,
    /// `ips`; empty: the whole subnet.
    pub ranges: Vec<AddressRange>,
    /// `excludeIPs`
    pub excluded: Vec<AddressRange>,
    /// The gateway of its subnet.
    pub gateway: Option<IpAddr>,
    /// Routes beside the default route that the gateway makes.
    pub routes: Vec<RouteFacts>,
    /// `default`
    pub is_default: bool,
    /// `disable`
    pub is_disabled: bool,
    /// Namespaces whose pods may use it; empty: all.
    pub namespaces: Vec<String>,
    /// Nodes whose pods may use it; empty: all.
    pub nodes: Vec<String>,
}

/// A pool of this name that gives out all of its subnet, such as `10.0.0.0/24`, to everyone.
///
/// # Panics
///
/// When the subnet is none.
pub fn pool(name: &str, subnet: &str) -> PoolFacts {
    PoolFacts {
        name: name.to_owned(),
        subnet: subnet.parse().expect(subnet),
        ranges: Vec::new(),
        excluded: Vec::new(),
        gateway: None,
        routes: Vec::new(),
        is_default: false,
        is_disabled: false,
        namespaces: Vec::new(),
        nodes: Vec::new(),
    }
}

impl PoolFacts {
    /// What it can give out, as the host calculates it.
    pub(super) fn usable(&self) -> Vec<AddressRange> {
        let subnet = self.subnet.range();
        let given = match self.ranges.as_slice() {
            [] => &[subnet],
            given => given,
        };
        usable(subnet, given, &self.excluded, self.gateway)
    }
}

/// Addresses that one interface may get, and ranges of one candidate: the contract's limits.
const CLAIMS: usize = 16;
const RANGES: usize = 1024;

/// What a policy proposed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ProposalFacts {
    /// For each address its candidates, in the order of preference.
    pub claims: Vec<Vec<CandidateFacts>>,
    /// Whether a pod of the same name is to get the same addresses again.
    pub keep: bool,
    /// Whether it passes when no address is free.
    pub tries_again: bool,
}

impl ProposalFacts {
    /// Checks what the host checks.
    pub(super) fn check(&self, pools: &[PoolFacts]) -> Result<(), String> {
        check_claims(self.claims.len(), CLAIMS)?;
        for candidates in &self.claims {
            check_candidates(candidates.len())?;
            for candidate in candidates {
                let pool = pools.iter().find(|pool| pool.name == candidate.pool);
                candidate.check(pool.expect("it was made of one of them"))?;
            }
        }
        Ok(())
    }
}

/// Where an address may come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CandidateFacts {
    /// Name of the pool.
    pub pool: String,
    /// In the order in which they are looked at.
    pub ranges: Vec<AddressRange>,
    /// Prefix that the address gets on the interface.
    pub prefix_length: u8,
    /// Gateway in the result.
    pub gateway: Option<IpAddr>,
    /// Routes that come with the address.
    pub routes: Vec<RouteFacts>,
}

impl CandidateFacts {
    fn check(&self, pool: &PoolFacts) -> Result<(), String> {
        let family = pool.subnet.family();
        check_pool(&pool.name, pool.is_disabled)?;
        check_ranges(&pool.name, &self.ranges, &pool.usable(), RANGES)?;
        check_prefix_length(family, self.prefix_length)?;
        self.gateway
            .map_or(Ok(()), |gateway| check_gateway(family, gateway))?;
        self.routes.iter().try_for_each(RouteFacts::check)
    }
}
