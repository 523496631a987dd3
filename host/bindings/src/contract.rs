//! The contract, as generators read it.

use wit_bindgen_core::Files;
use wit_bindgen_core::WorldGenerator;
use wit_bindgen_core::wit_parser::{Resolve, SourceMap, WorldId};

use crate::File;

macro_rules! texts {
    ($($name:literal),+) => {
        [$(($name, include_str!(concat!("../../../wit/0.2/", $name)))),+]
    };
}

const TEXTS: [(&str, &str); 8] = texts!(
    "worlds.wit",
    "types.wit",
    "requests.wit",
    "routing.wit",
    "facts.wit",
    "operations.wit",
    "pools.wit",
    "log.wit"
);

/// The worlds that bindings are generated for: they give back what was lent for a call by themselves, and so need none of
/// those that own it.
const WORLDS: [&str; 2] = ["flavour", "address-policy"];

/// Its files.
pub fn files() -> Vec<File> {
    TEXTS
        .iter()
        .map(|(name, text)| File {
            path: (*name).to_owned(),
            content: text.as_bytes().to_vec(),
        })
        .collect()
}

/// What a generator makes of a world.
pub fn generate(mut generator: Box<dyn WorldGenerator>, world: &str) -> Result<Vec<File>, String> {
    let (mut resolve, world) = resolve(world)?;
    let mut files = Files::default();
    generator
        .generate(&mut resolve, world, &mut files)
        .map_err(|error| format!("no bindings could be generated: {error:#}"))?;
    Ok(files
        .iter()
        .map(|(path, content)| File {
            path: path.to_owned(),
            content: content.to_vec(),
        })
        .collect())
}

fn resolve(world: &str) -> Result<(Resolve, WorldId), String> {
    if !WORLDS.contains(&world) {
        return Err(format!(
            "{world:?} is no world that bindings are generated for: there are {}",
            WORLDS.join(" and ")
        ));
    }
    let mut sources = SourceMap::default();
    for (name, text) in TEXTS {
        sources.push_str(name, text);
    }
    let group = sources.parse().map_err(|(_, error)| error.to_string())?;
    let mut resolve = Resolve::default();
    let package = resolve
        .push_group(group)
        .map_err(|error| error.to_string())?;
    let world = resolve
        .select_world(&[package], Some(world))
        .map_err(|error| error.to_string())?;
    Ok((resolve, world))
}
