//! What a component wishes, beside what it may do.

use std::collections::{BTreeMap, BTreeSet};

use plumb::components::store::Manifest;
use plumb_compiler::Declaration;
use plumb_values::DeviceKind;

/// Operations, and the devices that each is wished for; none: any that a network configuration names.
pub type Wishes = BTreeMap<String, Option<BTreeSet<String>>>;

/// What a declaration wishes: the devices stand with the operations that are about such.
pub fn wishes(declaration: &Declaration) -> Wishes {
    let devices = |operation: &str| {
        let patterns = match DeviceKind::of(operation)? {
            DeviceKind::Parent => &declaration.devices.parents,
            DeviceKind::Function => &declaration.devices.functions,
        };
        (!patterns.is_empty()).then(|| patterns.clone())
    };
    let operations = declaration.operations.iter();
    operations
        .map(|operation| (operation.clone(), devices(operation)))
        .collect()
}

/// What a manifest grants, in the same form.
pub fn granted(manifest: &Manifest) -> Wishes {
    let devices = |operation: &String| manifest.devices.get(operation).cloned();
    let operations = manifest.grants.iter();
    operations
        .map(|operation| (operation.clone(), devices(operation)))
        .collect()
}

/// Those of some wishes that others do not cover: operations that are not among them, and devices that are not.
pub fn beyond(wishes: &Wishes, others: &Wishes) -> Wishes {
    let rest = |(operation, devices): (&String, &Option<BTreeSet<String>>)| {
        let devices = match (devices, others.get(operation)) {
            (devices, None) => devices.clone(),
            (_, Some(None)) => return None,
            (None, Some(Some(_))) => None,
            (Some(devices), Some(Some(covered))) => {
                let rest: BTreeSet<_> = devices.difference(covered).cloned().collect();
                if rest.is_empty() {
                    return None;
                }
                Some(rest)
            }
        };
        Some((operation.clone(), devices))
    };
    wishes.iter().filter_map(rest).collect()
}

/// `set-up, create-macvlan on ens* and driver:mlx5_core`; `none`.
pub fn in_words(wishes: &Wishes) -> String {
    let one = |(operation, devices): (&String, &Option<BTreeSet<String>>)| match devices {
        None => operation.clone(),
        Some(devices) => {
            let devices: Vec<_> = devices.iter().map(String::as_str).collect();
            format!("{operation} on {}", devices.join(" and "))
        }
    };
    match wishes.is_empty() {
        true => "none".to_owned(),
        false => wishes.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}

/// Whether one build may have the grants of another: both say what they wish and that they are the same component.
pub fn is_same_component(one: &Declaration, other: &Declaration) -> bool {
    one.name == other.name && one.author == other.author
}

#[cfg(test)]
mod tests;
