//! Tests without a kernel: a component runs natively, on a node that the test describes,
//! and the test looks at the plan.
//!
//! ```
//! # use plumb_sdk::{Error, Flavour, Request, facts, operations};
//! # struct Plain;
//! # impl Flavour for Plain {
//! #     fn attach(_request: &Request) -> Result<(), Error> {
//! #         let parent = facts::get_link(facts::Place::Host, "eth1")?;
//! #         let options = operations::IpvlanOptions::default();
//! #         operations::set_up(&operations::create_ipvlan(&parent, &options)?)
//! #     }
//! # }
//! use plumb_sdk::testing::{Node, Operation, link, request};
//!
//! let node = Node::new().with_link(facts::Place::Host, link("eth1"));
//! let outcome = node.attach::<Plain>(request(r#"{"name": "rail", "master": "eth1"}"#));
//! outcome.result.unwrap();
//! assert_eq!(outcome.plan.last(), Some(&Operation::SetUp));
//!
//! let elsewhere = Node::new().attach::<Plain>(request(r#"{"name": "rail", "master": "eth1"}"#));
//! elsewhere.assert_refused(plumb_sdk::ErrorCode::NotFound, &["eth1"]);
//! ```
//!
//! What plumb refuses by itself is refused here as well, in its words: a device that the
//! configuration does not name, an argument that is out of range, a second interface, a step
//! that refers to addresses before they are assigned, an operation in `ready`. Grants are not
//! among it: here everything is granted.

mod devices;
pub(crate) mod host;
mod operation;
mod outcome;
mod pools;
mod request;
mod routing;
mod session;

pub use devices::{
    LinkFacts, PciFacts, bound_to, infiniband_address, infiniband_link,
    infiniband_virtual_function, link, physical, virtual_function,
};
pub use operation::Operation;
pub use outcome::{Outcome, announcement};
pub use pools::{CandidateFacts, PoolFacts, ProposalFacts, pool};
pub use request::request;
pub use routing::{AddressSource, Destination, RouteFacts, RuleFacts, Selector};

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

    /// Calls `attach`. As on a real node, a device can only be had when the configuration
    /// names it, or when it is the PCI function below such a link.
    pub fn attach<F: Flavour>(&self, request: Request) -> Outcome<()> {
        session::run(Some(self), &request, true, F::attach)
    }

    /// Calls `ready`, in which no operation can be recorded.
    pub fn ready<F: Flavour>(&self, request: Request) -> Outcome<()> {
        session::run(Some(self), &request, false, F::ready)
    }
}

/// Calls `propose`, which knows no node. A proposal that the host would refuse is an error.
pub fn propose<P: AddressPolicy>(
    request: Request,
    pools: Vec<PoolFacts>,
) -> Outcome<ProposalFacts> {
    let given = |facts: &PoolFacts| Pool(host::pools::Pool(facts.clone()));
    let handles: Vec<Pool> = pools.iter().map(given).collect();
    session::run(None, &request, false, |request| {
        let proposal = P::propose(request, &handles)?.0.into_facts();
        match proposal.check(&pools) {
            Ok(()) => Ok(proposal),
            Err(what) => Err(Error::failed(format!(
                "the component proposed {what}; nothing was changed"
            ))),
        }
    })
}

#[cfg(test)]
mod tests;
