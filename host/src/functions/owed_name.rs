//! The name that a function has not got back.
//!
//! While a pod has a function, the host may give its name to another interface. The function is as good under another
//! name, and no pod has to wait for this one; but what it was called must not be forgotten, or it would keep the interim
//! name for good, as its "original" one.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use plumb_values::PciAddress;
use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::Holds;
use crate::Error;
use crate::kernel::Boot;
use crate::kernel::link::Link;
use crate::state::{self, Error as StateError};

/// What a function is called, and what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedName {
    /// The name that it has.
    pub now: String,
    /// Its own.
    pub own: String,
    /// Its netdev's index on the host.
    index: u32,
    /// The boot in which it came home.
    boot: Boot,
}

impl OwedName {
    /// That a netdev of the host, which is called `now`, should be called `own`.
    pub fn of(link: &Link, now: String, own: String) -> Result<Self, Error> {
        Ok(Self {
            now,
            own,
            index: link.index,
            boot: Boot::current()?,
        })
    }

    /// Whether a netdev is still the one that is owed the name. One that somebody has renamed since is not, nor
    /// one that a driver has made anew, as for all functions when their number is set again: the kernel and udev have named
    /// that one.
    pub fn is_of(&self, link: &Link) -> Result<bool, Error> {
        Ok(link.name == self.now && link.index == self.index && !self.boot.is_over()?)
    }
}

/// The end of the file's name, after the address.
const SUFFIX: &str = ".name";

impl Holds {
    fn owed_name_file(&self, address: &str) -> PathBuf {
        self.folder().join(format!("{address}{SUFFIX}"))
    }

    /// Writes down that a function is owed its name.
    pub fn owe_name(&self, address: &str, owed: &OwedName) -> Result<(), StateError> {
        state::create_folder(&self.folder())?;
        let path = self.owed_name_file(address);
        let text = serde_json::to_vec(owed)
            .map_err(|error| StateError::io("encode", &path)(error.into()))?;
        match fs::write(&path, text) {
            // The release of the last function removed the folder at this moment.
            Err(error) if error.kind() == ErrorKind::NotFound => self.owe_name(address, owed),
            written => written.map_err(StateError::io("write", &path)),
        }
    }

    /// The name that a function is owed. A file that cannot be understood owes none.
    pub fn owed_name(&self, address: &str) -> Result<Option<OwedName>, StateError> {
        let path = self.owed_name_file(address);
        match fs::read(&path) {
            Ok(text) => {
                let owed = serde_json::from_slice::<OwedName>(&text).ok();
                Ok(owed.filter(|owed| check_link_name(&owed.own).is_ok()))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StateError::io("read", &path)(error)),
        }
    }

    /// All names that are owed, by address.
    pub fn owed_names(&self) -> Result<Vec<(String, OwedName)>, StateError> {
        let mut names = Vec::new();
        for file in state::entries(&self.folder())? {
            let address = file.strip_suffix(SUFFIX);
            let Some(address) = address.filter(|text| text.parse::<PciAddress>().is_ok()) else {
                continue;
            };
            match self.owed_name(address)? {
                Some(owed) => names.push((address.to_owned(), owed)),
                None => self.forget_owed_name(address)?,
            }
        }
        Ok(names)
    }

    /// Nothing is owed any more.
    pub fn forget_owed_name(&self, address: &str) -> Result<(), StateError> {
        self.remove(&self.owed_name_file(address))
    }
}
