//! Version 0.2 of the contract (`wit/0.2`): its types, and the host's in its words.

// Public for `tests/fuzz`, which hands over what a component may hand over.
#[doc(hidden)]
pub mod bindings;
mod facts;
mod link;
mod operations;
pub(super) mod pools;
pub(super) mod requests;
pub(super) mod routing;
mod values;

use std::sync::Arc;

use wasmtime::Store;
use wasmtime::component::{Component, Linker, Resource};

use super::Task;
use super::end::Outcome;
use super::proposal::Proposed;
use super::refusal::Refusal;
use super::session::Session;
use crate::pools::Pool;
use crate::trace::Level;
use bindings::{AddressPolicy, Flavour, log, types};
pub(super) use link::link;
use pools::PoolHandle;
use requests::RequestHandle;

/// What a call answers; the outer error is a trap.
type Answer<T> = wasmtime::Result<Result<T, types::Error>>;

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
    let request = request(store)?;
    let flavour = Flavour::instantiate(&mut *store, component, linker)?;
    let answer = flavour.call_attach(store, request)?;
    Ok(answer.map_err(Refusal::from))
}

/// Calls `ready`.
fn ready(
    store: &mut Store<Session>,
    component: &Component,
    linker: &Linker<Session>,
) -> wasmtime::Result<Result<(), Refusal>> {
    let request = request(store)?;
    let flavour = Flavour::instantiate(&mut *store, component, linker)?;
    let answer = flavour.call_ready(store, request)?;
    Ok(answer.map_err(Refusal::from))
}

/// Calls `propose`.
fn propose(
    store: &mut Store<Session>,
    component: &Component,
    linker: &Linker<Session>,
    pools: &[Pool],
) -> wasmtime::Result<Result<Proposed, Refusal>> {
    let request = request(store)?;
    let table = &mut store.data_mut().table;
    let given: Result<Vec<Resource<PoolHandle>>, _> = pools
        .iter()
        .map(|pool| table.push(PoolHandle::of(pool)))
        .collect();
    let policy = AddressPolicy::instantiate(&mut *store, component, linker)?;
    match policy.call_propose(&mut *store, request, &given?)? {
        Ok(proposal) => Ok(Ok(store.data_mut().table.delete(proposal)?)),
        Err(error) => Ok(Err(error.into())),
    }
}

/// The request, as the component's own. One of the world `flavour` or `address-policy` is lent it: a handle that is given
/// where one is to be lent stays the host's, and ends with the store.
fn request(store: &mut Store<Session>) -> wasmtime::Result<Resource<RequestHandle>> {
    let session = store.data_mut();
    let asked = Arc::clone(session.asked());
    Ok(session.table.push(RequestHandle(asked))?)
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
