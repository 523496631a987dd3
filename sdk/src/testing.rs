//! Tests without a kernel: a component runs natively, on a node that the test describes,
//! and the test looks at the plan.
//!
//! ```
//! # mod acme {
//! # use plumb_sdk::prelude::*;
//! # #[derive(Keys)]
//! # pub struct Keys { master: HostLink, mtu: Option<u32> }
//! # #[flavour(uses(create_macvlan, set_link_sysctl, assign_addresses))]
//! # pub fn attach(keys: Keys, _: &Request) -> Result<()> {
//! #     let link = Macvlan::on(&keys.master).mtu(keys.mtu).create()?;
//! #     link.bring_up(Configured).map(drop)
//! # }
//! # }
//! # use acme::Component;
//! use plumb_sdk::ErrorCode;
//! use plumb_sdk::facts::Place;
//! use plumb_sdk::testing::{AddressSource, Node, Operation, link, request};
//!
//! let node = Node::new().with_link(Place::Host, link("ens6f0np0"));
//! let network = r#"{"master": "ens6f0np0", "ipam": {"type": "pool"}}"#;
//! let outcome = node.attach::<Component>(request(network));
//! outcome.result.unwrap();
//! let addresses = AddressSource::Configured;
//! assert_eq!(outcome.plan.last(), Some(&Operation::AssignAddresses { addresses }));
//!
//! let network = r#"{"master": "ens6f0np0", "mtu": 9000, "ipam": {"type": "pool"}}"#;
//! let outcome = node.attach::<Component>(request(network));
//! outcome.assert_refused(ErrorCode::InvalidConfiguration, &["mtu 9000", "1500", "ens6f0np0"]);
//! ```
//!
//! A policy needs no node:
//!
//! ```
//! # mod acme {
//! # use plumb_sdk::prelude::*;
//! # #[policy]
//! # pub fn propose(_: &Request, pools: &[Pool]) -> Result<Proposal> {
//! #     let pool = pools.first().ok_or_else(|| Error::not_available("there is no pool"))?;
//! #     Ok(Proposal::new().with_claim(vec![Candidate::new(pool, &pool.usable())]))
//! # }
//! # }
//! # use acme::Component;
//! use plumb_sdk::testing::{pool, propose, request};
//!
//! let network = request(r#"{"ipam": {"type": "acme"}}"#);
//! let outcome = propose::<Component>(network, vec![pool("rail-1", "10.0.0.0/29")]);
//! let ranges = &outcome.result.unwrap().claims[0][0].ranges;
//! assert_eq!(ranges[0].to_string(), "10.0.0.1-10.0.0.6");
//! ```
//!
//! What plumb refuses by itself is refused here as well, in its words: a device that the
//! configuration does not name, an argument that is out of range, an MTU above the parent's, a second interface, a
//! step that refers to addresses before they are assigned, an operation in `ready`, one that is not
//! [granted](Node::with_grants), or not [on that device](Node::with_grant_on), a plan without an interface or without the addresses of `ipam`. So is an operation
//! that the component does not [declare](crate::declaration).
//!
//! What only the machine knows is not among it: `std::fs` and `std::time` work natively and fail in a component.

mod devices;
mod grants;
pub(crate) mod host;
mod operation;
mod outcome;
mod pools;
mod request;
mod routing;
mod session;

pub use devices::{
    LinkFacts, PciFacts, bound_to, infiniband_address, infiniband_link,
    infiniband_virtual_function, link, physical, scalable_function, virtual_function,
};
pub use operation::Operation;
pub use outcome::{Outcome, announcement};
pub use pools::{CandidateFacts, PoolFacts, ProposalFacts, pool};
pub use request::request;
pub use routing::{AddressSource, Destination, RouteFacts, RuleFacts, Selector};

use grants::Grants;
use session::Call;

use crate::facts::{Place, RdmaNamespaceMode};
use crate::pools::Pool;
use crate::{AddressPolicy, Error, Flavour, Request};

