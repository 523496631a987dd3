//! What belongs to the call that is under way on this thread.

use std::cell::RefCell;

use serde_json::Value;

use super::{Node, Operation, Outcome};
use crate::bindings::flavour::plumb::cni::log::Level;
use crate::{Error, Request};

pub(crate) struct Session {
    pub node: Node,
    pub configuration: Value,
    pub device_id: Option<String>,
    /// PCI addresses of the links that were given.
    pub given: Vec<String>,
    pub plan: Vec<Operation>,
    log: Vec<String>,
}

impl Session {
    /// Whether the configuration has this text as a value, or the device plugin named it.
    pub fn names(&self, text: &str) -> bool {
        self.device_id.as_deref() == Some(text) || contains(&self.configuration, text)
    }
}

thread_local! {
    static SESSION: RefCell<Option<Session>> = const { RefCell::new(None) };
}

/// Runs a call of a component and takes what it left behind.
pub(super) fn run<T>(
    node: &Node,
    request: Request,
    call: impl FnOnce(Request) -> Result<T, Error>,
) -> Outcome<T> {
    let session = Session {
        node: node.clone(),
        configuration: serde_json::from_str(&request.configuration).unwrap_or_default(),
        device_id: request.device_id.clone(),
        given: Vec::new(),
        plan: Vec::new(),
        log: Vec::new(),
    };
    SESSION.set(Some(session));
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

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Debug => "debug",
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    SESSION.with_borrow_mut(|session| {
        if let Some(session) = session {
            session.log.push(format!("{level}: {message}"));
        }
    });
}

fn contains(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string == text,
        Value::Array(values) => values.iter().any(|value| contains(value, text)),
        Value::Object(object) => object.values().any(|value| contains(value, text)),
        _ => false,
    }
}
