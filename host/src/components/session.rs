//! The host's side of one call, whatever version of the contract the component speaks: what it
//! was given and what it recorded.

mod arguments;
mod facts;
mod operations;

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use plumb_engine::limits;
use serde_json::Value;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime::{StoreLimits, StoreLimitsBuilder};

use super::asked::Asked;
use super::grants::Grants;
use super::refusal::{Refusal, plain};
use super::source::Source;
use crate::facts::{Facts, LinkFacts, PciFacts, Place};
use crate::operations::{LinkNumber, Operation};
use crate::outcome::AddressSource;
use crate::routing::{RouteTemplate, RuleTemplate};
use crate::trace::Level;

pub use arguments::network_of;
pub use operations::{
    IpoibOptions, IpvlanOptions, MacvlanOptions, VirtualFunctionSettings, Vlan, plain_route,
};

/// What the host keeps for a `link` handle.
#[derive(Clone)]
pub struct LinkHandle {
    /// Where it lies.
    pub place: Place,
    /// What it looked like.
    pub facts: Arc<LinkFacts>,
}

/// What the host keeps for a `pci-function` handle.
#[derive(Clone)]
pub struct PciHandle {
    /// What it looked like.
    pub facts: Arc<PciFacts>,
}

/// What the host keeps for a `pod-link` handle.
#[derive(Clone, Copy)]
pub struct PodLinkHandle {
    /// Which interface of the plan it is.
    pub number: LinkNumber,
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

/// The data of a call's store.
pub struct Session {
    pub(in crate::components) limits: StoreLimits,
    pub(in crate::components) table: ResourceTable,
    facts: Rc<dyn Facts>,
    /// Names that the configuration contains: the devices that may be asked for.
    named: BTreeSet<String>,
    asked: Arc<Asked>,
    component: String,
    grants: Grants,
    recording: bool,
    recorded: Vec<Recorded>,
    has_pod_link: bool,
    log: Vec<(Level, String)>,
    calls: u32,
}

impl Session {
    /// The host for one call. Without `recording` every operation is refused.
    pub fn new(facts: Rc<dyn Facts>, source: &Source, asked: &Arc<Asked>, recording: bool) -> Self {
        let configuration = serde_json::from_str(&asked.configuration).unwrap_or(Value::Null);
        let mut named = BTreeSet::new();
        collect_strings(&configuration, &mut named);
        named.extend(asked.device_id.clone());
        named.extend(
            asked
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
            asked: Arc::clone(asked),
            component: source.name().to_owned(),
            grants: source.grants().clone(),
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

    /// What the component is asked for.
    pub(in crate::components) fn asked(&self) -> &Arc<Asked> {
        &self.asked
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

    /// Adds a line to the component's log.
    ///
    /// # Errors
    ///
    /// A trap when it has called too often.
    pub fn log_line(&mut self, level: Level, message: &str) -> wasmtime::Result<()> {
        self.count_call()?;
        if self.log.len() < limits::LOG_LINES {
            let end = message.floor_char_boundary(limits::LOG_LINE_BYTES);
            self.log.push((level, plain(&message[..end])));
        }
        Ok(())
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
