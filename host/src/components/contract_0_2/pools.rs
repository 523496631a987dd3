//! The interface `pools` of 0.2: what a policy chooses from, and its proposal.

use std::sync::Arc;

use wasmtime::component::Resource;

use super::bindings::pools::{AddressRange, Host, HostCandidate, HostPool, HostProposal};
use super::bindings::types::{self, IpAddress, IpNetwork};
use super::routing::RouteDraft;
use super::values::{address, to_address, to_family, to_network};
use crate::components::proposal::{Proposed, ProposedCandidate};
use crate::components::session::Session;
use crate::kernel::route::Route;
use crate::pools::Pool;
use crate::routing::RouteTemplate;

/// What the host keeps for a `pool` handle.
pub struct PoolHandle(Arc<Pool>);

impl PoolHandle {
    /// A handle of a pool.
    pub(super) fn of(pool: &Pool) -> Self {
        Self(Arc::new(pool.clone()))
    }
}

impl Session {
    fn pool(&self, pool: &Resource<PoolHandle>) -> wasmtime::Result<&Pool> {
        Ok(&self.table.get(pool)?.0)
    }
}

impl Host for Session {}

impl HostPool for Session {
    fn name(&mut self, pool: Resource<PoolHandle>) -> wasmtime::Result<String> {
        Ok(self.pool(&pool)?.name.clone())
    }

    fn family(&mut self, pool: Resource<PoolHandle>) -> wasmtime::Result<types::Family> {
        Ok(to_family(self.pool(&pool)?.family))
    }

    fn subnet(&mut self, pool: Resource<PoolHandle>) -> wasmtime::Result<IpNetwork> {
        Ok(to_network(self.pool(&pool)?.subnet))
    }

    fn usable(&mut self, pool: Resource<PoolHandle>) -> wasmtime::Result<Vec<AddressRange>> {
        let ranges = self.pool(&pool)?.usable().into_iter();
        Ok(ranges
            .map(|range| AddressRange {
                first: to_address(range.first),
                last: to_address(range.last),
            })
            .collect())
    }

    fn gateway(&mut self, pool: Resource<PoolHandle>) -> wasmtime::Result<Option<IpAddress>> {
        Ok(self.pool(&pool)?.gateway.map(to_address))
    }

    fn routes(
        &mut self,
        pool: Resource<PoolHandle>,
    ) -> wasmtime::Result<Vec<Resource<RouteDraft>>> {
        let pool = Arc::clone(&self.table.get(&pool)?.0);
        let handles = pool.routes.iter().map(|route| {
            let route = Route::new(route.destination, Some(route.gateway));
            Ok(self.table.push(RouteDraft(Ok(RouteTemplate::of(route))))?)
        });
        handles.collect()
    }

    fn is_default(&mut self, pool: Resource<PoolHandle>) -> wasmtime::Result<bool> {
        Ok(self.pool(&pool)?.is_default)
    }

    fn is_disabled(&mut self, pool: Resource<PoolHandle>) -> wasmtime::Result<bool> {
        Ok(self.pool(&pool)?.disabled)
    }

    fn namespaces(&mut self, pool: Resource<PoolHandle>) -> wasmtime::Result<Vec<String>> {
        Ok(self.pool(&pool)?.namespaces.clone())
    }

    fn nodes(&mut self, pool: Resource<PoolHandle>) -> wasmtime::Result<Vec<String>> {
        Ok(self.pool(&pool)?.nodes.clone())
    }

    fn drop(&mut self, pool: Resource<PoolHandle>) -> wasmtime::Result<()> {
        self.table.delete(pool)?;
        Ok(())
    }
}

impl HostCandidate for Session {
    fn new(
        &mut self,
        pool: Resource<PoolHandle>,
        ranges: Vec<AddressRange>,
    ) -> wasmtime::Result<Resource<ProposedCandidate>> {
        let pool = self.pool(&pool)?;
        let candidate = ProposedCandidate {
            pool: pool.name.clone(),
            ranges: ranges
                .into_iter()
                .map(|range| (address(range.first), address(range.last)))
                .collect(),
            prefix_length: pool.subnet.prefix(),
            gateway: None,
            routes: Ok(Vec::new()),
        };
        Ok(self.table.push(candidate)?)
    }

    fn set_prefix_length(
        &mut self,
        candidate: Resource<ProposedCandidate>,
        bits: u8,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&candidate)?.prefix_length = bits;
        Ok(())
    }

    fn set_gateway(
        &mut self,
        candidate: Resource<ProposedCandidate>,
        gateway: IpAddress,
    ) -> wasmtime::Result<()> {
        self.table.get_mut(&candidate)?.gateway = Some(address(gateway));
        Ok(())
    }

    fn add_route(
        &mut self,
        candidate: Resource<ProposedCandidate>,
        route: Resource<RouteDraft>,
    ) -> wasmtime::Result<()> {
        let route = self.table.delete(route)?.0;
        let routes = &mut self.table.get_mut(&candidate)?.routes;
        match (routes.as_mut(), route) {
            (Ok(routes), Ok(route)) => routes.push(route),
            (Ok(_), Err(refusal)) => *routes = Err(refusal),
            (Err(_), _) => {}
        }
        Ok(())
    }

    fn drop(&mut self, candidate: Resource<ProposedCandidate>) -> wasmtime::Result<()> {
        self.table.delete(candidate)?;
        Ok(())
    }
}

impl HostProposal for Session {
    fn new(&mut self) -> wasmtime::Result<Resource<Proposed>> {
        Ok(self.table.push(Proposed::default())?)
    }

    fn add_claim(
        &mut self,
        proposal: Resource<Proposed>,
        candidates: Vec<Resource<ProposedCandidate>>,
    ) -> wasmtime::Result<()> {
        let candidates = candidates.into_iter();
        let claim = candidates
            .map(|candidate| Ok(self.table.delete(candidate)?))
            .collect::<wasmtime::Result<_>>()?;
        self.table.get_mut(&proposal)?.claims.push(claim);
        Ok(())
    }

    fn keep(&mut self, proposal: Resource<Proposed>) -> wasmtime::Result<()> {
        self.table.get_mut(&proposal)?.keep = true;
        Ok(())
    }

    fn try_again_later(&mut self, proposal: Resource<Proposed>) -> wasmtime::Result<()> {
        self.table.get_mut(&proposal)?.tries_again = true;
        Ok(())
    }

    fn drop(&mut self, proposal: Resource<Proposed>) -> wasmtime::Result<()> {
        self.table.delete(proposal)?;
        Ok(())
    }
}
