//! A function that came home and of which nobody knows what it was like: another plugin gave it to its pod, and what that
//! plugin wrote down is lost or damaged.
//!
//! Such a function serves the next pod, but is not taken for a clean one: what it has now would become its "original". It stays
//! marked as long as it is the same device: virtual functions that are made anew are fresh.

use std::fs;
use std::os::unix::fs::MetadataExt;

use plumb_values::Device;
use serde::{Deserialize, Serialize};

use super::Holds;
use super::note::Note;
use crate::Result;
use crate::kernel::{Boot, Sysfs};
use crate::node::Node;

/// Why it is not clean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unclean {
    /// What is not known, in words.
    pub unknown: String,
    /// The inode of its folder in sysfs, which no other device gets in this boot.
    inode: u64,
    /// The boot in which it came home.
    boot: Boot,
}

impl Note for Unclean {
    const SUFFIX: &'static str = ".unclean";

    fn is_sound(&self) -> bool {
        !self.unknown.is_empty()
    }
}

impl Unclean {
    /// That something is not known of a function; none where there is no such function.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say which boot this is.
    pub fn of(sysfs: &Sysfs, address: &str, unknown: String) -> Result<Option<Self>> {
        let Some(inode) = inode(sysfs, address) else {
            return Ok(None);
        };
        let boot = Boot::current()?;
        Ok(Some(Self {
            unknown,
            inode,
            boot,
        }))
    }

    fn is_of(&self, sysfs: &Sysfs, address: &str) -> Result<bool> {
        Ok(inode(sysfs, address) == Some(self.inode) && !self.boot.is_over()?)
    }
}

/// None where there is no such device.
fn inode(sysfs: &Sysfs, address: &str) -> Option<u64> {
    let folder = fs::metadata(sysfs.function(address));
    folder.ok().map(|folder| folder.ino())
}

/// Marks a function, and says so.
///
/// # Errors
///
/// When the mark cannot be written.
pub fn mark_unclean(node: &Node<'_>, address: &str, unknown: String) -> Result<()> {
    let Some(mark) = Unclean::of(&node.kernel.sysfs, address, unknown)? else {
        return Ok(());
    };
    node.trace.warning(format_args!(
        "{} is not taken for a clean one: not known, and so left as its pod had it, is {}; `plumbctl functions` lists it",
        Device(address),
        mark.unknown
    ));
    Ok(Holds::new(&node.state).keep_note(address, &mark)?)
}

impl Holds {
    /// Why a function is not clean; none where it is, as far as is known.
    ///
    /// # Errors
    ///
    /// Where the mark cannot be read.
    pub fn unclean(&self, sysfs: &Sysfs, address: &str) -> Result<Option<Unclean>> {
        let Some(mark) = self.note::<Unclean>(address)? else {
            return Ok(None);
        };
        if mark.is_of(sysfs, address)? {
            return Ok(Some(mark));
        }
        self.take_for_clean(address)?;
        Ok(None)
    }

    /// All functions that are not clean, by address.
    ///
    /// # Errors
    ///
    /// Where a mark cannot be read.
    pub fn all_unclean(&self, sysfs: &Sysfs) -> Result<Vec<(String, Unclean)>> {
        let marks = self.notes::<Unclean>()?.into_iter();
        let is_current = |(address, mark): (String, Unclean)| match mark.is_of(sysfs, &address) {
            Ok(true) => Some(Ok((address, mark))),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        };
        marks.filter_map(is_current).collect()
    }

    /// Takes the mark off, if there is one: somebody has looked at the function.
    ///
    /// # Errors
    ///
    /// Where it cannot be removed.
    pub fn take_for_clean(&self, address: &str) -> Result<()> {
        Ok(self.forget_note::<Unclean>(address)?)
    }
}
