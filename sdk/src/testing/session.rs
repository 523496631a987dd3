//! What belongs to the call that is under way on this thread.

use std::cell::RefCell;
use std::collections::BTreeSet;

use plumb_values::PciAddress;
use serde_json::Value;

use super::{AddressSource, Node, Operation, Outcome};
use crate::{Error, Request};

pub(crate) struct Session {
    /// None for a policy, which cannot import facts and operations.
    node: Option<Node>,
    /// What the configuration, the runtime and the previous result name: the devices that may
    /// be asked for.
    named: BTreeSet<String>,
    /// PCI addresses of the links that were given.
    pub given: Vec<PciAddress>,
    pub is_recording: bool,
    pub has_ipam: bool,
    pub has_previous_addresses: bool,
    pub has_pod_link: bool,
    pub assigned: Vec<AddressSource>,
    pub reserved: Vec<AddressSource>,
    pub plan: Vec<Operation>,
    pub log: Vec<String>,
}

impl Session {
    fn new(node: Option<Node>, request: &Request, is_recording: bool) -> Self {
        let request = &request.0;
        let mut named = BTreeSet::new();
        let configuration = serde_json::from_str(&request.configuration).unwrap_or_default();
        collect_strings(&configuration, &mut named);
        named.extend(request.device_id.clone());
        let previous = request.previous_interfaces.iter();
        named.extend(previous.map(|interface| interface.name.clone()));
        Self {
            node,
            named,
            given: Vec::new(),
            is_recording,
            has_ipam: request.has_ipam,
            has_previous_addresses: request.has_previous_addresses,
            has_pod_link: false,
            assigned: Vec::new(),
            reserved: Vec::new(),
            plan: Vec::new(),
            log: Vec::new(),
        }
    }

    /// # Panics
    ///
    /// For a policy: a component that asks would be refused by the host.
    pub fn node(&self) -> &Node {
        let node = self.node.as_ref();
        node.expect("an address policy cannot import facts and operations")
    }

    /// Whether this text is named.
    pub fn names(&self, text: &str) -> bool {
        self.named.contains(text)
    }

    /// Whether a PCI address is named, in whatever spelling, or below a link that was given.
    pub fn names_device(&self, address: PciAddress) -> bool {
        let mut named = self.named.iter().filter_map(|text| text.parse().ok());
        self.given.contains(&address) || named.any(|named: PciAddress| named == address)
    }
}

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Runs a call of a flavour and takes what it left behind.
pub(super) fn run<T>(
    node: Option<&Node>,
    request: &Request,
    is_recording: bool,
    call: impl FnOnce(&Request) -> Result<T, Error>,
) -> Outcome<T> {
    SESSION.set(Some(Session::new(node.cloned(), request, is_recording)));
    let result = call(request);
    let session = SESSION.take().expect("the call cannot end its own session");
    Outcome {
        result,
        plan: session.plan,
        log: session.log,
    }
}

/// # Panics
///
/// Outside of a call: natively there is nobody else to ask.
pub(crate) fn with<T>(act: impl FnOnce(&mut Session) -> T) -> T {
    SESSION.with_borrow_mut(|session| {
        let session = session.as_mut().expect(
            "facts and operations are there only inside a call; natively, start it with \
             plumb_sdk::testing::Node::attach",
        );
        act(session)
    })
}

/// Keeps a line of the call; outside of one it is lost.
pub(crate) fn log(line: String) {
    SESSION.with_borrow_mut(|session| {
        if let Some(session) = session {
            session.log.push(line);
        }
    });
}

fn collect_strings(value: &Value, strings: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            strings.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect_strings(item, strings)),
        Value::Object(map) => map.values().for_each(|item| collect_strings(item, strings)),
        _ => {}
    }
}
