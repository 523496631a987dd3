//! The name that a function has not got back.
//!
//! While a pod has a function, the host may give its name to another interface. The function is as good under another
//! name, and no pod has to wait for this one; but what it was called must not be forgotten, or it would keep the interim
//! name for good, as its "original" one.

use plumb_values::names::check_link_name;
use serde::{Deserialize, Serialize};

use super::note::Note;
use crate::Error;
use crate::kernel::Boot;
use crate::kernel::link::Link;

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

impl Note for OwedName {
    const SUFFIX: &'static str = ".name";

    fn is_sound(&self) -> bool {
        check_link_name(&self.own).is_ok()
    }
}
