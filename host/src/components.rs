//! The sandbox: components decide what to do, and can do nothing else.
//!
//! A call gets a fresh store with limits, the facts about the devices that the
//! configuration names, and a recorder. What it records comes back as operations; a
//! trap, a time-out or a refusal leaves nothing to undo, because nothing has happened.
//! A built-in component runs in place, a vendor's behind the [wall].

mod asked;
mod builtin;
// Public for `tests/fuzz`, which hands over what a component may hand over.
#[doc(hidden)]
pub mod contract_0_1;
#[doc(hidden)]
pub mod contract_0_2;
mod deadline;
mod end;
mod failure;
mod grants;
mod native;
#[doc(hidden)]
pub mod proposal;
#[doc(hidden)]
pub mod refusal;
#[doc(hidden)]
pub mod session;
mod source;
pub mod store;
pub mod trial;
mod version;
#[doc(hidden)]
pub mod wall;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use plumb_engine::{Allowance, limits};
use wasmtime::component::Component;
use wasmtime::{Engine, Store};

use crate::facts::Facts;
use crate::pools::Pool;
use crate::trace::Trace;
use crate::{Code, Error, Result};

pub use asked::{About, Asked, PreviousInterface, UnusablePool};
pub use failure::{Kind as FailureKind, Limit};
pub use grants::Grants;
pub use proposal::Proposal;
pub use session::Recorded;
pub use source::Source;
pub use world::World;

use deadline::Deadline;
use end::{End, Outcome};
use failure::Failure;
use native::Native;
use proposal::Proposed;
use session::{Authority, Behind, Session};
use version::Version;

/// The engine of this process. Components of one call share it.
pub struct Sandbox<'a> {
    engine: Engine,
    /// Built-in ones by their code: a chain may use a component twice, and code is registered with the process
    /// once. Never dropped: the process ends soon, and unmapping code page by page is work
    /// for nothing.
    loaded: ManuallyDrop<RefCell<BTreeMap<*const u8, Component>>>,
    /// See [`Self::with`].
    at_hand: Option<AtHand>,
    trace: &'a Trace,
    spent: RefCell<Vec<Spent>>,
    /// Ends the components' time; disarmed with the sandbox.
    _deadline: Deadline,
}

/// A component that is installed nowhere.
struct AtHand {
    name: String,
    world: World,
    code: Rc<Native>,
    allowance: Allowance,
    grants: Grants,
}

/// What a call of a component took, and what ended it if it gave no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// The component.
    pub component: String,
    /// Units of fuel.
    pub fuel: u64,
    /// None where it answered or refused.
    pub failure: Option<FailureKind>,
}

/// What a component is called for.
#[derive(Clone, Copy)]
enum Task<'a> {
    Attach,
    Ready,
    Propose(&'a [Pool]),
}

impl<'a> Sandbox<'a> {
    /// Sets the engine up. The processor time that all components together have begins to run.
    pub fn new(trace: &'a Trace) -> Result<Self> {
        let engine = engine(Allowance::Ordinary)?;
        let deadline = Deadline::begin(&engine).map_err(set_up_failed)?;
        Ok(Self {
            engine,
            loaded: ManuallyDrop::default(),
            at_hand: None,
            trace,
            spent: RefCell::default(),
            _deadline: deadline,
        })
    }

    /// Has a component at hand as if it were installed: for those who try one, as users who may not install anything.
    /// It runs behind the wall, like each that is not part of the program. Its code was compiled for this allowance.
    ///
    /// # Errors
    ///
    /// [`Code::COMPONENT_NOT_LOADED`] for no code at all.
    pub fn with(
        mut self,
        name: &str,
        world: World,
        code: &[u8],
        allowance: Allowance,
        grants: Grants,
    ) -> Result<Self> {
        let code = Native::copy(code).map_err(|error| {
            Error::new(
                Code::COMPONENT_NOT_LOADED,
                format!("component {name} cannot be loaded: {error}"),
            )
        })?;
        self.at_hand = Some(AtHand {
            name: name.to_owned(),
            world,
            code: Rc::new(code),
            allowance,
            grants,
        });
        Ok(self)
    }

