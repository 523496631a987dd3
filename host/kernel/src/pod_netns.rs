//! A pod's network namespace as a record remembers it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Netns;
use super::boot::Boot;
use super::netns::Identity;

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
    /// other namespaces.
    pub fn open(&self, boot: &Boot, also: Option<&Path>) -> Option<Netns> {
        if boot.is_over() {
            return None;
        }
        [Some(self.path.as_path()), also]
            .into_iter()
            .flatten()
            .filter_map(|path| Netns::open(path).ok())
            .find(|netns| netns.identity() == self.identity)
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
        let boot = Boot::current();
        let found = recorded.open(&boot, None).expect("by its own path");
        assert_eq!(found.identity(), netns.identity());
        recorded.path = "/proc/no/such/namespace".into();
        assert!(recorded.open(&boot, None).is_none());
        let found = recorded.open(&boot, Some(Path::new(PATH)));
        assert_eq!(found.expect("by the other path").path(), Path::new(PATH));
    }

    #[test]
    fn a_path_that_leads_elsewhere_now_is_not_followed() {
        let (mut recorded, _netns) = own();
        recorded.identity.inode += 1;
        let also = Some(Path::new(PATH));
        assert!(recorded.open(&Boot::current(), also).is_none());
    }

    #[test]
    fn nothing_is_found_after_a_reboot() {
        let (recorded, _netns) = own();
        assert!(recorded.open(&Boot::from("earlier"), None).is_none());
    }
}
