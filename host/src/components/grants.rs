//! What the operator allows a component: operations, and the devices that each is about.

use std::collections::BTreeMap;

use plumb_values::{DeviceKind, Pattern};

/// What a component may record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grants {
    /// Everything: it is part of the program.
    All,
    /// These operations, by their names in the contract's `operations.wit`, each on the devices that one of its
    /// patterns means; none: on those that the configuration names.
    Some(BTreeMap<String, Option<Vec<Pattern>>>),
}

impl Grants {
    /// Whether an operation may be recorded.
    pub fn allow(&self, operation: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(operations) => operations.contains_key(operation),
        }
    }

    /// The devices that an operation may be about; none: any that the configuration names.
    pub fn devices(&self, operation: &str) -> Option<&[Pattern]> {
        match self {
            Self::All => None,
            Self::Some(operations) => operations.get(operation)?.as_deref(),
        }
    }

    /// All patterns for a kind of devices.
    pub fn patterns(&self, kind: DeviceKind) -> impl Iterator<Item = &Pattern> {
        let operations = match self {
            Self::All => None,
            Self::Some(operations) => Some(operations.iter()),
        };
        let operations = operations.into_iter().flatten();
        operations
            .filter(move |(operation, _)| DeviceKind::of(operation) == Some(kind))
            .flat_map(|(_, patterns)| patterns.iter().flatten())
    }

    /// Whether it is part of the program, and may know what the node is like.
    pub fn are_of_the_program(&self) -> bool {
        matches!(self, Self::All)
    }
}