    /// The component of this name and world: the one at hand, else as [`Source::find`].
    ///
    /// # Errors
    ///
    /// Those of [`Source::find`].
    pub fn find(&self, name: &str, world: World, folder: &Path) -> Result<Option<Source>> {
        let is_meant = |one: &&AtHand| one.name == name && one.world == world;
        match self.at_hand.as_ref().filter(is_meant) {
            Some(one) => Ok(Some(Source::at_hand(
                name,
                Rc::clone(&one.code),
                one.allowance,
                one.grants.clone(),
            ))),
            None => Source::find(name, world, folder),
        }
    }

    /// What each call of a component has taken since this was asked last.
    pub fn take_spent(&self) -> Vec<Spent> {
        self.spent.take()
    }

    /// Lets a flavour decide. What it recorded, in its order.
    pub fn attach(
        &self,
        source: &Source,
        facts: Rc<dyn Facts>,
        asked: &Arc<Asked>,
    ) -> Result<Vec<Recorded>> {
        let authority = Authority::new(facts, source, asked, true);
        let (authority, _) = self.run(source, authority, Task::Attach)?;
        Ok(authority.into_recorded())
    }

    /// Asks a flavour whether the node can serve the network.
    pub fn ready(&self, source: &Source, facts: Rc<dyn Facts>, asked: &Arc<Asked>) -> Result<()> {
        let authority = Authority::new(facts, source, asked, false);
        self.run(source, authority, Task::Ready).map(drop)
    }

    /// Lets an address policy choose, by what is known of the interface that the flavour planned.
    pub fn propose(
        &self,
        source: &Source,
        facts: Rc<dyn Facts>,
        asked: &Arc<Asked>,
        about: &About,
        pools: &[Pool],
    ) -> Result<Proposal> {
        let authority = Authority::of_policy(facts, source, asked, about)?;
        let (_, proposed) = self.run(source, authority, Task::Propose(pools))?;
        let proposed = proposed.unwrap_or_default();
        proposal::check(source.name(), proposed, pools)
    }

    /// Runs a component, where it has to be. What was given and recorded, and what was proposed.
    fn run(
        &self,
        source: &Source,
        mut authority: Authority,
        task: Task<'_>,
    ) -> Result<(Authority, Option<Proposed>)> {
        let begin = Instant::now();
        let ordinary = Allowance::Ordinary;
        let ended = match source.code() {
            // Who tries a component asks often, and the time of what runs in place is the process's.
            store::Code::BuiltIn(code) if self.at_hand.is_some() => {
                let code = Native::copy(code).map_err(set_up_failed)?;
                self.call_behind_the_wall(&code, ordinary, &mut authority, task)
            }
            store::Code::BuiltIn(code) => {
                let component = self
                    .load_built_in(code)
                    .map_err(|failure| failure.into_error(source.name(), &[]))?;
                let (end, store) = call(&component, Session::here(authority), task, begin);
                authority = store
                    .into_data()
                    .into_authority()
                    .ok_or_else(|| set_up_failed("it ran elsewhere"))?;
                Ok(end)
            }
            store::Code::Stored(stored) => {
                // Unmapping it would be work for nothing, too.
                let code = ManuallyDrop::new(stored.read(source.name())?);
                self.call_behind_the_wall(&code, stored.allowance(), &mut authority, task)
            }
            store::Code::AtHand(code, allowance) => {
                self.call_behind_the_wall(code, *allowance, &mut authority, task)
            }
        };
        for (level, line) in authority.log() {
            self.trace
                .write(*level, format_args!("component {}: {line}", source.name()));
        }
        let end = ended.unwrap_or_else(End::failed);
        self.trace.debug(format_args!(
            "component {}: load, link and call took {} us, {} us of it to load; {} units of fuel",
            source.name(),
            begin.elapsed().as_micros(),
            end.load,
            end.fuel
        ));
        self.spent.borrow_mut().push(Spent {
            component: source.name().to_owned(),
            fuel: end.fuel,
            failure: match &end.outcome {
                Outcome::Failed(failure) => Some(failure.kind),
                _ => None,
            },
        });
        match end.outcome {
            Outcome::Done => Ok((authority, None)),
            Outcome::Proposed(proposed) => Ok((authority, Some(proposed))),
            Outcome::Refused(refusal) => Err(refusal.of_component(source.name())),
            Outcome::Failed(failure) => Err(failure.into_error(source.name(), authority.log())),
        }
    }

