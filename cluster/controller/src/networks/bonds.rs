//! Bonds that two networks want to be different: a node makes the one that comes first, and refuses the other.

use std::collections::BTreeMap;

use plumb_resources::{Bond, MultusConfig, Network, Parent};

/// For each network what is wrong with its bond.
pub(super) fn clashes(networks: &[Result<MultusConfig, Vec<String>>]) -> Vec<Option<String>> {
    let mut bonds: BTreeMap<&str, (&MultusConfig, &Parent)> = BTreeMap::new();
    networks
        .iter()
        .map(|network| {
            let network = network.as_ref().ok()?;
            let (parent, bond) = bond(network)?;
            let (first, other) = *bonds.entry(&bond.name).or_insert((network, parent));
            let differs = other != parent;
            differs.then(|| {
                format!(
                    "bond {:?} is {} here, and {} in SpiderMultusConfig {:?}: a node that makes one refuses the other",
                    bond.name,
                    text(parent),
                    text(other),
                    first.place()
                )
            })
        })
        .collect()
}

fn bond(network: &MultusConfig) -> Option<(&Parent, &Bond)> {
    let (Network::Child { parent, .. } | Network::Vlan { parent, .. }) = &network.network else {
        return None;
    };
    let bond = parent.bond.as_ref().filter(|_| parent.is_bond())?;
    Some((parent, bond))
}

fn text(parent: &Parent) -> String {
    let mode = parent.bond.as_ref().map_or(0, |bond| bond.mode);
    let options = parent.bond.as_ref().map_or("", |bond| &bond.options);
    let with = if options.is_empty() { "" } else { " with " };
    format!(
        "{} in mode {mode}{with}{options}",
        parent.masters.join(" and ")
    )
}
