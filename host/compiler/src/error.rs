//! Why a component is refused.

use crate::world::World;

/// Why a component is refused. The messages are for the vendor who built it or the
/// operator who installs it; they begin where "component NAME: " ends.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither WebAssembly nor its text form.
    #[error("is neither a WebAssembly component nor its text form: {0}")]
    Unreadable(String),
    /// A component was given where a core module is wanted.
    #[error("is a component already, there is nothing to wrap")]
    NotACoreModule,
    /// Larger than [`plumb_engine::limits::COMPONENT_BYTES`].
    #[error("has {size} bytes, more than the {limit} that are accepted")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Not valid WebAssembly, or with a feature that is turned off.
    #[error("is no valid component: {0}")]
    Invalid(String),
    /// An import that the host does not give.
    #[error("imports `{name}`, which plumb does not give: {hint}")]
    UndeclaredImport {
        /// The import's name.
        name: String,
        /// What is probably wrong.
        hint: String,
    },
    /// An interface of ours in a version that this host does not speak.
    #[error("needs plumb:cni {wanted} (`{name}`), this host speaks {spoken}: {hint}")]
    ContractVersion {
        /// The import's name.
        name: String,
        /// The version that the component was built for.
        wanted: String,
        /// The versions that this host speaks, such as `0.1 and 0.2`.
        spoken: String,
        /// Which side is to be renewed.
        hint: &'static str,
    },
    /// The exports are those of neither world.
    #[error(
        "exports {found}; a flavour exports `attach` and `ready` (by the SDK's `export_flavour!`), \
         an address policy exports `propose` (by `export_address_policy!`)"
    )]
    NoWorld {
        /// What it does export, in words.
        found: String,
    },
    /// The exports are those of both worlds.
    #[error(
        "is of both worlds: it exports {found}, and a component is either a flavour or an address policy: build two of it"
    )]
    BothWorlds {
        /// What it exports, in words.
        found: String,
    },
    /// It looks like this world by its names, but its types differ.
    #[error("is no {world} of plumb:cni {version}: {reason}")]
    World {
        /// The world that its exports suggest.
        world: World,
        /// The version it was compared with.
        version: String,
        /// The first difference.
        reason: String,
    },
    /// The document in which it says what it is and wishes cannot be understood.
    #[error("has a declaration that cannot be read (custom section `plumb:component`): {0}")]
    Declaration(String),
    /// Made of several components, and not compiled as a large one.
    #[error(
        "is made of several components that call each other, as those of languages with an interpreter are, and only \
         large components may be: `--large`, when it is installed or tried, allows it"
    )]
    Composed,
    /// It could not be wrapped.
    #[error("cannot be wrapped as a component: {0}")]
    Componentize(String),
    /// Cranelift gave up.
    #[error("cannot be compiled: {0}")]
    Compile(String),
}

impl Error {
    /// What the parser of the binary form says. Where the bytes end too soon, the file was not copied or built whole.
    pub(crate) fn invalid(error: wasmparser::BinaryReaderError) -> Self {
        let reason = error.to_string();
        Self::Invalid(match reason.starts_with("unexpected end") {
            true => {
                format!("it ends in the middle, so it was not built or copied whole ({reason})")
            }
            false => reason,
        })
    }
}
