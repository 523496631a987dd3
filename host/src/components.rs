//! The sandbox: components decide what to do, and can do nothing else.
//!
//! A call gets a fresh store with limits, the facts about the devices that the
//! configuration names, and a recorder. What it records comes back as operations; a
//! trap, a time-out or a refusal leaves nothing to undo, because nothing has happened.

// Public for `tests/fuzz`, which hands over what a component may hand over.
#[doc(hidden)]
pub mod bindings;
mod builtin;
#[doc(hidden)]
pub mod conversion;
mod deadline;
mod failure;
mod imports;
#[doc(hidden)]
pub mod session;
pub mod store;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plumb_engine::limits;
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store};

use crate::facts::{Facts, RecordedFacts};
use crate::pools::Pool;
use crate::trace::Trace;
use crate::{Code, Error, Result};

pub use bindings::types::Request;
pub use conversion::{Proposal, request};
pub use session::{Grants, Recorded};

use deadline::Deadline;
use session::Session;

/// What a component is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// Attaches a pod to a network.
    Flavour,
    /// Chooses the pools of an interface's addresses.
    AddressPolicy,
}

impl World {
    /// Its name in `wit/`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flavour => "flavour",
            Self::AddressPolicy => "address-policy",
        }
    }
}

/// A component that can be loaded.
pub struct Source {
    name: String,
    code: store::Code,
    grants: Grants,
}

impl Source {
    /// The component of this name and world: built in, else from the store of vendor
    /// components. None when there is none.
    pub fn find(name: &str, world: World, folder: &std::path::Path) -> Result<Option<Self>> {
        if let Some(code) = builtin::find(name, world) {
            return Ok(Some(Self {
                name: name.to_owned(),
                code: store::Code::BuiltIn(code),
                grants: Grants::All,
            }));
        }
        store::find(name, world, folder)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The names of the built-in components of a world.
    pub fn built_in(world: World) -> Vec<&'static str> {
        builtin::names(world)
    }
}

/// The engine of this process. Components of one call share it.
pub struct Sandbox<'a> {
    engine: Engine,
    /// The contract; what of it a component does not import is not linked.
    linker: Linker<Session>,
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
        let mut linker = Linker::new(&engine);
        bindings::Flavour::add_to_linker::<_, HasSelf<Session>>(&mut linker, |host| host)
            .map_err(set_up_failed)?;
        let deadline = Deadline::begin(&engine).map_err(set_up_failed)?;
        Ok(Self {
            engine,
            linker,
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
        request: &Request,
    ) -> Result<Vec<Recorded>> {
        let host = Session::new(facts, source, request, true);
        let mut call = self.begin(source, host)?;
        let instance =
            bindings::Flavour::instantiate(&mut call.store, &call.component, &self.linker);
        let answer = instance.and_then(|instance| instance.call_attach(&mut call.store, request));
        self.end(source, call, answer)
            .map(|(host, ())| host.into_recorded())
    }

    /// Asks a flavour whether the node can serve the network.
    pub fn ready(&self, source: &Source, facts: Rc<dyn Facts>, request: &Request) -> Result<()> {
        let host = Session::new(facts, source, request, false);
        let mut call = self.begin(source, host)?;
        let instance =
            bindings::Flavour::instantiate(&mut call.store, &call.component, &self.linker);
        let answer = instance.and_then(|instance| instance.call_ready(&mut call.store, request));
        self.end(source, call, answer).map(drop)
    }

    /// Lets an address policy choose. It sees no devices: its world has no facts.
    pub fn propose(&self, source: &Source, request: &Request, pools: &[Pool]) -> Result<Proposal> {
        let host = Session::new(Rc::new(RecordedFacts::default()), source, request, false);
        let mut call = self.begin(source, host)?;
        let given: Vec<_> = pools.iter().map(conversion::pool).collect();
        let instance =
            bindings::AddressPolicy::instantiate(&mut call.store, &call.component, &self.linker);
        let answer =
            instance.and_then(|instance| instance.call_propose(&mut call.store, request, &given));
        let (_, proposal) = self.end(source, call, answer)?;
        conversion::proposal(&source.name, proposal, pools)
    }

    /// Loads the component into a fresh store with all limits set.
    fn begin(&self, source: &Source, host: Session) -> Result<Call> {
        let begin = Instant::now();
        let component = self.load(source)?;
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
            begin,
            loaded,
        })
    }

    fn load(&self, source: &Source) -> Result<Component> {
        let mut loaded = self.loaded.borrow_mut();
        if let Some(component) = loaded.get(&source.name) {
            return Ok(component.clone());
        }
        let component = source.code.load(&source.name, &self.engine)?;
        loaded.insert(source.name.clone(), component.clone());
        Ok(component)
    }

    /// What came of a call: the host's side of it and the answer, or why there is none.
    fn end<T>(
        &self,
        source: &Source,
        call: Call,
        answer: wasmtime::Result<std::result::Result<T, bindings::types::Error>>,
    ) -> Result<(Session, T)> {
        let fuel = limits::FUEL - call.store.get_fuel().unwrap_or_default();
        let took = call.begin.elapsed().as_micros();
        let host = call.store.into_data();
        for (level, line) in host.log() {
            self.trace
                .write(*level, format_args!("component {}: {line}", source.name));
        }
        self.trace.debug(format_args!(
            "component {}: load, link and call took {took} us, {} us of it to load; {fuel} units of fuel",
            source.name,
            call.loaded.as_micros()
        ));
        match answer {
            Ok(Ok(value)) => Ok((host, value)),
            Ok(Err(error)) => Err(conversion::error(&source.name, error)),
            Err(error) => Err(failure::explain(&source.name, &error, &host)),
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
    begin: Instant,
    loaded: Duration,
}
