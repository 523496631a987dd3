//! Which boot of the machine this is (`/proc/sys/kernel/random/boot_id`, random(4)).

use serde::{Deserialize, Serialize};

/// A boot of the machine, by the identifier that the kernel draws for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Boot(String);

impl Boot {
    /// The boot that is running. Where its identifier cannot be read, it is empty, and so is
    /// the one that a record made there has.
    pub fn current() -> Self {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id");
        Self(id.map(|id| id.trim().to_owned()).unwrap_or_default())
    }

    /// Whether the machine was started again since. What the kernel held for an attachment
    /// is gone then: links, routes, namespaces, settings of virtual functions.
    pub fn is_over(&self) -> bool {
        *self != Self::current()
    }
}

impl From<&str> for Boot {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}
