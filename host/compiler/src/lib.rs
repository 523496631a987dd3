//! Turns a component into code that the host can load: checks by name what it imports
//! and exports, then compiles it ahead of time.
//!
//! Cranelift is in this crate and nowhere else. The CNI binary, which runs for each pod,
//! must not depend on it: a compiler is ten times the size of the rest and would parse a
//! stranger's input as root.

mod audit;
mod componentize;
mod contract;
pub mod declaration;
mod error;
mod package;
mod precompile;
mod stub;
mod version;
mod world;

pub use componentize::componentize;
pub use declaration::Declaration;
pub use error::Error;
pub use package::package;
pub use precompile::{compiler_config, precompile_unchecked, set_up};
pub use version::{CONTRACT_VERSION, operations};
pub use world::World;

use plumb_engine::Allowance;
use sha2::{Digest, Sha256};

/// What a file was before it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// What a language's compiler makes, in which its bindings left the world.
    CoreModule,
    /// A finished component.
    Component,
}

/// A component that has passed the audit: what it is, as far as that can be known without executing anything of it.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// What the file was.
    pub form: Form,
    /// The component in binary form: what came in, what its text stood for, or the core module wrapped.
    pub component: Vec<u8>,
    /// SHA-256 of `component` in lower-case hexadecimal: the identity of the component.
    pub digest: String,
    /// What the component is.
    pub world: World,
    /// The version of the contract that it was built for.
    pub version: String,
    /// The interfaces with functions that it imports, such as `plumb:cni/facts@0.2.0`:
    /// what it asks to be granted.
    pub imports: Vec<String>,
    /// The functions of WASI that a module inside of it imports, which are answered inside of it.
    pub wasi: Vec<String>,
    /// Whether it is made of several components that call each other, as only large ones may be.
    pub is_composed: bool,
    /// What it says of itself.
    pub declaration: Option<Declaration>,
}

/// A component that has passed the audit, and its native code.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// What it is.
    pub inspected: Inspected,
    /// Native code for this architecture's baseline processor, for
    /// [`plumb_engine::engine_config_for`] its allowance.
    pub cwasm: Vec<u8>,
}

/// Audits a component: its names, its types, its declaration. Takes a core module or a component, in binary or text
/// form (`.wat`). Nothing of it is compiled or executed.
///
/// # Errors
///
/// See [`Error`].
pub fn inspect(wasm_or_wat: &[u8]) -> Result<Inspected, Error> {
    let binary = precompile::binary(wasm_or_wat)?;
    let (form, component) = match declaration::is_component(&binary) {
        true => (Form::Component, binary),
        false => (Form::CoreModule, componentize(&binary)?),
    };
    let surface = audit::surface(&component)?;
    let version = audit::check_imports(&surface.imports)?;
    let world = contract::check_world(&component, &surface, version.clone())?;
    Ok(Inspected {
        form,
        digest: digest(&component),
        world,
        imports: audit::with_functions(surface.imports, &version),
        version,
        wasi: surface.wasi.into_iter().collect(),
        is_composed: surface.is_composed,
        declaration: Declaration::of(&component)?,
        component,
    })
}

/// Audits a component, as [`inspect`] does, and compiles it for an engine of ordinary components.
///
/// # Errors
///
/// See [`Error`]; nothing is compiled before the names have been checked.
pub fn compile(wasm_or_wat: &[u8]) -> Result<Compiled, Error> {
    compile_for(wasm_or_wat, Allowance::Ordinary)
}

/// The same, for an engine that gives as much as this allows.
///
/// # Errors
///
/// As [`compile`]'s, and [`Error::Composed`] for one that is made of several and not allowed to be.
pub fn compile_for(wasm_or_wat: &[u8], allowance: Allowance) -> Result<Compiled, Error> {
    let inspected = inspect(wasm_or_wat)?;
    audit::check_parts(&inspected, allowance)?;
    let cwasm = precompile::precompile(&inspected.component, allowance)?;
    Ok(Compiled { inspected, cwasm })
}

/// SHA-256 in lower-case hexadecimal, as [`Compiled::digest`] has it.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
