//! The two worlds of the contract, each of which has two forms.

use std::fmt::{Display, Formatter};

/// What a component is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum World {
    /// Attaches a pod to a network.
    Flavour,
    /// Chooses the pools of an interface's addresses.
    AddressPolicy,
}

impl World {
    /// Its name in the contract's `worlds.wit`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flavour => "flavour",
            Self::AddressPolicy => "address-policy",
        }
    }

    /// The name of the same world for components that get the request as their own. The host calls both alike.
    pub(crate) fn owning_name(self) -> &'static str {
        match self {
            Self::Flavour => "owning-flavour",
            Self::AddressPolicy => "owning-address-policy",
        }
    }

    /// The functions that a component of it exports.
    pub fn exports(self) -> &'static [&'static str] {
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
