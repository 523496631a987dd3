//! The file of a hold, locked: one process at a time restores a function.

use std::fs::File;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::{Hold, Holds, wait};
use crate::journal;
use crate::{Error, Result};

/// How long another process may take to restore the function: it waits for a driver, or for
/// the kernel to bring a device back.
const WAIT: Duration = Duration::from_secs(40);

/// A hold that this process alone works on, until it is dropped.
pub struct Locked {
    /// What the file says.
    pub hold: Hold,
    _file: File,
}

impl Holds {
    /// Locks the hold of a function; none when nobody holds it.
    pub fn lock(&self, address: &str) -> Result<Option<Locked>> {
        let path = self.path(address);
        // Whoever had the lock may have released the function, and somebody may have taken
        // it since: then the lock is on a file that nobody finds any more.
        let locked = wait::until(WAIT, || {
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(None)),
                Err(error) => return Err(failed(&path, error)),
            };
            if file.try_lock().is_err() || !is_at(&file, &path) {
                return Ok(None);
            }
            let hold = self.read(address)?;
            Ok(Some(hold.map(|hold| Locked { hold, _file: file })))
        })?;
        locked.ok_or_else(|| {
            Error::from(journal::Error::Busy {
                path,
                seconds: WAIT.as_secs(),
            })
        })
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(there)) => held.ino() == there.ino() && held.dev() == there.dev(),
        _ => false,
    }
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::from(journal::Error::Io {
        what: "open",
        path: path.to_owned(),
        source,
    })
}
