//! The sandbox: components decide what to do, and can do nothing else.
//!
//! A call gets a fresh store with limits, the facts about the devices that the
//! configuration names, and a recorder. What it records comes back as operations; a
//! trap, a time-out or a refusal leaves nothing to undo, because nothing has happened.

mod asked;
mod builtin;
// Public for `tests/fuzz`, which hands over what a component may hand over.
#[doc(hidden)]
pub mod contract_0_1;
#[doc(hidden)]
pub mod contract_0_2;
mod deadline;
mod failure;
mod grants;
#[doc(hidden)]
pub mod proposal;
#[doc(hidden)]
pub mod refusal;
#[doc(hidden)]
pub mod session;
mod source;
pub mod store;
mod version;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_engine::limits;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use crate::facts::{Facts, RecordedFacts};
use crate::pools::Pool;
use crate::trace::Trace;
use crate::{Code, Error, Result};

pub use asked::{Asked, PreviousInterface};
pub use grants::Grants;
pub use proposal::Proposal;
pub use session::Recorded;
pub use source::Source;
pub use world::World;

use deadline::Deadline;
use refusal::Refusal;
use session::Session;
use version::Version;

/// The engine of this process. Components of one call share it.
pub struct Sandbox<'a> {
    engine: Engine,
    /// By name: a chain may use a component twice, and code is registered with the process
    /// once. Never dropped: the process ends soon, and unmapping code page by page is work
    /// for nothing.
    loaded: ManuallyDrop<RefCell<BTreeMap<String, Component>>>,
    trace: &'a Trace,
    /// Ends the components' time; disarmed with the sandbox.
    _deadline: Deadline,
}

impl<'a> Sandbox<'a> {
    /// Sets the engine up. The processor time that all components together have begins to run.
    pub fn new(trace: &'a Trace) -> Result<Self> {
        let mut configuration = plumb_engine::engine_config();
        configuration.with_custom_code_memory(Some(Arc::new(builtin::InPlace)));
        let engine = Engine::new(&configuration).map_err(set_up_failed)?;
        let deadline = Deadline::begin(&engine).map_err(set_up_failed)?;
        Ok(Self {
            engine,
            loaded: ManuallyDrop::default(),
            trace,
            _deadline: deadline,
        })
    }

    /// Lets a flavour decide. What it recorded, in its order.
    pub fn attach(
        &self,
        source: &Source,
        facts: Rc<dyn Facts>,
        asked: &Arc<Asked>,
    ) -> Result<Vec<Recorded>> {
        let mut call = self.begin(source, Session::new(facts, source, asked, true))?;
        let linker = &call.linker;
        let answer = match call.version {
            Version::V0_1 => contract_0_1::attach(&mut call.store, &call.component, linker),
            Version::V0_2 => contract_0_2::attach(&mut call.store, &call.component, linker),
        };
        self.end(source, call, answer)
            .map(|(session, ())| session.into_recorded())
    }

    /// Asks a flavour whether the node can serve the network.
    pub fn ready(&self, source: &Source, facts: Rc<dyn Facts>, asked: &Arc<Asked>) -> Result<()> {
        let mut call = self.begin(source, Session::new(facts, source, asked, false))?;
        let linker = &call.linker;
        let answer = match call.version {
            Version::V0_1 => contract_0_1::ready(&mut call.store, &call.component, linker),
            Version::V0_2 => contract_0_2::ready(&mut call.store, &call.component, linker),
        };
        self.end(source, call, answer).map(drop)
    }

    /// Lets an address policy choose. It sees no devices: its world has no facts.
    pub fn propose(&self, source: &Source, asked: &Arc<Asked>, pools: &[Pool]) -> Result<Proposal> {
        let facts = Rc::new(RecordedFacts::default());
        let mut call = self.begin(source, Session::new(facts, source, asked, false))?;
        let linker = &call.linker;
        let answer = match call.version {
            Version::V0_1 => contract_0_1::propose(&mut call.store, &call.component, linker, pools),
            Version::V0_2 => contract_0_2::propose(&mut call.store, &call.component, linker, pools),
        };
        let (_, proposed) = self.end(source, call, answer)?;
        proposal::check(source.name(), proposed, pools)
    }

    /// Loads the component into a fresh store with all limits set.
    fn begin(&self, source: &Source, host: Session) -> Result<Call> {
        let begin = Instant::now();
        let component = self.load(source)?;
        let version = Version::of(source.name(), &component, &self.engine)?;
        let linker = match version {
            Version::V0_1 => contract_0_1::link(&self.engine, &component),
            Version::V0_2 => contract_0_2::link(&self.engine, &component),
        };
        let loaded = begin.elapsed();
        let mut store = Store::new(&self.engine, host);
        store.limiter(|host| &mut host.limits);
        store.set_epoch_deadline(1);
        store.set_hostcall_fuel(limits::LIFTED_BYTES);
        store.set_max_component_handles(limits::HANDLES);
        store.set_fuel(limits::FUEL).map_err(set_up_failed)?;
        Ok(Call {
            store,
            component,
            version,
            linker: linker.map_err(set_up_failed)?,
            begin,
            loaded,
        })
    }

    fn load(&self, source: &Source) -> Result<Component> {
        let mut loaded = self.loaded.borrow_mut();
        if let Some(component) = loaded.get(source.name()) {
            return Ok(component.clone());
        }
        let component = source.load(&self.engine)?;
        loaded.insert(source.name().to_owned(), component.clone());
        Ok(component)
    }

    /// What came of a call: the host's side of it and the answer, or why there is none.
    fn end<T>(
        &self,
        source: &Source,
        call: Call,
        answer: wasmtime::Result<std::result::Result<T, Refusal>>,
    ) -> Result<(Session, T)> {
        let fuel = limits::FUEL - call.store.get_fuel().unwrap_or_default();
        let took = call.begin.elapsed().as_micros();
        let host = call.store.into_data();
        for (level, line) in host.log() {
            self.trace
                .write(*level, format_args!("component {}: {line}", source.name()));
        }
        self.trace.debug(format_args!(
            "component {}: load, link and call took {took} us, {} us of it to load; {fuel} units of fuel",
            source.name(),
            call.loaded.as_micros()
        ));
        match answer {
            Ok(Ok(value)) => Ok((host, value)),
            Ok(Err(refusal)) => Err(refusal.of_component(source.name())),
            Err(error) => Err(failure::explain(source.name(), call.version, &error, &host)),
        }
    }
}

fn set_up_failed(error: impl std::fmt::Display) -> Error {
    Error::new(
        Code::INTERNAL,
        format!("cannot set the sandbox up: {error}"),
    )
}

/// A component in its store.
struct Call {
    store: Store<Session>,
    component: Component,
    version: Version,
    linker: Linker<Session>,
    begin: Instant,
    loaded: Duration,
}
