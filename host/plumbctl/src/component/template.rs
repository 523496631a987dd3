//! The projects that `plumbctl component new` writes: `templates/LANGUAGE/WORLD/`, which are part of the program.
//!
//! | in a template | becomes |
//! |---|---|
//! | `{{name}}` | the component's name |
//! | `{{identifier}}` | the same with `_` for `-`, as languages want it in names |
//! | `{{sdk}}` | where the SDK is: a version in quotes, or a path as cargo has it |
//! | `{{repository}}` | the folder that `--sdk` is in, else the empty text |
//! | `NAME.template` | `NAME`: what a tool of this repository would take for its own |

use std::fs;
use std::path::{Path, PathBuf};

use plumb::components::World;

use crate::Failure;

/// All files of all templates, by their paths below `templates/`, in order: build.rs lists them.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/templates.rs"));

/// What the words of a template become.
pub struct Words {
    /// The component's name.
    pub name: String,
    /// The folder of the SDK's crate; its released version when there is none.
    pub sdk: Option<PathBuf>,
}

/// The languages that there is a template of, for a world.
pub fn languages(world: World) -> Vec<&'static str> {
    let mut languages: Vec<_> = FILES
        .iter()
        .filter_map(|(path, _)| path.split_once('/'))
        .filter(|(_, below)| below.starts_with(folder_of(world)))
        .map(|(language, _)| language)
        .collect();
    languages.dedup();
    languages
}

/// Writes a project into a folder.
///
/// # Errors
///
/// For a language without a template, with those that there are; what the kernel said.
pub fn write(language: &str, world: World, words: &Words, folder: &Path) -> Result<(), Failure> {
    if !languages(world).contains(&language) {
        return Err(format!(
            "there is no template of {} in {language:?}: there are {}",
            world.as_str(),
            languages(world).join(", ")
        )
        .into());
    }
    let template = format!("{language}/{}", folder_of(world));
    let files = FILES
        .iter()
        .filter_map(|(path, content)| Some((path.strip_prefix(&template)?, content)));
    for (path, content) in files {
        let path = folder.join(words.fill(path));
        let path = match path.extension() {
            Some(extension) if extension == "template" => path.with_extension(""),
            _ => path,
        };
        let content = match std::str::from_utf8(content) {
            Ok(text) => words.fill(text).into_bytes(),
            Err(_) => content.to_vec(),
        };
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::write(&path, content));
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// Where the templates of a world are below their language.
fn folder_of(world: World) -> &'static str {
    match world {
        World::Flavour => "flavour/",
        World::AddressPolicy => "policy/",
    }
}

impl Words {
    fn fill(&self, text: &str) -> String {
        let sdk = match &self.sdk {
            Some(folder) => format!("{{ path = {:?} }}", folder.display().to_string()),
            None => format!("{:?}", env!("CARGO_PKG_VERSION")),
        };
        let repository = self.sdk.as_ref().and_then(|sdk| sdk.parent());
        let repository = repository.map(|path| path.display().to_string());
        text.replace("{{name}}", &self.name)
            .replace("{{identifier}}", &self.name.replace('-', "_"))
            .replace("{{sdk}}", &sdk)
            .replace("{{repository}}", &repository.unwrap_or_default())
    }
}
