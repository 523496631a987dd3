//! Starting a component for once when it is installed: that it is too large for what it is allowed, its operator
//! learns then, and not the first pod.

use std::time::Instant;

use plumb_engine::{Allowance, limits};
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, StoreLimits};

use super::end::{End, Outcome};
use super::failure::{self, Failure};
use super::session::store_limits;
use super::version::Version;
use super::{micros, wall};

/// Most bytes of the answer, whose reason may have a component's own words.
const ANSWER_BYTES: usize = 64 << 10;

/// Starts a component behind the wall, without a call and without a host: the fuel that its start took.
///
/// # Errors
///
/// When it needs more than it is allowed, or gives up by itself.
pub fn start(code: &[u8], allowance: Allowance) -> Result<u64, Failure> {
    // Before the wall, which has no place for the handlers of signals that it installs.
    let engine =
        super::engine(allowance).map_err(|error| Failure::set_up("its engine", error.message))?;
    let limits = wall::Limits::of_a_component(allowance);
    let written = wall::alone(&limits, ANSWER_BYTES, |parent| {
        let end = inside(&engine, code, allowance);
        // The parent sees what is missing.
        let _ = parent.write_all(&postcard::to_allocvec(&end).unwrap_or_default());
    })?;
    let end: End = postcard::from_bytes(&written)
        .map_err(|_| Failure::failed("failed: it ended while it was started"))?;
    match end.outcome {
        Outcome::Failed(failure) => Err(failure),
        _ => Ok(end.fuel),
    }
}

fn inside(engine: &Engine, code: &[u8], allowance: Allowance) -> End {
    let begin = Instant::now();
    // SAFETY: plumb's compiler made the code, and whatever it is, it is looked at behind the wall alone.
    let component = match unsafe { Component::deserialize(engine, code) } {
        Ok(component) => component,
        Err(error) => {
            return End::failed(Failure::not_loaded(format!("cannot be loaded: {error:#}")));
        }
    };
    let load = micros(begin);
    let mut store = Store::new(engine, store_limits(allowance));
    let outcome = match instantiate(&mut store, &component) {
        Ok(()) => Outcome::Done,
        // It looks at the node when it starts, and there is none here: whether that is well, a call says.
        Err(error) if format!("{error:#}").contains("unknown import") => Outcome::Done,
        Err(error) => Outcome::Failed(match Version::of(&component, engine) {
            Ok(version) => failure::explain(version, allowance, &error),
            Err(failure) => failure,
        }),
    };
    End {
        outcome,
        fuel: limits::FUEL - store.get_fuel().unwrap_or_default(),
        load,
    }
}

fn instantiate(store: &mut Store<StoreLimits>, component: &Component) -> wasmtime::Result<()> {
    store.limiter(|limits| limits);
    store.set_epoch_deadline(1);
    store.set_hostcall_fuel(limits::LIFTED_BYTES);
    store.set_max_component_handles(limits::HANDLES);
    store.set_fuel(limits::FUEL)?;
    let mut linker = Linker::new(component.engine());
    linker.define_unknown_imports_as_traps(component)?;
    linker.instantiate(store, component).map(drop)
}
