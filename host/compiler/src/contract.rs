//! Whether a component is one of a world of the contract, with every type compared.

use wasmparser::component_types::{ComponentDefinedType, ComponentEntityType, ComponentValType};
use wasmparser::{Validator, WasmFeatures};

use crate::audit::Surface;
use crate::error::Error;
use crate::version::Version;
use crate::world::World;

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
    let found = || in_words(&surface.exports);
    let world = match (worlds.next(), worlds.next()) {
        (Some(world), None) => world,
        (Some(_), Some(_)) => return Err(Error::BothWorlds { found: found() }),
        (None, _) => return Err(Error::NoWorld { found: found() }),
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
    // In 0.1 a policy knows nothing of devices.
    const OF_A_FLAVOUR: [&str; 2] = ["plumb:cni/facts@0.1.", "plumb:cni/operations@"];
    let is_of_one = |name: &&String| OF_A_FLAVOUR.iter().any(|prefix| name.starts_with(prefix));
    let beyond: Vec<String> = surface.imports.iter().filter(is_of_one).cloned().collect();
    if world == World::Flavour || beyond.is_empty() {
        return Ok(());
    }
    Err(format!(
        "it imports {}, which only a flavour may",
        in_words(&beyond)
    ))
}

fn compare(component: &[u8], world: World, version: &str) -> Result<(), String> {
    let known = Version::of(version).ok_or_else(|| format!("there is no version {version}"))?;
    let (resolve, package) = known.compared(version)?;
    let name = match owns_request(component, world) {
        true => world.owning_name(),
        false => world.name(),
    };
    let world = resolve
        .select_world(&[package], Some(name))
        .map_err(|error| format!("{error:#}"))?;
    wit_component::targets(&resolve, world, component)
        .map_err(|error| first_difference(&format!("{error:#}")))
}

/// Whether a component gets the call's request as its own and not lent: so the first parameter of its export says.
fn owns_request(component: &[u8], world: World) -> bool {
    let Ok(types) = Validator::new_with_features(WasmFeatures::all()).validate_all(component)
    else {
        return false;
    };
    let function = world.exports().first();
    let export = function.and_then(|name| types.as_ref().component_item_for_export(name));
    let Some(ComponentEntityType::Func(function)) = export.map(|export| export.ty) else {
        return false;
    };
    match types[function].params.first() {
        Some((_, ComponentValType::Type(request))) => {
            matches!(types[*request], ComponentDefinedType::Own(_))
        }
        _ => false,
    }
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
