//! How components run: the engine configuration that compiler and host share, and
//! the limits of a call.
//!
//! A precompiled component (`.cwasm`) is native code. It loads only into an engine that
//! is set up as the one that compiled it, so both take [`engine_config`] from here, and
//! both name the result by [`engine_key`].
//!
//! Loading is `unsafe` in wasmtime for a good reason: a forged `.cwasm` is arbitrary
//! code that runs as root. Everything that the sandbox promises rests on the files
//! being written by `plumbctl` or by the build alone.
//!
//! ```
//! use plumb_engine::{engine_config, limits};
//!
//! let engine = wasmtime::Engine::new(&engine_config())?;
//! let mut store = wasmtime::Store::new(&engine, ());
//! store.set_fuel(limits::FUEL)?;
//! // The deadline must stand before the component is instantiated: at 0, the default,
//! // the first instruction traps.
//! store.set_epoch_deadline(1);
//! store.set_hostcall_fuel(limits::LIFTED_BYTES);
//! store.set_max_component_handles(limits::HANDLES);
//! # Ok::<(), wasmtime::Error>(())
//! ```

mod allowance;
mod configuration;
pub mod limits;

pub use allowance::{Allowance, Limits};
pub use configuration::{
    COMPONENT_ABI, WASMTIME_VERSION, engine_config, engine_config_for, engine_key, wasm_features,
};
