//! Tests without a kernel: a component runs natively, on a node that the test describes,
//! and the test looks at the plan.
//!
//! ```
//! # use plumb_sdk::{Error, Flavour, Request, facts, operations};
//! # struct Plain;
//! # impl Flavour for Plain {
//! #     fn attach(request: Request) -> Result<(), Error> {
//! #         let parent = facts::get_link(facts::Place::Host, "eth1")?;
//! #         let options = operations::IpvlanOptions { mode: operations::IpvlanMode::L2, mtu: None };
//! #         operations::set_up(&operations::create_ipvlan(&parent, options)?)
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
//! assert!(elsewhere.result.unwrap_err().message.contains("eth1"));
//! ```

pub(crate) mod facts;
mod operation;
pub(crate) mod operations;
mod session;

pub use operation::Operation;

pub(crate) use session::log;

use crate::facts::{LinkFacts, LinkType, PciFacts, Place, RdmaNamespaceMode};
use crate::pools::{Pool, Proposal};
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

    /// Adds a network interface; see [`link`].
    pub fn with_link(mut self, place: Place, facts: LinkFacts) -> Self {
        self.links.push((place, facts));
        self
    }

    /// Lets the default route of a namespace go by a link that was added.
    pub fn with_default_route(mut self, place: Place, link: &str) -> Self {
        self.default_routes.push((place, link.to_owned()));
        self
    }

    /// Adds a PCI function.
    pub fn with_pci_function(mut self, facts: PciFacts) -> Self {
        self.functions.push(facts);
        self
    }

    /// Sets how RDMA devices relate to network namespaces.
    pub fn with_rdma_namespace_mode(mut self, mode: RdmaNamespaceMode) -> Self {
        self.rdma_namespace_mode = mode;
        self
    }

    /// Calls `attach`. As on a real node, a device can only be had when the
    /// configuration names it.
    pub fn attach<F: Flavour>(&self, request: Request) -> Outcome<()> {
        session::run(self, request, F::attach)
    }

    /// Calls `ready`.
    pub fn ready<F: Flavour>(&self, request: Request) -> Outcome<()> {
        session::run(self, request, F::ready)
    }
}

/// Calls `propose`, which knows no node.
pub fn propose<P: AddressPolicy>(request: Request, pools: Vec<Pool>) -> Outcome<Proposal> {
    session::run(&Node::new(), request, |request| P::propose(request, pools))
}

/// What a call left behind.
#[derive(Debug)]
pub struct Outcome<T> {
    /// What it returned.
    pub result: Result<T, Error>,
    /// The operations that it recorded, in order; also when it then failed.
    pub plan: Vec<Operation>,
    /// The lines that it logged, such as `warning: no carrier`.
    pub log: Vec<String>,
}

/// An Ethernet interface that is up, with carrier and an MTU of 1500 bytes.
pub fn link(name: &str) -> LinkFacts {
    LinkFacts {
        name: name.to_owned(),
        index: 2,
        link_type: LinkType::Ethernet,
        kind: None,
        mac: vec![0x02, 0, 0, 0, 0, 0x01],
        mtu: 1500,
        up: true,
        carrier: true,
        pci: None,
        rdma_devices: Vec::new(),
    }
}

/// A request for the interface `net1` of a pod, with a network configuration as the user
/// would write it: as the host does, this turns its keys into lower case.
///
/// # Panics
///
/// When the text is no JSON object.
pub fn request(configuration: &str) -> Request {
    let configuration: serde_json::Value =
        serde_json::from_str(configuration).expect("the configuration is JSON");
    let object = configuration
        .as_object()
        .expect("the configuration is an object");
    let ipam = object.get("ipam").and_then(|ipam| ipam.as_object());
    Request {
        network: object
            .get("name")
            .and_then(|name| name.as_str())
            .unwrap_or("network")
            .to_owned(),
        container_id: "3f5a".to_owned(),
        interface_name: "net1".to_owned(),
        pod: None,
        node: "node-1".to_owned(),
        has_ipam: ipam.is_some_and(|ipam| !ipam.is_empty()),
        configuration: lower_keys(configuration).to_string(),
        mac: None,
        infiniband_guid: None,
        device_id: None,
        requested_addresses: Vec::new(),
        previous_interfaces: Vec::new(),
        has_previous_addresses: false,
    }
}

fn lower_keys(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(object) => object
            .into_iter()
            .map(|(key, value)| (key.to_lowercase(), lower_keys(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(lower_keys).collect(),
        other => other,
    }
}

#[cfg(test)]
mod tests;
