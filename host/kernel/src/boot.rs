//! Which boot of the machine this is (`/proc/sys/kernel/random/boot_id`, random(4)).

use serde::{Deserialize, Serialize};

use super::{Error, Result};

/// Where the identifier is.
const PATH: &str = "/proc/sys/kernel/random/boot_id";

/// A boot of the machine, by the identifier that the kernel draws for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Boot(String);

impl Boot {
    /// The boot that is running.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the kernel does not say, as without a /proc: nobody may take that for another boot.
    pub fn current() -> Result<Self> {
        let failed = |source| Error::Io {
            what: format!(
                "read {PATH}, by which it is known whether the machine was started again"
            ),
            source,
        };
        let id = std::fs::read_to_string(PATH).map_err(failed)?;
        match id.trim() {
            "" => Err(failed(std::io::Error::other("it is empty"))),
            id => Ok(Self(id.to_owned())),
        }
    }

    /// Whether the machine was started again since. What the kernel held for an attachment
    /// is gone then: links, routes, namespaces, settings of virtual functions. A record without a boot was made where
    /// none could be read, and nothing is known of it.
    ///
    /// # Errors
    ///
    /// As [`Self::current`].
    pub fn is_over(&self) -> Result<bool> {
        Ok(*self != Self::current()? && !self.0.is_empty())
    }
}

impl From<&str> for Boot {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}
