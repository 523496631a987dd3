//! The components that are part of the program, precompiled for a baseline processor
//! of its architecture when it was built.

use super::World;

/// A built-in component: its name, its world and its code.
type BuiltIn = (&'static str, World, &'static [u8]);

const ALL: [BuiltIn; 2] = [
    (
        "macvlan-shared",
        World::Flavour,
        include_bytes!(concat!(env!("PLUMB_COMPONENTS"), "/macvlan-shared.cwasm")),
    ),
    (
        "pool",
        World::AddressPolicy,
        include_bytes!(concat!(env!("PLUMB_COMPONENTS"), "/pool.cwasm")),
    ),
];

/// The code of a built-in component.
pub fn find(name: &str, world: World) -> Option<&'static [u8]> {
    ALL.iter()
        .find(|(known, made_for, _)| *known == name && *made_for == world)
        .map(|(_, _, code)| *code)
}

/// The names of the built-in components of a world.
pub fn names(world: World) -> Vec<&'static str> {
    ALL.iter()
        .filter(|(_, made_for, _)| *made_for == world)
        .map(|(name, _, _)| *name)
        .collect()
}
