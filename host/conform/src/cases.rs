//! All cases, by the number of their group.

mod configuration;
mod facts;
mod limits;
mod plan;
mod promises;
mod proposals;
mod reproducible;

use plumb::components::World;

use crate::Case;

/// The groups, with what each is about.
pub const GROUPS: [(&str, &[Case]); 7] = [
    ("limits", limits::CASES),
    ("reproducible", reproducible::CASES),
    ("plan", plan::CASES),
    ("configuration", configuration::CASES),
    ("facts", facts::CASES),
    ("proposals", proposals::CASES),
    ("promises", promises::CASES),
];

/// Components that make a plan.
const FLAVOURS: &[World] = &[World::Flavour];

/// Components that choose addresses.
const POLICIES: &[World] = &[World::AddressPolicy];

/// Every case, in the order of the numbers.
pub fn all() -> impl Iterator<Item = &'static Case> {
    GROUPS.into_iter().flat_map(|(_, cases)| cases)
}

/// The group of a case.
pub fn group_of(case: &Case) -> &'static str {
    let group = GROUPS
        .iter()
        .find(|(_, cases)| cases.iter().any(|one| one.number == case.number));
    group.map_or("", |(name, _)| name)
}
