//! Which version of the contract a component was built for.

use wasmtime::Engine;
use wasmtime::component::Component;

use super::failure::Failure;

/// The versions that this host speaks. Below 1.0 the minor version is the one that breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `wit/0.1`
    V0_1,
    /// `wit/0.2`
    V0_2,
}

impl Version {
    /// The version in the names of what a component imports. A component imports types of the
    /// contract, because its exports are made of them; one that imports nothing is none, and
    /// linking it says what it lacks.
    ///
    /// # Errors
    ///
    /// For a version that this host does not speak.
    pub fn of(component: &Component, engine: &Engine) -> Result<Self, Failure> {
        let kind = component.component_type();
        let version = kind.imports(engine).find_map(|(import, _)| {
            let interface = import.strip_prefix("plumb:cni/")?;
            interface
                .split_once('@')
                .map(|(_, version)| version.to_owned())
        });
        let Some(version) = version else {
            return Ok(Self::V0_2);
        };
        match version.rsplit_once('.') {
            Some(("0.1", _)) => Ok(Self::V0_1),
            Some(("0.2", _)) => Ok(Self::V0_2),
            _ => Err(Failure::not_loaded(format!(
                "was built for version {version:?} of the contract plumb:cni, and this host speaks 0.1 and \
                 0.2: build it with an SDK of one of these, or upgrade plumb on this node"
            ))),
        }
    }

    /// As messages call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1",
            Self::V0_2 => "0.2",
        }
    }
}
