//! From the core module that `cargo build` makes to a component.

use wasmparser::{Encoding, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::audit::hint_for;
use crate::error::Error;

/// Wraps a core module, in which the SDK's macro left the world, as a component.
///
/// Errors: an import that no component of plumb can have is refused by name, as
/// [`compile`](crate::compile) would; it is found here first because it could not be wrapped.
pub fn componentize(core_wasm: &[u8]) -> Result<Vec<u8>, Error> {
    check_core_imports(core_wasm)?;
    ComponentEncoder::default()
        .validate(true)
        .module(core_wasm)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| Error::Componentize(format!("{error:#}")))
}

fn check_core_imports(core_wasm: &[u8]) -> Result<(), Error> {
    for payload in Parser::new(0).parse_all(core_wasm) {
        match payload.map_err(Error::invalid)? {
            Payload::Version {
                encoding: Encoding::Component,
                ..
            } => {
                return Err(Error::NotACoreModule);
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(Error::invalid)?;
                    if !import.module.starts_with("plumb:cni/") {
                        return Err(Error::UndeclaredImport {
                            name: import.module.to_owned(),
                            hint: hint_for(import.module).to_owned(),
                        });
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}