/// A node, as a test wants it. A new one has no devices and no RDMA subsystem.
#[derive(Debug, Clone)]
pub struct Node {
    links: Vec<(Place, LinkFacts)>,
    default_routes: Vec<(Place, String)>,
    functions: Vec<PciFacts>,
    rdma_namespace_mode: RdmaNamespaceMode,
    /// None: everything.
    grants: Option<Grants>,
}

impl Default for Node {
    fn default() -> Self {
        Self::new()
    }
}

impl Node {
    /// A node without devices.
    pub fn new() -> Self {
        Self {
            links: Vec::new(),
            default_routes: Vec::new(),
            functions: Vec::new(),
            rdma_namespace_mode: RdmaNamespaceMode::None,
            grants: None,
        }
    }

    /// Adds a network interface; see [`link`] and [`infiniband_link`].
    pub fn with_link(mut self, place: Place, facts: LinkFacts) -> Self {
        self.links.push((place, facts));
        self
    }

    /// Lets the default route of a namespace go by a link that was added.
    pub fn with_default_route(mut self, place: Place, link: &str) -> Self {
        self.default_routes.push((place, link.to_owned()));
        self
    }

    /// Adds a PCI function; see [`virtual_function`] and [`infiniband_virtual_function`]. Its
    /// links can be looked up by name only when they are added as well.
    pub fn with_pci_function(mut self, facts: PciFacts) -> Self {
        self.functions.push(facts);
        self
    }

    /// Sets how RDMA devices relate to network namespaces.
    pub fn with_rdma_namespace_mode(mut self, mode: RdmaNamespaceMode) -> Self {
        self.rdma_namespace_mode = mode;
        self
    }

    /// Grants these operations alone, by their names in the contract, such as `create-macvlan`. Without it all are
    /// granted, and the component is shown what plumb's own ones are shown.
    pub fn with_grants(mut self, operations: &[&'static str]) -> Self {
        let grants = self.grants.get_or_insert_default();
        operations
            .iter()
            .for_each(|operation| grants.add(operation, &[]));
        self
    }

    /// Grants an operation on the devices alone that one of these patterns means, such as `ens*`, `0000:3b:*` or
    /// `driver:mlx5_core`. They can be asked for as if the configuration named them.
    pub fn with_grant_on(mut self, operation: &'static str, devices: &[&str]) -> Self {
        self.grants.get_or_insert_default().add(operation, devices);
        self
    }

    /// Calls `attach`. As on a real node, a device can only be had when the configuration
    /// names it, or when it is the PCI function below such a link.
    pub fn attach<F: Flavour>(&self, request: Request) -> Outcome<()> {
        let call = Call {
            is_recording: true,
            declaration: F::DECLARATION,
        };
        session::run(self, &request, call, F::attach)
    }

    /// Calls `ready`, in which no operation can be recorded.
    pub fn ready<F: Flavour>(&self, request: Request) -> Outcome<()> {
        let call = Call {
            is_recording: false,
            declaration: F::DECLARATION,
        };
        session::run(self, &request, call, F::ready)
    }

    /// Calls `propose` of a policy that looks at devices by itself. A proposal that the host would
    /// refuse is an error.
    pub fn propose<P: AddressPolicy>(
        &self,
        request: Request,
        pools: Vec<PoolFacts>,
    ) -> Outcome<ProposalFacts> {
        let given = |facts: &PoolFacts| Pool(host::pools::Pool(facts.clone()));
        let handles: Vec<Pool> = pools.iter().map(given).collect();
        let call = Call {
            is_recording: false,
            declaration: P::DECLARATION,
        };
        session::run(self, &request, call, |request| {
            let proposal = P::propose(request, &handles)?.0.into_facts();
            match proposal.check(&pools) {
                Ok(()) => Ok(proposal),
                Err(what) => Err(Error::failed(format!(
                    "the component proposed {what}; nothing was changed"
                ))),
            }
        })
    }
}

/// Calls `propose` on a node without devices; see [`Request::on_parent`] for one that the
/// interface lies on.
pub fn propose<P: AddressPolicy>(
    request: Request,
    pools: Vec<PoolFacts>,
) -> Outcome<ProposalFacts> {
    Node::new().propose::<P>(request, pools)
}

#[cfg(test)]
mod tests;
