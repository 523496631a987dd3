//! A pod's network namespace as a record remembers it.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::boot::Boot;
use super::netns::Identity;
use super::{Kernel, Netns, Result, RouteSocket};

/// The namespace of a pod when it was attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodNetns {
    /// `CNI_NETNS`
    pub path: PathBuf,
    /// By it the namespace is recognised; the path alone may lead to another one by now.
    pub identity: Identity,
    /// The node's number for it, which shows whether it has ended. None in records of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// The cookie of the node's namespace, in which that number is one: another namespace has other numbers. None before
    /// Linux 5.14, and in records of earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbered_in: Option<u64>,
}

/// How often it is looked whether a namespace has ended.
const PAUSE: Duration = Duration::from_millis(2);

/// Where a recorded namespace is.
pub enum Whereabouts {
    /// Here.
    Found(Netns),
    /// It has ended, or is about to.
    Gone,
    /// Somebody keeps it, and no way leads to it: an open socket is enough for that.
    Kept,
}

impl PodNetns {
    /// A namespace as it is recorded. The node gets a number for it.
    ///
    /// # Errors
    ///
    /// As [`Netns::identity`]; what the kernel says against a number.
    pub fn of(netns: &Netns, host: &RouteSocket) -> Result<Self> {
        Ok(Self {
            path: netns.path().to_owned(),
            identity: netns.identity()?,
            number: Some(host.number_namespace(netns)?),
            numbered_in: host.netns_cookie(),
        })
    }

    /// A namespace that nobody has recorded, such as that of a pod which another plugin attached. No namespace has the
    /// identity 0, so nothing is ever taken for it.
    pub fn unknown(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            identity: Identity {
                device: 0,
                inode: 0,
                cookie: None,
            },
            number: None,
            numbered_in: None,
        }
    }

    /// Whether it is certain that it has ended, for one without rights: `host` has no more to do than to look for its
    /// number. False where that cannot be known: it has no number, or another namespace than that of `host` gave it.
    ///
    /// # Errors
    ///
    /// Where the kernel does not say.
    pub fn has_surely_ended(&self, boot: &Boot, host: &RouteSocket) -> Result<bool> {
        if boot.is_over()? {
            return Ok(true);
        }
        match (self.number, self.numbered_in) {
            (Some(number), Some(cookie)) if host.netns_cookie() == Some(cookie) => {
                Ok(!host.has_namespace(number)?)
            }
            _ => Ok(false),
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
                Ok(netns) if netns.is(&self.identity)? => return Ok(Some(netns)),
                Err(error) if !error.is_gone() => unknown = Err(error.into()),
                Ok(_) | Err(_) => {}
            }
        }
        unknown
    }

    /// As [`Self::open`]; where neither path leads to it, finds out whether somebody keeps it, and looks for another way.
    /// One that has just been left, as by unmounting it, ends some milliseconds later: `patience` is for that.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn find(
        &self,
        boot: &Boot,
        also: Option<&Path>,
        kernel: &Kernel,
        patience: Duration,
    ) -> Result<Whereabouts> {
        if let Some(netns) = self.open(boot, also)? {
            return Ok(Whereabouts::Found(netns));
        }
        if boot.is_over()? {
            return Ok(Whereabouts::Gone);
        }
        if let Some(number) = self.number
            && !kernel.host.has_namespace(number)?
        {
            return Ok(Whereabouts::Gone);
        }
        let namespaces = kernel.namespaces();
        if let Some(netns) = namespaces.find(&self.identity)? {
            return Ok(Whereabouts::Found(netns));
        }
        let Some(number) = self.number else {
            return Ok(Whereabouts::Gone);
        };
        // A number that the kernel chose is that of another one when the first has ended.
        for netns in namespaces.others(&[]) {
            if kernel.host.namespace_number(&netns)? == Some(number) {
                return Ok(Whereabouts::Gone);
            }
        }
        let begin = Instant::now();
        while kernel.host.has_namespace(number)? {
            if begin.elapsed() >= patience {
                return Ok(Whereabouts::Kept);
            }
            sleep(PAUSE);
        }
        Ok(Whereabouts::Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/proc/thread-self/ns/net";

    fn own() -> (PodNetns, Netns) {
        let netns = Netns::current().expect("the namespace of this thread");
        let recorded = PodNetns {
            path: netns.path().to_owned(),
            identity: netns.identity().expect("its identity"),
            number: None,
            numbered_in: None,
        };
        (recorded, netns)
    }

    #[test]
    fn it_is_found_by_either_path() {
        let (mut recorded, netns) = own();
        let boot = Boot::current().expect("the boot");
        let found = recorded.open(&boot, None).expect("open");
        assert!(found.expect("by its own path").is_same_as(&netns));
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

    /// The kernel gives the inode of one that has ended to the next.
    #[test]
    fn one_with_the_same_inode_and_another_cookie_is_another_one() {
        let (mut recorded, _netns) = own();
        let boot = Boot::current().expect("the boot");
        let cookie = recorded.identity.cookie.expect("Linux 5.14");
        recorded.identity.cookie = Some(cookie + 1);
        assert!(recorded.open(&boot, None).expect("look").is_none());
        // A record of an earlier release.
        recorded.identity.cookie = None;
        assert!(recorded.open(&boot, None).expect("look").is_some());
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
        assert!(found.expect("alive").is_same_as(&netns));
    }
}
