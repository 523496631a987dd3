//! The file of a hold, locked: one process at a time restores a function.

use std::fs::File;
use std::time::Duration;

use super::{Hold, Holds};
use crate::state::{self, Error, Missing};

/// How long another process may take to restore the function: it waits for a driver, or for
/// the kernel to bring a device back.
const PATIENCE: Duration = Duration::from_secs(40);

/// A hold that this process alone works on, until it is dropped.
pub struct Locked {
    /// What the file says.
    pub hold: Hold,
    _file: File,
}

impl Holds {
    /// Locks the hold of a function; none when nobody holds it.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when another process does not let go of it; [`Error::Io`].
    pub fn lock(&self, address: &str) -> Result<Option<Locked>, Error> {
        let Some(file) = state::lock(&self.path(address), Missing::Ignore, PATIENCE)? else {
            return Ok(None);
        };
        let hold = self.read(address)?;
        Ok(hold.map(|hold| Locked { hold, _file: file }))
    }
}
