//! A pod of a private node.

use std::path::{Path, PathBuf};

use plumb::kernel::Netns;

use super::namespaces;

/// A network namespace, and the names that a runtime gives it.
#[derive(Debug, Clone)]
pub struct Pod {
    /// `CNI_CONTAINERID`
    pub container: String,
    /// `CNI_NETNS`
    pub path: PathBuf,
}

impl Pod {
    /// Makes one.
    ///
    /// # Errors
    ///
    /// What the kernel refuses, in words.
    pub fn make(name: &str) -> Result<Self, String> {
        let path = Path::new("/run/netns").join(name);
        namespaces::make(&path)?;
        Ok(Self {
            container: name.to_owned(),
            path,
        })
    }

    /// Its namespace.
    ///
    /// # Errors
    ///
    /// What the kernel refuses, in words.
    pub fn netns(&self) -> Result<Netns, String> {
        Netns::open(&self.path).map_err(|error| error.to_string())
    }
}
