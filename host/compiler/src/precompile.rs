//! From a component to native code.

use plumb_engine::{Allowance, engine_config_for, limits, wasm_features};
use wasmparser::Validator;
use wasmtime::{Config, Engine, OptLevel};

use crate::error::Error;

/// The shared settings, and those that only a compiler has.
///
/// The target is named, so that nothing of the processor at hand is used: code that is
/// built into the CNI binary must run on every node of its architecture.
pub fn compiler_config() -> Config {
    compiler_config_for(Allowance::Ordinary)
}

fn compiler_config_for(allowance: Allowance) -> Config {
    let mut config = engine_config_for(allowance);
    config
        .target(&format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
        .expect("the architecture that this runs on has a Linux target");
    config
        .cranelift_opt_level(OptLevel::SpeedAndSize)
        // The bits of a NaN differ between processors; with this the same request
        // gives the same plan everywhere.
        .cranelift_nan_canonicalization(true);
    config
}

/// Has wasmtime do what it does once for a process, such as installing handlers of signals: for a caller that is
/// about to take from itself what that needs.
///
/// # Errors
///
/// [`Error::Compile`] when it cannot be set up.
pub fn set_up() -> Result<(), Error> {
    Engine::new(&compiler_config())
        .map(drop)
        .map_err(|error| Error::Compile(format!("{error:#}")))
}

/// Compiles without looking at imports and exports: for tests that need a hostile
/// component in the form that the host loads. Takes the binary or the text form.
pub fn precompile_unchecked(component_or_wat: &[u8]) -> Result<Vec<u8>, Error> {
    precompile(&binary(component_or_wat)?, Allowance::Ordinary)
}

pub(crate) fn precompile(component: &[u8], allowance: Allowance) -> Result<Vec<u8>, Error> {
    validate(component, allowance)?;
    let engine = Engine::new(&compiler_config_for(allowance))
        .map_err(|error| Error::Compile(format!("{error:#}")))?;
    engine
        .precompile_component(component)
        .map_err(|error| Error::Compile(format!("{error:#}")))
}

/// wasmtime does the same, function by function while it compiles: what a large component of another toolchain may not
/// use would be told after a minute.
fn validate(component: &[u8], allowance: Allowance) -> Result<(), Error> {
    Validator::new_with_features(wasm_features(allowance))
        .validate_all(component)
        .map(drop)
        .map_err(|error| Error::Invalid(error.to_string()))
}

/// The binary form of either form.
pub(crate) fn binary(component_or_wat: &[u8]) -> Result<Vec<u8>, Error> {
    if component_or_wat.len() > limits::COMPONENT_BYTES {
        return Err(Error::TooLarge {
            size: component_or_wat.len(),
            limit: limits::COMPONENT_BYTES,
        });
    }
    wat::parse_bytes(component_or_wat)
        .map(|bytes| bytes.into_owned())
        .map_err(|error| Error::Unreadable(error.to_string()))
}
