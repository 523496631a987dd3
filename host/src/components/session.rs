//! The host's side of one call, whatever version of the contract the component speaks: what it
//! was given and what it recorded.
//!
//! [`Session`] is where the component runs, with the handles that it holds; [`Authority`] is in
//! the process that performs the plan, and alone decides what may be seen and recorded. For a
//! built-in component the two are in one process, for a vendor's the wall is between them.

mod addressing;
mod arguments;
mod ask;
mod authority;
mod behind;
mod bridges;
mod call;
mod facts;
mod functions;
mod links;
mod netdevs;
mod operations;
mod routes;
mod settings;

use std::sync::Arc;

use plumb_engine::{Allowance, limits};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wasmtime::component::{Resource, ResourceTable};
use wasmtime::{StoreLimits, StoreLimitsBuilder};

use super::asked::Asked;
use super::end::End;
use super::refusal::Refusal;
use crate::facts::{LinkFacts, PciFacts, Place};
use crate::operations::{LinkNumber, Operation};
use crate::outcome::AddressSource;
use crate::routing::{RouteTemplate, RuleTemplate};

pub use arguments::network_of;
pub use authority::Authority;
#[cfg(test)]
pub(in crate::components) use authority::tests::authority;
pub use behind::Behind;
pub use bridges::{BridgeOptions, SharedBridgeHandle};
pub use call::{HostAnswer, HostCall};
pub use functions::{VirtualFunctionSettings, Vlan};
pub use links::{IpoibOptions, IpvlanOptions, MacvlanOptions};
pub use netdevs::{ChannelCounts, RingSizes, VethOptions, VlanOptions};
pub use routes::plain_route;

/// What is kept for a `link` handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkHandle {
    /// By which the authority knows that it gave it.
    pub number: u32,
    /// Where it lies.
    pub place: Place,
    /// What it looked like.
    #[serde(serialize_with = "inside", deserialize_with = "shared")]
    pub facts: Arc<LinkFacts>,
}

/// What is kept for a `pci-function` handle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PciHandle {
    /// By which the authority knows that it gave it.
    pub number: u32,
    /// What it looked like.
    #[serde(serialize_with = "inside", deserialize_with = "shared")]
    pub facts: Arc<PciFacts>,
    /// Its links.
    pub links: Vec<LinkHandle>,
    /// The link of the physical function.
    pub parent_link: Option<LinkHandle>,
}

/// What is kept for a `pod-link` handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodLinkHandle {
    /// Which interface of the plan it is.
    pub number: LinkNumber,
}

fn inside<T: Serialize, S: Serializer>(shared: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
    T::serialize(shared, to)
}

fn shared<'a, T: Deserialize<'a>, D: Deserializer<'a>>(from: D) -> Result<Arc<T>, D::Error> {
    T::deserialize(from).map(Arc::new)
}

/// Something that a component recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// An operation, ready to be performed.
    Operation(Operation),
    /// The addresses of this source are to be assigned here.
    Assign(LinkNumber, AddressSource),
    /// The addresses of this source are to be taken here, for the result alone.
    Reserve(AddressSource),
    /// Routes by this interface that refer to addresses.
    AddRoutes(LinkNumber, RouteTemplate),
    /// Rules that refer to addresses.
    AddRules(RuleTemplate),
}

/// Who answers a component's calls.
enum Host {
    /// This process.
    Here(Box<Authority>),
    /// The process before the wall.
    Parent(Behind),
}

/// The data of a call's store.
pub struct Session {
    pub(in crate::components) limits: StoreLimits,
    allowance: Allowance,
    pub(in crate::components) table: ResourceTable,
    asked: Arc<Asked>,
    host: Host,
    calls: u32,
}

/// What wasmtime holds an instance to.
pub(in crate::components) fn store_limits(allowance: Allowance) -> StoreLimits {
    let limits = allowance.limits();
    StoreLimitsBuilder::new()
        .memory_size(limits.memory_bytes)
        .table_elements(limits.table_elements)
        .instances(limits.instances)
        .tables(limits.tables)
        .memories(limits.memories)
        .trap_on_grow_failure(true)
        .build()
}

impl Session {
    /// The host for a component in the authority's own process.
    pub fn here(authority: Authority) -> Self {
        let asked = Arc::clone(authority.asked());
        Self::of(Host::Here(Box::new(authority)), asked, Allowance::Ordinary)
    }

    /// The host for a component behind the wall.
    pub(in crate::components) fn behind(
        behind: Behind,
        asked: Arc<Asked>,
        allowance: Allowance,
    ) -> Self {
        Self::of(Host::Parent(behind), asked, allowance)
    }

    fn of(host: Host, asked: Arc<Asked>, allowance: Allowance) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::HANDLES);
        Self {
            limits: store_limits(allowance),
            allowance,
            table,
            asked,
            host,
            calls: 0,
        }
    }

    /// How much the component may have.
    pub(in crate::components) fn allowance(&self) -> Allowance {
        self.allowance
    }

    fn ask(&mut self, call: HostCall) -> Result<HostAnswer, Refusal> {
        match &mut self.host {
            Host::Here(authority) => authority.answer(call),
            Host::Parent(behind) => behind.ask(call),
        }
    }

    /// Counts a call of a host function: fuel does not see what the host does.
    pub(in crate::components) fn count_call(&mut self) -> wasmtime::Result<()> {
        self.calls += 1;
        if self.calls > limits::HOST_CALLS {
            return Err(wasmtime::Error::msg(format!(
                "it called the host more than {} times",
                limits::HOST_CALLS
            )));
        }
        Ok(())
    }

    /// What the component is asked for.
    pub(in crate::components) fn asked(&self) -> &Arc<Asked> {
        &self.asked
    }

    /// Behind the wall: says how the component ended.
    pub(in crate::components) fn tell(&mut self, end: End) {
        if let Host::Parent(behind) = &mut self.host {
            behind.tell(end);
        }
    }

    /// What was given and recorded; none behind the wall.
    pub fn into_authority(self) -> Option<Authority> {
        match self.host {
            Host::Here(authority) => Some(*authority),
            Host::Parent(_) => None,
        }
    }

    /// Gives the component a handle of what it asked for; the outer error is a trap.
    pub(in crate::components) fn hand_over<T: Send + 'static, E: From<Refusal>>(
        &mut self,
        given: Result<T, Refusal>,
    ) -> wasmtime::Result<Result<Resource<T>, E>> {
        match given {
            Ok(given) => Ok(Ok(self.table.push(given)?)),
            Err(refusal) => Ok(Err(refusal.into())),
        }
    }

    /// The same for several.
    pub(in crate::components) fn hand_over_all<T: Send + 'static, E: From<Refusal>>(
        &mut self,
        given: Result<Vec<T>, Refusal>,
    ) -> wasmtime::Result<Result<Vec<Resource<T>>, E>> {
        match given {
            Ok(given) => {
                let handles = given.into_iter().map(|one| Ok(self.table.push(one)?));
                Ok(Ok(handles.collect::<wasmtime::Result<_>>()?))
            }
            Err(refusal) => Ok(Err(refusal.into())),
        }
    }
}
