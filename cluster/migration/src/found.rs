//! One record of another product that says who has an address.

use std::net::IpAddr;

use plumb_leases::Pod;

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Where it was found, for messages: `SpiderIPPool gpu1`.
    pub source: String,
    /// The address.
    pub address: IpAddr,
    /// The pool, where the record is a pool's.
    pub pool: Option<String>,
    /// The pod.
    pub pod: Option<Pod>,
    /// The pod's UID; empty where the record has none.
    pub uid: String,
    /// The node, where the record names one.
    pub node: Option<String>,
    /// The interface in the pod.
    pub interface: Option<String>,
    /// The network's name.
    pub network: Option<String>,
    /// The container.
    pub container: Option<String>,
}

impl Found {
    /// A record with an address alone.
    #[must_use]
    pub fn new(source: String, address: IpAddr) -> Self {
        Self {
            source,
            address,
            pool: None,
            pod: None,
            uid: String::new(),
            node: None,
            interface: None,
            network: None,
            container: None,
        }
    }

    /// Takes from another record about the same pod's address what this one does not say.
    pub(crate) fn fill(&mut self, other: &Self) {
        let fill = |own: &mut Option<String>, other: &Option<String>| {
            if own.is_none() {
                own.clone_from(other);
            }
        };
        fill(&mut self.pool, &other.pool);
        fill(&mut self.node, &other.node);
        fill(&mut self.interface, &other.interface);
        fill(&mut self.network, &other.network);
        fill(&mut self.container, &other.container);
        if self.uid.is_empty() {
            self.uid.clone_from(&other.uid);
        }
    }
}

/// A pod as records name it, `namespace/name`.
pub(crate) fn pod(reference: &str) -> Option<Pod> {
    let (namespace, name) = reference.split_once('/')?;
    let is_name = |text: &str| !text.is_empty() && !text.contains('/');
    (is_name(namespace) && is_name(name)).then(|| Pod {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
    })
}
