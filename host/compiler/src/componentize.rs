//! From the core module that a compiler makes to a component.

use std::collections::BTreeSet;

use wasmparser::{Encoding, Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::audit::hint_for;
use crate::error::Error;
use crate::stub::{self, WASI};
use crate::version::{CONTRACT_VERSION, Version};
use crate::world::World;

/// What of a core module decides how it is wrapped.
#[derive(Debug, Default)]
struct Outside {
    /// Whether it calls functions of WASI.
    has_wasi: bool,
    /// The version of the contract that it was built for, when it imports something of it.
    version: Option<String>,
    exports: BTreeSet<String>,
    /// Whether its compiler left the world in it.
    has_world: bool,
}

/// Wraps a core module as a component.
///
/// Its world is the one that its compiler left in it, as the SDK's macro and the bindings for C do. Where a compiler
/// cannot write that, as Go's, it is the one of its exports.
///
/// What it imports of WASI is answered inside of it, by denials.
///
/// Errors: an import that no component of plumb can have is refused by name, as
/// [`compile`](crate::compile) would; it is found here first because it could not be wrapped.
pub fn componentize(core_wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let outside = outside(core_wasm)?;
    let version = outside.version.as_deref().unwrap_or(CONTRACT_VERSION);
    let mut module = core_wasm.to_vec();
    if !outside.has_world
        && let Some(world) = outside.world()
    {
        describe(&mut module, world, version).map_err(Error::Componentize)?;
    }
    let failed = |error| Error::Componentize(format!("{error:#}"));
    let mut encoder = ComponentEncoder::default()
        .validate(true)
        .module(&module)
        .map_err(failed)?;
    if outside.has_wasi {
        let adapter = stub::adapter(version).map_err(Error::Componentize)?;
        encoder = encoder.adapter(WASI, &adapter).map_err(failed)?;
    }
    encoder.encode().map_err(failed)
}

impl Outside {
    fn add(&mut self, module: &str) -> Result<(), Error> {
        if module == WASI {
            self.has_wasi = true;
            return Ok(());
        }
        let Some(interface) = module.strip_prefix("plumb:cni/") else {
            return Err(Error::UndeclaredImport {
                name: module.to_owned(),
                hint: hint_for(module).to_owned(),
            });
        };
        if let Some((_, version)) = interface.split_once('@') {
            self.version.get_or_insert_with(|| version.to_owned());
        }
        Ok(())
    }

    fn world(&self) -> Option<World> {
        let has_all = |world: &World| {
            let mut exports = world.exports().iter();
            exports.all(|name| self.exports.contains(*name))
        };
        [World::Flavour, World::AddressPolicy]
            .into_iter()
            .find(has_all)
    }
}

/// Writes the world into a module.
fn describe(module: &mut Vec<u8>, world: World, version: &str) -> Result<(), String> {
    let known = Version::of(version).ok_or_else(|| {
        format!(
            "it was built for plumb:cni {version}, this host speaks {}",
            Version::spoken()
        )
    })?;
    let (resolve, package) = known.under(version)?;
    let world = resolve
        .select_world(&[package], Some(world.name()))
        .map_err(|error| format!("{error:#}"))?;
    embed_component_metadata(module, &resolve, world, StringEncoding::UTF8)
        .map_err(|error| format!("{error:#}"))
}

fn outside(core_wasm: &[u8]) -> Result<Outside, Error> {
    let mut outside = Outside::default();
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
                    outside.add(import.module)?;
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    outside
                        .exports
                        .insert(export.map_err(Error::invalid)?.name.to_owned());
                }
            }
            Payload::CustomSection(section) if section.name().starts_with("component-type") => {
                outside.has_world = true;
            }
            _ => {}
        }
    }
    Ok(outside)
}
