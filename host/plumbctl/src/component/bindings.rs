//! `plumbctl component bindings`: what a component in another language than Rust calls the contract by.

use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use plumb_bindings::{File, Language, generate};

use crate::Failure;

/// The arguments.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The language; wit is the contract itself, for toolchains that read it, wit-package the same as one binary file
    language: Kind,
    /// Where to write the files; files of the same names are replaced
    folder: PathBuf,
    /// The component's world: flavour or address-policy
    #[arg(long, default_value = "flavour")]
    world: String,
    /// Of Go: import path of the folder
    #[arg(long, required_if_eq("language", "go"))]
    package: Option<String>,
    /// Of Go: import path of the package with the component's functions
    #[arg(long, required_if_eq("language", "go"))]
    implementation: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    C,
    Go,
    Wit,
    WitPackage,
}

/// Writes them.
pub fn run(arguments: Arguments) -> Result<(), Failure> {
    let language = match arguments.language {
        Kind::C => Language::C,
        Kind::Wit => Language::Wit,
        Kind::WitPackage => return write(&arguments.folder, &package()?),
        Kind::Go => Language::Go {
            bindings: arguments.package.unwrap_or_default(),
            implementation: arguments.implementation.unwrap_or_default(),
        },
    };
    for file in generate(&language, &arguments.world)? {
        write(&arguments.folder, &file)?;
    }
    Ok(())
}

fn package() -> Result<File, Failure> {
    Ok(File {
        path: format!("plumb-cni-{}.wasm", plumb_compiler::CONTRACT_VERSION),
        content: plumb_compiler::package()?,
    })
}

fn write(folder: &Path, file: &File) -> Result<(), Failure> {
    let path = folder.join(&file.path);
    let parent = path.parent().unwrap_or(folder);
    fs::create_dir_all(parent)
        .map_err(|error| format!("cannot create {}: {error}", parent.display()))?;
    fs::write(&path, &file.content)
        .map_err(|error| format!("cannot write {}: {error}", path.display()).into())
}
