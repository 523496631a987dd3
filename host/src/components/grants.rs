//! What the operator allows a component.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What a component may record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grants {
    /// Everything: it is part of the program.
    All,
    /// These operations, by their names in the contract's `operations.wit`.
    Some(BTreeSet<String>),
}

impl Grants {
    /// Whether an operation may be recorded.
    pub fn allow(&self, operation: &str) -> bool {
        match self {
            Self::All => true,
            Self::Some(names) => names.contains(operation),
        }
    }
}
