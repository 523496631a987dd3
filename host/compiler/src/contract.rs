//! The two worlds of the contract, from the same `.wit` files that host and SDK use.

use std::fmt::{Display, Formatter};

use wit_parser::{FunctionKind, PackageId, Resolve, SourceMap};

use crate::audit::Surface;
use crate::error::Error;

/// The newest version of `plumb:cni` in `wit/`.
pub const CONTRACT_VERSION: &str = "0.1.0";

/// The interfaces of the contract.
pub(crate) const INTERFACES: [&str; 5] = ["types", "facts", "operations", "log", "pools"];

/// Those of them that only have types: importing them grants nothing.
pub(crate) const TYPES_ONLY: [&str; 2] = ["types", "pools"];

const SOURCES: [(&str, &str); 6] = [
    ("worlds.wit", include_str!("../../../wit/0.1/worlds.wit")),
    ("types.wit", include_str!("../../../wit/0.1/types.wit")),
    ("facts.wit", include_str!("../../../wit/0.1/facts.wit")),
    (
        "operations.wit",
        include_str!("../../../wit/0.1/operations.wit"),
    ),
    ("pools.wit", include_str!("../../../wit/0.1/pools.wit")),
    ("log.wit", include_str!("../../../wit/0.1/log.wit")),
];

/// The operations that a flavour can record, by their names in the contract: the functions of
/// its interface `operations`.
pub fn operations() -> Vec<String> {
    let resolve = resolve(|text| text.to_owned()).expect("the contract is valid");
    let interfaces = resolve.0.interfaces.iter();
    let mut names: Vec<String> = interfaces
        .filter(|(_, interface)| interface.name.as_deref() == Some("operations"))
        .flat_map(|(_, interface)| interface.functions.values())
        .filter(|function| matches!(function.kind, FunctionKind::Freestanding))
        .map(|function| function.name.clone())
        .collect();
    names.sort_unstable();
    names
}

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum World {
    /// Attaches a pod to a network.
    Flavour,
    /// Chooses the pools of an interface's addresses.
    AddressPolicy,
}

impl World {
    /// Its name in `wit/0.1/worlds.wit`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flavour => "flavour",
            Self::AddressPolicy => "address-policy",
        }
    }

    fn exports(self) -> &'static [&'static str] {
        match self {
            Self::Flavour => &["attach", "ready"],
            Self::AddressPolicy => &["propose"],
        }
    }
}

impl Display for World {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Which world a component is of, with every type compared.
pub(crate) fn check_world(
    component: &[u8],
    surface: &Surface,
    version: String,
) -> Result<World, Error> {
    let has_all = |world: &World| {
        world
            .exports()
            .iter()
            .all(|name| surface.exports.iter().any(|export| export == name))
    };
    let mut worlds = [World::Flavour, World::AddressPolicy]
        .into_iter()
        .filter(has_all);
    let (Some(world), None) = (worlds.next(), worlds.next()) else {
        return Err(Error::NoWorld {
            found: in_words(&surface.exports),
        });
    };
    check_reach(world, surface)
        .and_then(|()| compare(component, world, &version))
        .map_err(|reason| Error::World {
            world,
            version,
            reason,
        })?;
    Ok(world)
}

/// The comparison of types would say the same in the words of the component model.
fn check_reach(world: World, surface: &Surface) -> Result<(), String> {
    const DEVICES: [&str; 2] = ["plumb:cni/facts@", "plumb:cni/operations@"];
    let is_device = |name: &&String| DEVICES.iter().any(|prefix| name.starts_with(prefix));
    let devices: Vec<String> = surface.imports.iter().filter(is_device).cloned().collect();
    if world == World::Flavour || devices.is_empty() {
        return Ok(());
    }
    Err(format!(
        "it imports {}, which only a flavour may",
        in_words(&devices)
    ))
}

/// The world is read under the component's own patch release, because the names of
/// interfaces are compared literally here; the host's linker takes either for the other.
///
/// A flavour may import the types of an address policy as well: a library that knows both
/// worlds, as the SDK does, leaves such imports behind in every component.
fn compare(component: &[u8], world: World, version: &str) -> Result<(), String> {
    let (resolve, package) = resolve(|text| {
        text.replace(
            &format!("package plumb:cni@{CONTRACT_VERSION};"),
            &format!("package plumb:cni@{version};"),
        )
        .replace("import facts;", "use pools.{pool, proposal}; import facts;")
    })?;
    let world = resolve
        .select_world(&[package], Some(world.name()))
        .map_err(|error| format!("{error:#}"))?;
    wit_component::targets(&resolve, world, component)
        .map_err(|error| first_difference(&format!("{error:#}")))
}

/// The contract, after a change of its texts.
fn resolve(change: impl Fn(&str) -> String) -> Result<(Resolve, PackageId), String> {
    let mut sources = SourceMap::default();
    for (name, text) in SOURCES {
        sources.push_str(name, change(text));
    }
    let group = sources.parse().map_err(|(_, error)| error.to_string())?;
    let mut resolve = Resolve::default();
    let package = resolve
        .push_group(group)
        .map_err(|error| error.to_string())?;
    Ok((resolve, package))
}

/// The validator's message without the parts about the comparison itself: its first line,
/// and an offset into bytes that nobody has.
fn first_difference(message: &str) -> String {
    let mut lines: Vec<&str> = message.lines().skip(1).map(str::trim).collect();
    if lines.is_empty() {
        lines.push(message);
    }
    let difference = lines.join(": ");
    match difference.split_once(" (at offset") {
        Some((difference, _)) => difference.to_owned(),
        None => difference,
    }
}

fn in_words(names: &[String]) -> String {
    if names.is_empty() {
        return "nothing".to_owned();
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_the_functions_of_their_interface() {
        let text = SOURCES
            .iter()
            .find_map(|(name, text)| (*name == "operations.wit").then_some(*text))
            .unwrap();
        let mut written: Vec<_> = text
            .lines()
            .filter_map(|line| line.trim().split_once(": func("))
            .map(|(name, _)| name)
            .collect();
        written.sort_unstable();
        assert_eq!(operations(), written);
    }
}
