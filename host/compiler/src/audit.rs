//! What a component imports and exports, by name, before anything is compiled.

use std::collections::BTreeSet;

use plumb_engine::Allowance;
use wasmparser::{CanonicalFunction, ComponentTypeRef, Parser, Payload, TypeBounds};

use crate::Inspected;
use crate::error::Error;
use crate::stub::WASI;
use crate::version::{CONTRACT_VERSION, Version};

const PACKAGE: &str = "plumb:cni/";

/// The names on the outside of a component.
#[derive(Debug, Default)]
pub(crate) struct Surface {
    pub imports: Vec<String>,
    pub exports: Vec<String>,
    /// The functions of WASI that modules inside of it import.
    pub wasi: BTreeSet<String>,
    /// Whether there are components inside of it that call each other.
    pub is_composed: bool,
}

/// Reads the outermost imports and exports. What nested components and modules import
/// can only be satisfied from within.
pub(crate) fn surface(component: &[u8]) -> Result<Surface, Error> {
    let mut surface = Surface::default();
    let mut depth = 0_u32;
    for payload in Parser::new(0).parse_all(component) {
        match payload.map_err(Error::invalid)? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            // A component that only gives other names to what it is given has none of these.
            Payload::ComponentCanonicalSection(section) if depth > 1 => {
                for function in section {
                    surface.is_composed |= matches!(
                        function.map_err(Error::invalid)?,
                        CanonicalFunction::Lift { .. } | CanonicalFunction::Lower { .. }
                    );
                }
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(Error::invalid)?;
                    if import.module == WASI {
                        // wit-component tells a second import of a name by ` [v2]`.
                        let name = import.name.split(' ').next().unwrap_or_default();
                        surface.wasi.insert(name.to_owned());
                    }
                }
            }
            Payload::ComponentImportSection(section) if depth == 1 => {
                for import in section {
                    let import = import.map_err(Error::invalid)?;
                    // A world that uses a type of an interface gives it a name of its
                    // own. Nothing is passed by that.
                    if !matches!(import.ty, ComponentTypeRef::Type(TypeBounds::Eq(_))) {
                        surface.imports.push(import.name.name.to_owned());
                    }
                }
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section {
                    surface
                        .exports
                        .push(export.map_err(Error::invalid)?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    Ok(surface)
}

/// Refuses every import that is not an interface of the contract. Returns the version of
/// the contract that the component was built for.
pub(crate) fn check_imports(imports: &[String]) -> Result<String, Error> {
    let mut version = None;
    for name in imports {
        let this = check_import(name)?;
        if *version.get_or_insert(this) != this {
            return Err(Error::ContractVersion {
                name: name.clone(),
                wanted: this.to_owned(),
                spoken: version.unwrap_or_default().to_owned(),
                hint: "the component mixes versions; build all of it with one SDK",
            });
        }
    }
    Ok(version.unwrap_or(CONTRACT_VERSION).to_owned())
}

/// Whether a component may be made of several. wasmtime copies what they pass to each other by code that needs
/// several memories, and panics where it has none.
pub(crate) fn check_parts(inspected: &Inspected, allowance: Allowance) -> Result<(), Error> {
    match (inspected.is_composed, allowance) {
        (false, _) | (true, Allowance::Large) => Ok(()),
        (true, Allowance::Ordinary) => Err(Error::Composed),
    }
}

/// Leaves out the interfaces that only have types.
pub(crate) fn with_functions(imports: Vec<String>, version: &str) -> Vec<String> {
    let interfaces = Version::of(version).map_or(&[][..], |version| version.interfaces);
    let has_functions = |name: &String| {
        let interface = name.strip_prefix(PACKAGE).unwrap_or(name).split('@').next();
        interface.is_some_and(|interface| !interfaces.contains(&(interface, false)))
    };
    imports.into_iter().filter(has_functions).collect()
}

/// What an import outside of the contract probably is.
pub(crate) fn hint_for(name: &str) -> &'static str {
    if name.starts_with("wasi") {
        "built for WASI 0.2? build for wasm32-unknown-unknown, or have the toolchain answer WASI itself (`--stub-wasi`)"
    } else if name.starts_with("__wbindgen") || name.starts_with("./") {
        "a dependency uses wasm-bindgen, which is for browsers; look for its feature `js` or `wasm-bindgen`"
    } else if name == "env" {
        "a function is declared `extern` and defined nowhere; is a C library missing?"
    } else {
        "only the interfaces plumb:cni/… of the contract can be imported"
    }
}

/// The version in the name of an import, when the host speaks it.
fn check_import(name: &str) -> Result<&str, Error> {
    let undeclared = |hint: String| Error::UndeclaredImport {
        name: name.to_owned(),
        hint,
    };
    let Some(interface) = name.strip_prefix(PACKAGE) else {
        return Err(undeclared(hint_for(name).to_owned()));
    };
    let (interface, version) = interface.split_once('@').unwrap_or((interface, ""));
    let Some(known) = Version::of(version) else {
        return Err(Error::ContractVersion {
            name: name.to_owned(),
            wanted: if version.is_empty() {
                "of no version".to_owned()
            } else {
                version.to_owned()
            },
            spoken: Version::spoken(),
            hint: if Version::is_to_come(version) {
                "upgrade plumb on this node"
            } else {
                "build the component with a newer SDK"
            },
        });
    };
    if !known.interfaces.iter().any(|(name, _)| *name == interface) {
        return Err(undeclared(format!(
            "plumb:cni {} has no such interface; it has {}",
            known.number,
            known.interfaces_in_words()
        )));
    }
    Ok(version)
}
