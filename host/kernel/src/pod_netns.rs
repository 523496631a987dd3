//! A pod's network namespace as a record remembers it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::boot::Boot;
use super::netns::Identity;
use super::{Netns, Result};

/// The namespace of a pod when it was attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodNetns {
    /// `CNI_NETNS`
    pub path: PathBuf,
    /// By it the namespace is recognised; the path alone may lead to another one by now.
    pub identity: Identity,
}

impl PodNetns {
    /// A namespace as it is recorded.
    pub fn of(netns: &Netns) -> Self {
        Self {
            path: netns.path().to_owned(),
            identity: netns.identity(),
        }
    }

    /// Opens it, by its path or by another one that may lead to it as well, if it is still
    /// the one that was recorded in `boot`: the next boot gives the same inode numbers to
    /// other namespaces. None when neither path leads to it.
    ///
    /// # Errors
    ///
    /// Where a path cannot be followed for another reason than that nothing is there: the namespace may be alive.
    pub fn open(&self, boot: &Boot, also: Option<&Path>) -> Result<Option<Netns>> {
        if boot.is_over()? {
            return Ok(None);
        }
        let mut unknown = Ok(None);
        for path in [Some(self.path.as_path()), also].into_iter().flatten() {
            match Netns::open(path) {
                Ok(netns) if netns.identity() == self.identity => return Ok(Some(netns)),
                Err(error) if !error.is_gone() => unknown = Err(error.into()),
                Ok(_) | Err(_) => {}
            }
        }
        unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/proc/thread-self/ns/net";

    fn own() -> (PodNetns, Netns) {
        let netns = Netns::current().expect("the namespace of this thread");
        (PodNetns::of(&netns), netns)
    }

    #[test]
    fn it_is_found_by_either_path() {
        let (mut recorded, netns) = own();
        let boot = Boot::current().expect("the boot");
        let found = recorded.open(&boot, None).expect("open");
        assert_eq!(found.expect("by its own path").identity(), netns.identity());
        recorded.path = "/proc/no/such/namespace".into();
        assert!(recorded.open(&boot, None).expect("look").is_none());
        let found = recorded.open(&boot, Some(Path::new(PATH))).expect("open");
        assert_eq!(found.expect("by the other path").path(), Path::new(PATH));
    }

    #[test]
    fn a_path_that_leads_elsewhere_now_is_not_followed() {
        let (mut recorded, _netns) = own();
        recorded.identity.inode += 1;
        let also = Some(Path::new(PATH));
        let boot = Boot::current().expect("the boot");
        assert!(recorded.open(&boot, also).expect("look").is_none());
    }

    #[test]
    fn nothing_is_found_after_a_reboot() {
        let (recorded, _netns) = own();
        let found = recorded.open(&Boot::from("earlier"), None);
        assert!(found.expect("look").is_none());
    }

    /// A record of a node on which no boot could be read.
    #[test]
    fn a_boot_that_is_not_known_is_not_over() {
        let (recorded, netns) = own();
        let found = recorded.open(&Boot::from(""), None).expect("open");
        assert_eq!(found.expect("alive").identity(), netns.identity());
    }
}
