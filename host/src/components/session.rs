//! The host's side of one call: what the component was given and what it recorded.

use std::collections::BTreeSet;
use std::rc::Rc;

use plumb_engine::limits;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmtime::component::ResourceTable;
use wasmtime::{StoreLimits, StoreLimitsBuilder};

use super::Source;
use super::bindings::{log, types};
use super::conversion;
use crate::facts::{Facts, LinkFacts, PciFacts, Place};
use crate::operations::{LinkNumber, Operation};
use crate::trace::Level;

/// What the host keeps for a `link` handle.
pub struct LinkHandle {
    /// Where it lies.
    pub place: Place,
    /// What it looked like.
    pub facts: LinkFacts,
}

/// What the host keeps for a `pci-function` handle.
pub struct PciHandle {
    /// What it looked like.
    pub facts: PciFacts,
}

/// What the host keeps for a `pod-link` handle.
pub struct PodLinkHandle {
    /// Which interface of the plan it is.
    pub number: LinkNumber,
}

/// What a component may record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grants {
    /// Everything: it is part of the program.
    All,
    /// These operations, by their names in `wit/0.1/operations.wit`.
    Some(BTreeSet<String>),
}

impl Grants {
    /// Whether an operation may be recorded.
    pub fn allow(&self, operation: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(names) => names.contains(operation),
        }
    }
}

/// Something that a component recorded.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// An operation, ready to be performed.
    Operation(Operation),
    /// The configured addresses are to be assigned here.
    AssignConfigured(LinkNumber),
    /// The addresses of the previous plugin's result are to be assigned here.
    AssignPrevious(LinkNumber),
    /// The configured addresses are to be taken here, for the result alone.
    ReserveConfigured,
}

/// The data of a call's store.
pub struct Session {
    pub(in crate::components) limits: StoreLimits,
    pub(in crate::components) table: ResourceTable,
    pub(in crate::components) facts: Rc<dyn Facts>,
    /// Names that the configuration contains: the devices that may be asked for.
    pub(in crate::components) named: BTreeSet<String>,
    /// `CNI_IFNAME`
    pub(in crate::components) interface_name: String,
    component: String,
    grants: Grants,
    recording: bool,
    recorded: Vec<Recorded>,
    pub(in crate::components) has_pod_link: bool,
    log: Vec<(Level, String)>,
    calls: u32,
}

impl Session {
    /// The host for one call. Without `recording` every operation is refused.
    pub fn new(
        facts: Rc<dyn Facts>,
        source: &Source,
        request: &types::Request,
        recording: bool,
    ) -> Self {
        let configuration = serde_json::from_str(&request.configuration).unwrap_or(Value::Null);
        let mut named = BTreeSet::new();
        collect_strings(&configuration, &mut named);
        named.extend(request.device_id.clone());
        named.extend(
            request
                .previous_interfaces
                .iter()
                .map(|interface| interface.name.clone()),
        );
        let mut table = ResourceTable::new();
        table.set_max_capacity(limits::HANDLES);
        Self {
            limits: StoreLimitsBuilder::new()
                .memory_size(limits::MEMORY_BYTES)
                .table_elements(limits::TABLE_ELEMENTS)
                .instances(limits::INSTANCES)
                .tables(limits::TABLES)
                .memories(limits::MEMORIES)
                .trap_on_grow_failure(true)
                .build(),
            table,
            facts,
            named,
            interface_name: request.interface_name.clone(),
            component: source.name.clone(),
            grants: source.grants.clone(),
            recording,
            recorded: Vec::new(),
            has_pod_link: false,
            log: Vec::new(),
            calls: 0,
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

    /// Whether an operation of this name may be recorded now.
    pub(in crate::components) fn may_record(&self, name: &str) -> Result<(), types::Error> {
        let denied = |message: String| types::Error {
            code: types::ErrorCode::Denied,
            message,
            details: None,
        };
        if !self.recording {
            return Err(denied(format!(
                "component {} may not record {name} here: only attach makes a plan",
                self.component
            )));
        }
        if !self.grants.allow(name) {
            return Err(denied(format!(
                "component {} has no grant for {name}: `plumbctl component grant {} {name}` \
                 gives it",
                self.component, self.component
            )));
        }
        if self.recorded.len() >= limits::OPERATIONS {
            return Err(denied(format!(
                "component {} recorded more than {} operations",
                self.component,
                limits::OPERATIONS
            )));
        }
        Ok(())
    }

    /// Adds to the plan what [`Self::may_record`] allowed.
    pub(in crate::components) fn record(&mut self, recorded: Recorded) {
        self.recorded.push(recorded);
    }

    /// What was recorded, in order.
    pub fn into_recorded(self) -> Vec<Recorded> {
        self.recorded
    }

    /// The lines that the component wrote.
    pub fn log(&self) -> &[(Level, String)] {
        &self.log
    }
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

impl types::Host for Session {}

impl log::Host for Session {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.count_call()?;
        if self.log.len() < limits::LOG_LINES {
            let level = match level {
                log::Level::Debug => Level::Debug,
                log::Level::Info => Level::Info,
                log::Level::Warning => Level::Warning,
                log::Level::Error => Level::Error,
            };
            let end = message.floor_char_boundary(limits::LOG_LINE_BYTES);
            self.log.push((level, conversion::plain(&message[..end])));
        }
        Ok(())
    }
}
