//! Which names a component may have: a network says by a name alone what attaches it and where its addresses come
//! from, so a name that means something already would take that over, or never be used.

use std::path::{Path, PathBuf};

use plumb::components::store::is_component_name;
use plumb::components::{Source, World};
use plumb::types::{OWN_TYPE, POOL_TYPES, types};

use super::store::Installed;
use crate::Failure;
use crate::compile::About;

/// IPAM plugins that networks name, whether they are on this node or on the next one: the CNI project's (its
/// repository `plugins`, folder `plugins/ipam`), and those that come with Kubernetes networks.
const IPAM_PLUGINS: [&str; 7] = [
    "calico-ipam",
    "delegated-ipam",
    "dhcp",
    "host-local",
    "spiderpool",
    "static",
    "whereabouts",
];

/// Where runtimes look for plugins when nobody says otherwise (containerd, CRI-O and podman alike).
const PLUGINS: &str = "/opt/cni/bin";

/// A name in a form that components may have.
///
/// # Errors
///
/// What is wrong with it.
pub fn well_formed(name: &str) -> Result<&str, Failure> {
    match is_component_name(name) {
        true => Ok(name),
        false => Err(format!(
            "{name:?} is not a component's name: up to 64 lower-case letters, digits and '-'"
        )
        .into()),
    }
}

/// Refuses a name that means something without any component.
///
/// # Errors
///
/// What it means.
pub fn free(name: &str) -> Result<(), Failure> {
    let built_in = |world| Source::built_in(world).contains(&name);
    let is = if built_in(World::Flavour) {
        "a flavour that is built in, which would be used in its place"
    } else if built_in(World::AddressPolicy) {
        "the address policy that is built in, which would be used in its place"
    } else if types().any(|known| known == name) || name == OWN_TYPE {
        "a type that plumb answers to"
    } else if IPAM_PLUGINS.contains(&name) || POOL_TYPES.contains(&name) {
        "an IPAM type that networks have, which would mean this component then"
    } else {
        return Ok(());
    };
    Err(format!("{name:?} is the name of {is}: choose another one").into())
}

/// Refuses a name that means something else than this component on this node.
///
/// # Errors
///
/// What it means.
pub fn fitting(name: &str, about: &About, before: Option<&Installed>) -> Result<(), Failure> {
    if let Some(before) = before.filter(|before| before.manifest.world != about.world) {
        return Err(format!(
            "{name:?} is installed as {}, and this is {}: a name stands for one of them. Choose another one, or \
             `plumbctl component remove {name}` first",
            in_words(&before.manifest.world),
            in_words(&about.world)
        )
        .into());
    }
    if about.world != World::AddressPolicy.as_str() {
        return Ok(());
    }
    match plugin(name) {
        Some(path) => Err(format!(
            "{name:?} is the name of the plugin {}, and networks with \"ipam\": {{\"type\": \"{name}\"}} would get \
             this component in its place: choose another one",
            path.display()
        )
        .into()),
        None => Ok(()),
    }
}

/// The plugin of a name, where a runtime would find it.
fn plugin(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("CNI_PATH").unwrap_or_else(|| PLUGINS.into());
    std::env::split_paths(&folders)
        .map(|folder| folder.join(name))
        .find(|path| Path::is_file(path))
}

/// A world as a person calls it, with its article.
pub fn in_words(world: &str) -> &'static str {
    match world == World::Flavour.as_str() {
        true => "a flavour",
        false => "an address policy",
    }
}

#[cfg(test)]
mod tests;
