//! Who holds which PCI function, and what the function was like before.
//!
//! A file for each function that a pod has, `STATE/functions/ADDRESS`; a part of a function that has a driver of its own,
//! an auxiliary device, is a function here, with its name as address. It is made before
//! anything of the function is changed and removed when all of it is restored, so there is
//! one holder at a time, and what the holder found is known even when its record is lost.

mod find;
mod link_traits;
mod lock;
mod locked;
mod names;
mod note;
mod original;
mod owed_name;
mod rebind;
mod restore;
mod subject;
mod unclean;

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{AT_FDCWD, AtFlags, OFlag};
use nix::unistd::linkat;
use plumb_values::{Device, DeviceId};
use serde::{Deserialize, Serialize};

use crate::attachment::Attachment;
use crate::kernel::{Boot, Netns, PodNetns};
use crate::state::{self, Error as StateError, StateFolder};
use crate::{Code, Error};

pub use find::{APPEARANCE, Found, find_link, host_link, wait_for_link};
pub use lock::RdmaLock;
pub use locked::Locked;
pub use names::{interim_of_link, rename_down, restore_owed};
pub use original::{Original, OriginalLink, parent_link, require_parent_link};
pub use owed_name::OwedName;
pub use rebind::rebind;
pub use restore::{Restored, restore};
pub use unclean::{Unclean, mark_unclean};

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// The attachment that has the function.
    pub owner: Attachment,
    /// The boot in which it took it.
    pub boot: Boot,
    /// The pod's namespace.
    pub netns: PodNetns,
    /// What the function was like.
    pub original: Original,
}

impl Hold {
    /// The error for another pod that wants the function.
    pub fn in_use(&self, address: &str) -> Error {
        Error::new(
            Code::IN_USE,
            format!(
                "{} is in use by {} in {}: the device plugin gave it to two \
                 pods, or DEL of the other one is still to come",
                Device(address),
                self.owner,
                self.netns.path.display()
            ),
        )
    }

    /// The pod's namespace, if it is still the one that took the function.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say.
    pub fn live_netns(&self) -> Result<Option<Netns>, Error> {
        Ok(self.netns.open(&self.boot, None)?)
    }

    /// Whether the machine was started again since.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say.
    pub fn is_of_earlier_boot(&self) -> Result<bool, Error> {
        Ok(self.boot.is_over()?)
    }
}

/// The holds of a node.
#[derive(Debug, Clone)]
pub struct Holds {
    state: StateFolder,
}

impl Holds {
    /// The holds below a state folder, which need not exist yet.
    pub fn new(state: &StateFolder) -> Self {
        Self {
            state: state.clone(),
        }
    }

    fn folder(&self) -> PathBuf {
        self.state.functions()
    }

    /// Takes a function; the holder when it has one already. `address` is that of a checked
    /// [`DeviceId`].
    pub fn take(&self, address: &str, hold: &Hold) -> Result<Option<Hold>, StateError> {
        state::create_folder(&self.folder())?;
        let path = self.path(address);
        let text = serde_json::to_vec(hold)
            .map_err(|error| StateError::io("encode", &path)(error.into()))?;
        // A file without a name gets one when its content is whole, and only where there is
        // none; a kill leaves nothing.
        let linked = fs::OpenOptions::new()
            .write(true)
            .mode(0o600)
            .custom_flags(OFlag::O_TMPFILE.bits())
            .open(self.folder())
            .and_then(|mut file| {
                file.write_all(&text)?;
                let nameless = format!("/proc/self/fd/{}", file.as_raw_fd());
                let follow = AtFlags::AT_SYMLINK_FOLLOW;
                Ok(linkat(
                    AT_FDCWD,
                    nameless.as_str(),
                    AT_FDCWD,
                    &path,
                    follow,
                )?)
            });
        match linked {
            Ok(()) => Ok(None),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match self.read(address)? {
                // It was released, or set aside, at this moment.
                None => self.take(address, hold),
                holder => Ok(holder),
            },
            // The release of the last function removed the folder at this moment.
            Err(error) if error.kind() == ErrorKind::NotFound => self.take(address, hold),
            Err(error) => Err(StateError::io("write", &path)(error)),
        }
    }

    /// The holder of a function. A file that cannot be understood is set aside.
    pub fn read(&self, address: &str) -> Result<Option<Hold>, StateError> {
        let path = self.path(address);
        match fs::read(&path) {
            Ok(text) => match serde_json::from_slice::<Hold>(&text) {
                Ok(hold) if hold.original.check_record().is_ok() => Ok(Some(hold)),
                _ => self.set_aside(address).map(|()| None),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StateError::io("read", &path)(error)),
        }
    }

    /// Gives a function back: removes the file, if there is one, and the mark before it.
    pub fn release(&self, address: &str) -> Result<(), StateError> {
        state::remove(&self.mark(address))?;
        self.remove(&self.path(address))
    }

    /// Removes a file, and the folder with the last of them.
    fn remove(&self, path: &Path) -> Result<(), StateError> {
        state::remove(path)?;
        let _ = fs::remove_dir(self.folder());
        Ok(())
    }

    /// All functions that are held.
    pub fn list(&self) -> Result<Vec<(String, Hold)>, StateError> {
        let mut holds = Vec::new();
        for address in state::entries(&self.folder())? {
            let is_address = address.parse::<DeviceId>().is_ok();
            if let Some(hold) = is_address
                .then(|| self.read(&address))
                .transpose()?
                .flatten()
            {
                holds.push((address, hold));
            }
        }
        Ok(holds)
    }

    /// Whether a process died while it re-created devices of the function, see [`RdmaLock`].
    pub fn was_interrupted(&self, address: &str) -> Result<bool, StateError> {
        state::exists(&self.mark(address))
    }

    /// Marks a function; none when it is marked already.
    fn set_mark(&self, address: &str) -> Result<Option<PathBuf>, StateError> {
        state::create_folder(&self.folder())?;
        let mark = self.mark(address);
        match fs::File::create_new(&mark) {
            Ok(_) => Ok(Some(mark)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
            // The release of the last function removed the folder at this moment.
            Err(error) if error.kind() == ErrorKind::NotFound => self.set_mark(address),
            Err(error) => Err(StateError::io("write", &mark)(error)),
        }
    }

    fn mark(&self, address: &str) -> PathBuf {
        self.folder().join(format!("{address}.changing"))
    }

    fn path(&self, address: &str) -> PathBuf {
        self.folder().join(address)
    }

    fn set_aside(&self, address: &str) -> Result<(), StateError> {
        let name = format!("function~{address}");
        self.state.set_aside(&self.path(address), &name).map(drop)
    }
}

#[cfg(test)]
mod tests;
