//! What a component in C or Go calls the contract by: source files, generated from `wit/` for one world.
//!
//! They are generated where a component is built, by `plumbctl component bindings`, so that a vendor needs neither Rust
//! nor a copy of the contract, and has the bindings of the release that the component is tried with. Other languages
//! have toolchains that read the contract by themselves: it is written to `wit/`.

mod c;
mod contract;
mod go;

/// For which language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Language {
    /// C, by wit-bindgen. An object file has the world, so that the linker puts it into the module.
    C,
    /// Go's standard toolchain, by wit-bindgen and a runtime of our own.
    Go {
        /// Import path of the folder that the files are written to, such as `acme.example/bindings`.
        bindings: String,
        /// Import path of the package that has the component's functions, such as `acme.example/flavour`.
        implementation: String,
    },
    /// The contract itself.
    Wit,
}

/// A file of the bindings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Below the folder of the bindings.
    pub path: String,
    /// What is in it.
    pub content: Vec<u8>,
}

/// The files for a world of the newest contract, `flavour` or `address-policy`.
///
/// # Errors
///
/// For another world, in a sentence.
pub fn generate(language: &Language, world: &str) -> Result<Vec<File>, String> {
    match language {
        Language::C => c::generate(world),
        Language::Go {
            bindings,
            implementation,
        } => go::generate(world, bindings, implementation),
        Language::Wit => Ok(contract::files()),
    }
}

#[cfg(test)]
mod tests;
