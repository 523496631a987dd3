//! The names by which a network configuration asks for plumb.

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
pub const CHAINED: [&str; 3] = ["rdma", COORDINATOR, IFACER];

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
