//! Turns a component into code that the host can load: checks by name what it imports
//! and exports, then compiles it ahead of time.
//!
//! Cranelift is in this crate and nowhere else. The CNI binary, which runs for each pod,
//! must not depend on it: a compiler is ten times the size of the rest and would parse a
//! stranger's input as root.

mod audit;
mod componentize;
mod contract;
mod error;
mod precompile;
mod version;
mod world;

pub use componentize::componentize;
pub use error::Error;
pub use precompile::{compiler_config, precompile_unchecked, set_up};
pub use version::{CONTRACT_VERSION, operations};
pub use world::World;

use sha2::{Digest, Sha256};

/// A component that has passed the audit, and its native code.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The component in binary form: what came in, or what its text stood for.
    pub component: Vec<u8>,
    /// Native code for this architecture's baseline processor, for
    /// [`plumb_engine::engine_config`].
    pub cwasm: Vec<u8>,
    /// SHA-256 of `component` in lower-case hexadecimal: the identity of the component.
    pub digest: String,
    /// What the component is.
    pub world: World,
    /// The version of the contract that it was built for.
    pub version: String,
    /// The interfaces with functions that it imports, such as `plumb:cni/facts@0.2.0`:
    /// what it asks to be granted.
    pub imports: Vec<String>,
}

/// Audits a component and compiles it. Takes the binary form or the text form (`.wat`).
///
/// Errors: see [`Error`]; nothing is compiled before the names have been checked.
pub fn compile(component_or_wat: &[u8]) -> Result<Compiled, Error> {
    let component = precompile::binary(component_or_wat)?;
    let surface = audit::surface(&component)?;
    let version = audit::check_imports(&surface.imports)?;
    let world = contract::check_world(&component, &surface, version.clone())?;
    let cwasm = precompile::precompile(&component)?;
    Ok(Compiled {
        cwasm,
        digest: digest(&component),
        world,
        imports: audit::with_functions(surface.imports, &version),
        version,
        component,
    })
}

/// SHA-256 in lower-case hexadecimal, as [`Compiled::digest`] has it.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