    fn call_behind_the_wall(
        &self,
        code: &Native,
        allowance: Allowance,
        authority: &mut Authority,
        task: Task<'_>,
    ) -> std::result::Result<End, Failure> {
        let asked = Arc::clone(authority.asked());
        let engine = match allowance {
            Allowance::Ordinary => self.engine.clone(),
            // Of this component alone: the settings of all others stay what they are.
            Allowance::Large => {
                engine(allowance).map_err(|error| Failure::set_up("its engine", error.message))?
            }
        };
        let limits = wall::Limits::of_a_component(allowance);
        wall::run(&engine, &limits, authority, |channel, copy| {
            let begin = Instant::now();
            let mut session = Session::behind(Behind::new(channel, copy), asked, allowance);
            // Nothing is given back: the process ends.
            match load(&engine, code.bytes()).map(ManuallyDrop::new) {
                Ok(component) => {
                    let (end, store) = call(&component, session, task, begin);
                    ManuallyDrop::new(store).data_mut().tell(end);
                }
                Err(failure) => session.tell(End::failed(failure)),
            }
        })
    }

    fn load_built_in(&self, code: &'static [u8]) -> std::result::Result<Component, Failure> {
        let mut loaded = self.loaded.borrow_mut();
        if let Some(component) = loaded.get(&code.as_ptr()) {
            return Ok(component.clone());
        }
        let component = load(&self.engine, code)?;
        loaded.insert(code.as_ptr(), component.clone());
        Ok(component)
    }
}

/// An engine for components of this allowance, which runs their code where it lies.
fn engine(allowance: Allowance) -> Result<Engine> {
    let mut configuration = plumb_engine::engine_config_for(allowance);
    configuration.with_custom_code_memory(Some(Arc::new(builtin::InPlace)));
    Engine::new(&configuration).map_err(set_up_failed)
}

/// Makes native code ready to run, where it lies: at the beginning of whole pages that are its own, and
/// that stay where they are for as long as this process runs components.
fn load(engine: &Engine, code: &[u8]) -> std::result::Result<Component, Failure> {
    // SAFETY: built-in code was made by this project's compiler when the program was built, and lies in its
    // read-only image. What was read from the store is looked at behind the wall alone, where it may be
    // anything; the child never gives its memory back.
    let component = unsafe { Component::deserialize_raw(engine, NonNull::from(code)) };
    component.map_err(|error| {
        Failure::not_loaded(format!(
            "cannot be loaded: {error:#}; `plumbctl component install` compiles it anew"
        ))
    })
}

/// Calls a component in a fresh store with all limits set. What came of it, and the store with the host's side.
fn call(
    component: &Component,
    session: Session,
    task: Task<'_>,
    begin: Instant,
) -> (End, Store<Session>) {
    let engine = component.engine();
    let allowance = session.allowance();
    let linked = Version::of(component, engine).and_then(|version| {
        let linker = match version {
            Version::V0_1 => contract_0_1::link(engine, component),
            Version::V0_2 => contract_0_2::link(engine, component),
        };
        Ok((
            version,
            linker.map_err(|error| failure::explain(version, allowance, &error))?,
        ))
    });
    let load = micros(begin);
    let mut store = Store::new(engine, session);
    store.limiter(|session| &mut session.limits);
    store.set_epoch_deadline(1);
    store.set_hostcall_fuel(limits::LIFTED_BYTES);
    store.set_max_component_handles(limits::HANDLES);
    let fuelled = store.set_fuel(limits::FUEL);
    let outcome = fuelled
        .map_err(|error| Failure::set_up("its fuel", error))
        .and(linked)
        .and_then(|(version, linker)| {
            let answer = match version {
                Version::V0_1 => contract_0_1::call(&mut store, component, &linker, task),
                Version::V0_2 => contract_0_2::call(&mut store, component, &linker, task),
            };
            answer.map_err(|error| failure::explain(version, allowance, &error))
        });
    let end = End {
        outcome: match outcome {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(refusal)) => Outcome::Refused(refusal),
            Err(failure) => Outcome::Failed(failure),
        },
        fuel: limits::FUEL - store.get_fuel().unwrap_or_default(),
        load,
    };
    (end, store)
}

fn micros(begin: Instant) -> u64 {
    // There are enough for half a million years.
    begin.elapsed().as_micros() as u64
}

fn set_up_failed(error: impl std::fmt::Display) -> Error {
    Error::new(
        Code::INTERNAL,
        format!("cannot set the sandbox up: {error}"),
    )
}
