//! What belongs to the call that is under way on this thread.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use plumb_values::PciAddress;
use plumb_values::arguments::{check_addresses, check_interface};
use serde_json::Value;

use super::{AddressSource, Node, Operation, Outcome};
use crate::declaration::Declaration;
use crate::{Error, Request};

pub(crate) struct Session {
    node: Node,
    /// What the configuration, the runtime and the previous result name: the devices that may
    /// be asked for.
    named: BTreeSet<String>,
    /// PCI addresses of the links that were given.
    pub given: Vec<PciAddress>,
    pub is_recording: bool,
    pub declaration: Option<Declaration>,
    pub has_ipam: bool,
    pub has_previous_addresses: bool,
    /// Whether it works on interfaces of earlier plugins, and which those are.
    pub is_chained: bool,
    has_previous_interfaces: bool,
    pub previous_links: Vec<String>,
    /// The name that the runtime asks for.
    pub interface_name: String,
    /// The interfaces that the plan gives the pod: the requested one, and those with names of their own.
    pub pod_links: Vec<Option<String>>,
    /// Of those that the plan makes of a parent: the kind, the parent and the largest MTU.
    pub child_of: BTreeMap<Option<String>, (&'static str, String, u32)>,
    pub assigned: Vec<AddressSource>,
    pub reserved: Vec<AddressSource>,
    pub plan: Vec<Operation>,
    pub log: Vec<String>,
}

impl Session {
    fn new(node: Node, request: &Request, call: Call) -> Self {
        let request = &request.0;
        let mut named = BTreeSet::new();
        let configuration: Value = serde_json::from_str(&request.configuration).unwrap_or_default();
        collect_strings(&configuration, &mut named);
        named.extend(request.device_id.clone());
        let is_chained = configuration.get("chained") == Some(&Value::Bool(true));
        let inside = request.previous_interfaces.iter();
        let inside = inside.filter(|interface| interface.is_in_pod);
        let previous_links = inside.map(|interface| interface.name.clone()).collect();
        let previous = request.previous_interfaces.iter();
        named.extend(previous.map(|interface| interface.name.clone()));
        Self {
            node,
            named,
            given: Vec::new(),
            is_recording: call.is_recording,
            declaration: call.declaration,
            has_ipam: request.has_ipam,
            has_previous_addresses: request.has_previous_addresses,
            is_chained,
            has_previous_interfaces: !request.previous_interfaces.is_empty(),
            previous_links,
            interface_name: request.interface_name(),
            pod_links: Vec::new(),
            child_of: BTreeMap::new(),
            assigned: Vec::new(),
            reserved: Vec::new(),
            plan: Vec::new(),
            log: Vec::new(),
        }
    }

    /// The node that the test describes.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The component's name in sentences.
    pub fn who(&self) -> String {
        format!("component {}", self.component())
    }

    /// The component's name.
    pub fn component(&self) -> &'static str {
        self.declaration
            .map_or("NAME", |declaration| declaration.name)
    }

    /// Checks what the host checks of a whole plan.
    fn check_plan(&self) -> Result<(), Error> {
        let is_reported = |step: &Operation| matches!(step, Operation::ReportFunction { .. });
        let is_made = self.pod_links.contains(&None);
        let is_given = is_made || self.plan.iter().any(is_reported);
        let configured = AddressSource::Configured;
        let is_taken = self.assigned.contains(&configured) || self.reserved.contains(&configured);
        let who = self.who();
        check_interface(&who, is_given, self.has_previous_interfaces)
            .and_then(|()| check_addresses(&who, is_made, self.has_ipam, is_taken))
            .map_err(Error::failed)
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

/// What kind of call a component gets.
pub(super) struct Call {
    pub is_recording: bool,
    pub declaration: Option<Declaration>,
}

/// Runs a call of a component and takes what it left behind.
pub(super) fn run<T>(
    node: &Node,
    request: &Request,
    call: Call,
    run: impl FnOnce(&Request) -> Result<T, Error>,
) -> Outcome<T> {
    SESSION.set(Some(Session::new(node.clone(), request, call)));
    let mut result = run(request);
    let session = SESSION.take().expect("the call cannot end its own session");
    if session.is_recording && result.is_ok() {
        result = session.check_plan().and(result);
    }
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
