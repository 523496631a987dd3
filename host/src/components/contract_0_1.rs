//! Version 0.1 of the contract (`wit/0.1`): its types, and the host's in its words. It is never
//! changed; components that were built for it keep working.

// Public for `tests/fuzz`, which hands over what a component may hand over.
#[doc(hidden)]
pub mod bindings;
mod facts;
mod operations;
#[doc(hidden)]
pub mod pools;
mod values;

use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{Engine, Store};

use super::Task;
use super::end::Outcome;
use super::proposal::Proposed;
use super::refusal::Refusal;
use super::session::Session;
use crate::pools::Pool;
use crate::trace::Level;
use bindings::{AddressPolicy, Flavour, log, types};

/// What a call answers; the outer error is a trap.
type Answer<T> = wasmtime::Result<Result<T, types::Error>>;

/// All that a component of this version may import; what of it this one does not is not used.
pub(super) fn link(engine: &Engine, _component: &Component) -> wasmtime::Result<Linker<Session>> {
    let mut linker = Linker::new(engine);
    Flavour::add_to_linker::<_, HasSelf<Session>>(&mut linker, |session| session)?;
    Ok(linker)
}

/// Calls a component for what it is made for.
pub(super) fn call(
    store: &mut Store<Session>,
    component: &Component,
    linker: &Linker<Session>,
    task: Task<'_>,
) -> wasmtime::Result<Result<Outcome, Refusal>> {
    let done = |()| Outcome::Done;
    Ok(match task {
        Task::Attach => attach(store, component, linker)?.map(done),
        Task::Ready => ready(store, component, linker)?.map(done),
        Task::Propose(pools) => propose(store, component, linker, pools)?.map(Outcome::Proposed),
    })
}

/// Calls `attach`.
fn attach(
    store: &mut Store<Session>,
    component: &Component,
    linker: &Linker<Session>,
) -> wasmtime::Result<Result<(), Refusal>> {
    let request = values::to_request(store.data().asked());
    let flavour = Flavour::instantiate(&mut *store, component, linker)?;
    let answer = flavour.call_attach(store, &request)?;
    Ok(answer.map_err(Refusal::from))
}

/// Calls `ready`.
fn ready(
    store: &mut Store<Session>,
    component: &Component,
    linker: &Linker<Session>,
) -> wasmtime::Result<Result<(), Refusal>> {
    let request = values::to_request(store.data().asked());
    let flavour = Flavour::instantiate(&mut *store, component, linker)?;
    let answer = flavour.call_ready(store, &request)?;
    Ok(answer.map_err(Refusal::from))
}

/// Calls `propose`.
fn propose(
    store: &mut Store<Session>,
    component: &Component,
    linker: &Linker<Session>,
    pools: &[Pool],
) -> wasmtime::Result<Result<Proposed, Refusal>> {
    let request = values::to_request(store.data().asked());
    let pools: Vec<_> = pools.iter().map(pools::to_pool).collect();
    let policy = AddressPolicy::instantiate(&mut *store, component, linker)?;
    let answer = policy.call_propose(store, &request, &pools)?;
    Ok(answer.map(pools::proposed).map_err(Refusal::from))
}

impl types::Host for Session {}

impl log::Host for Session {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warning => Level::Warning,
            log::Level::Error => Level::Error,
        };
        self.log_line(level, &message)
    }
}
