//! A vendor's project: a folder with `component.toml`.
//!
//! | file | what |
//! |---|---|
//! | `component.toml` | name, world, whether it is `large`, and how its language makes a module |
//! | `component.json` | the declaration, where the language's SDK puts none into the module |
//! | `cases/CASE/` | networks and nodes, with the plans that are expected |
//! | `target/NAME.wasm` | the component |
//!
//! The commands stand in the project and not here, so that a language that nobody thought of needs no new plumbctl, and
//! a vendor can change what his compiler is told.

use std::fs;
use std::path::{Path, PathBuf};

use plumb::components::World;
use serde::Deserialize;

use super::names;
use crate::Failure;

/// Name of the file that makes a folder a project.
pub const FILE: &str = "component.toml";

/// A vendor's project.
#[derive(Debug)]
pub struct Project {
    /// Where it is.
    pub folder: PathBuf,
    /// The component's name.
    pub name: String,
    /// The world that it is written for.
    pub world: World,
    /// Whether it is tried as one that is installed with `--large`.
    pub large: bool,
    /// How the module is made.
    pub build: Build,
}

/// How a module is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// Programs with their arguments, which run one after the other in the project's folder.
    pub commands: Vec<Vec<String>>,
    /// The core module or component that they make, below the project's folder.
    pub module: PathBuf,
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    world: String,
    #[serde(default)]
    large: bool,
    build: Build,
}

impl Project {
    /// Reads the project of a folder.
    ///
    /// # Errors
    ///
    /// Where there is none, or what is wrong in it.
    pub fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(FILE);
        let text = fs::read_to_string(&path).map_err(|error| {
            format!(
                "cannot read {}, which makes a folder a component's project: {error}; `plumbctl component new` writes \
                 one",
                path.display()
            )
        })?;
        // The first line says where, the others draw it.
        let wrong = |reason: &dyn std::fmt::Display| format!("{}: {reason}", path.display());
        let File {
            name,
            world,
            large,
            build,
        } = toml::from_str(&text).map_err(|error| wrong(&in_a_line(&error)))?;
        names::well_formed(&name).map_err(|error| wrong(&error))?;
        let world = match world.as_str() {
            "flavour" => World::Flavour,
            "address-policy" => World::AddressPolicy,
            other => {
                return Err(wrong(&format!(
                    "world {other:?} is neither \"flavour\" nor \"address-policy\""
                ))
                .into());
            }
        };
        Ok(Self {
            folder: folder.to_owned(),
            name,
            world,
            large,
            build,
        })
    }

    /// The component that is built.
    pub fn component(&self) -> PathBuf {
        self.folder
            .join("target")
            .join(format!("{}.wasm", self.name))
    }

    /// The declaration, where it is a file.
    pub fn declaration(&self) -> PathBuf {
        self.folder.join("component.json")
    }

    /// The cases.
    pub fn cases(&self) -> PathBuf {
        self.folder.join("cases")
    }
}

/// What is wrong with a document of TOML, and in which line.
fn in_a_line(error: &toml::de::Error) -> String {
    let text = error.to_string();
    let place = text.lines().next().unwrap_or_default();
    let place = place.strip_prefix("TOML parse error at ").unwrap_or("");
    match place.is_empty() {
        true => error.message().to_owned(),
        false => format!("{place}: {}", error.message()),
    }
}

#[cfg(test)]
mod tests;
