//! Whether an interface is there, and as it was left.

use plumb::kernel::link::Link;

use super::model::Difference;
use super::namespace::{Namespace, SHOWN};
use super::recorded::Recorded;

/// Compares the link itself.
pub fn compare_link(
    name: &str,
    recorded: &Recorded,
    link: Option<&Link>,
    namespace: &Namespace<'_>,
    differences: &mut Vec<Difference>,
) {
    let Some(link) = link else {
        if recorded.has_link {
            let (found, all) = ("no such interface".to_owned(), &namespace.links);
            let names: Vec<_> = all
                .iter()
                .take(SHOWN)
                .map(|link| link.name.as_str())
                .collect();
            let found = match names.is_empty() || !namespace.knows_all_links {
                true => found,
                false => format!("{found}, but {}", names.join(", ")),
            };
            differences.push(Difference::in_pod(format!("interface {name}"), found));
        }
        return;
    };
    let mut compare = |what: &str, said: Option<String>, is: String| {
        if let Some(said) = said.filter(|said| *said != is) {
            differences.push(Difference::in_pod(format!("{what} {said}"), is));
        }
    };
    compare("interface", Some(name.to_owned()), link.name.clone());
    let kind = link.kind.clone().unwrap_or_else(|| "hardware".to_owned());
    compare("kind", recorded.kind.map(str::to_owned), kind);
    let mac = recorded.mac.as_ref().filter(|_| link.mac.len() == 6);
    compare(
        "hardware address",
        mac.map(ToString::to_string),
        link.mac.to_string(),
    );
    compare(
        "mtu",
        recorded.mtu.map(|mtu| mtu.to_string()),
        link.mtu.to_string(),
    );
    if recorded.up && !link.up {
        differences.push(Difference::in_pod(format!("{name} up"), "it down"));
    }
    if let (Some(below), Some(parent)) = (recorded.below, link.parent)
        && below != parent
    {
        differences.push(Difference::in_pod(
            format!("{name} on the interface of index {below}"),
            format!("it on that of index {parent}"),
        ));
    }
}
