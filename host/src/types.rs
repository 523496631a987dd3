//! The names by which a network configuration asks for plumb.

use plumb_values::names::is_identifier;
use serde_json::Value;

use crate::cni::Configuration;

/// The built-in flavour of each `type` that plumb answers to.
pub const FLAVOURS: [(&str, &str); 6] = [
    ("macvlan", "macvlan-shared"),
    ("ipvlan", "macvlan-shared"),
    ("sriov", "sriov-rdma"),
    ("rdma", "sriov-rdma"),
    ("ib-sriov", "ib-sriov"),
    ("ipoib", "ipoib"),
];

/// The flavours, and the types, that a pod gets a function or another plugin's interface by: `master` is no key of theirs.
pub const WITHOUT_PARENT: [&str; 4] = ["sriov-rdma", "ib-sriov", COORDINATOR, IFACER];

/// The name of the flavour that a configuration asks for, as far as it says so: [`crate::decide::flavour`] says what is wrong.
pub fn flavour_of(configuration: &Configuration) -> Option<&str> {
    match configuration.plugin_type.as_str() {
        OWN_TYPE => configuration.string("flavour").ok().flatten(),
        COORDINATOR => Some(COORDINATOR),
        IFACER => Some(IFACER),
        kind => FLAVOURS
            .iter()
            .find(|(known, _)| *known == kind)
            .map(|(_, flavour)| *flavour),
    }
}

/// The type that makes a rail of an earlier plugin's interface. It has no flavour.
pub const COORDINATOR: &str = "coordinator";

/// The type that makes the parent of a later plugin's interface. It has no flavour, and the node's policy names it as one.
pub const IFACER: &str = "ifacer";

/// The types that work for the interface of another plugin of their chain: network, container and interface are the same
/// for both.
const CHAINED: [&str; 3] = ["rdma", COORDINATOR, IFACER];

/// The key by which a network of a flavour says that it works on the interface of an earlier plugin. DEL and GC run no
/// component that could tell them.
pub const CHAINED_KEY: &str = "chained";

/// What tells a network that works for the interface of another plugin from this one: its type, or its flavour.
pub fn chained(configuration: &Configuration) -> Option<&str> {
    let kind = configuration.plugin_type.as_str();
    match is_chained_flavour(configuration) {
        // It becomes a part of a file's name. No component has a name that is none, so ADD refuses it.
        true => Some(
            flavour_of(configuration)
                .filter(|name| is_identifier(name))
                .unwrap_or(kind),
        ),
        false => CHAINED.contains(&kind).then_some(kind),
    }
}

/// Whether a flavour works on interfaces of earlier plugins.
pub fn is_chained_flavour(configuration: &Configuration) -> bool {
    configuration.plugin_type == OWN_TYPE
        && configuration.lower.get(CHAINED_KEY) == Some(&Value::Bool(true))
}

/// The names that plumb answers to beside its own: those of the plugins that it replaces.
pub fn types() -> impl Iterator<Item = &'static str> {
    FLAVOURS
        .iter()
        .map(|(kind, _)| *kind)
        .chain([COORDINATOR, IFACER])
}

/// `type` of a configuration that names its flavour itself.
pub const OWN_TYPE: &str = "plumb";

/// Names of the built-in address policy. Spiderpool's configurations work as they are
/// when their pools lie in a folder.
pub const POOL_TYPES: [&str; 3] = ["pool", OWN_TYPE, "spiderpool"];
