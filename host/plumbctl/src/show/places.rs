//! Two lists beside each other: what the record has, and what the pod has.

use super::model::Places;
use super::namespace::SHOWN;

/// Both lists in one: what is recorded first, and of the rest as many as are shown.
pub fn merged<T: Clone>(
    recorded: &[T],
    present: Option<&[T]>,
    is_same: impl Fn(&T, &T) -> bool,
) -> Vec<(T, Places)> {
    let has = |list: &[T], item: &T| list.iter().any(|other| is_same(other, item));
    let of_record = recorded.iter().map(|item| {
        let in_pod = present.map(|present| has(present, item));
        (item.clone(), in_pod, true)
    });
    let others = present.unwrap_or_default().iter();
    let others = others
        .filter(|item| !has(recorded, item))
        .take(SHOWN)
        .map(|item| (item.clone(), Some(true), false));
    of_record
        .chain(others)
        .map(|(item, in_pod, recorded)| (item, Places { recorded, in_pod }))
        .collect()
}

/// Whether the record has it and the pod does not.
pub fn is_lost(places: Places) -> bool {
    places.recorded && places.in_pod == Some(false)
}
