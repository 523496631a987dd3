//! `plumbctl component new`: a project that builds, and passes its tests, as it is.

use std::fs;
use std::path::{Path, PathBuf};

use plumb::components::World;

use super::names;
use super::template::{self, Words};
use crate::Failure;

/// Arguments of `plumbctl component new`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The component's name, and that of the folder that is made here
    name: String,
    /// It decides how a pod gets its interface
    #[arg(long, required_unless_present = "policy", conflicts_with = "policy")]
    flavour: bool,
    /// It decides from which pools an interface gets its addresses
    #[arg(long)]
    policy: bool,
    /// The language: rust, c, go, js or python
    #[arg(long, default_value = "rust")]
    lang: String,
    /// Of Rust: the folder of the SDK's crate, in a copy of plumb's repository; its released version when left out
    #[arg(long, value_name = "PATH")]
    sdk: Option<PathBuf>,
}

/// Writes the project.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let name = names::well_formed(&arguments.name)?;
    names::free(name)?;
    let world = match arguments.policy {
        true => World::AddressPolicy,
        false => World::Flavour,
    };
    let sdk = arguments.sdk.as_deref().map(sdk).transpose()?;
    let folder = Path::new(name);
    fs::create_dir(folder).map_err(|error| format!("cannot create the folder {name}: {error}"))?;
    let words = Words {
        name: name.to_owned(),
        sdk,
    };
    if let Err(failure) = template::write(&arguments.lang, world, &words, folder) {
        let _ = fs::remove_dir_all(folder);
        return Err(failure);
    }
    println!(
        "wrote {name}: {} in {}",
        names::in_words(world.as_str()),
        arguments.lang
    );
    println!("next: cd {name}; plumbctl component build; plumbctl component test");
    Ok(())
}

/// The SDK's folder, in whatever folder the project is.
fn sdk(path: &Path) -> Result<PathBuf, Failure> {
    let manifest = path.join("Cargo.toml");
    match manifest.is_file() {
        true => Ok(path.canonicalize()?),
        false => Err(format!(
            "--sdk {}: there is no Cargo.toml, which the SDK's crate has (the folder `sdk` of plumb's repository)",
            path.display()
        )
        .into()),
    }
}
