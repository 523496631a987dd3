//! Network namespaces as values (network_namespaces(7), setns(2)).

use std::cell::OnceCell;
use std::fs::{File, FileType, OpenOptions};
use std::io::ErrorKind;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::libc;
use nix::sched::{CloneFlags, setns};
use nix::sys::statfs::{FsType, fstatfs};
use serde::{Deserialize, Serialize};

use super::rdma::RdmaSocket;
use super::{Result, RouteSocket, Sysfs};

/// `NSFS_MAGIC` (linux/magic.h): the file system of namespace files.
const NSFS: FsType = FsType(0x6e73_6673);

/// Why a path is not a usable network namespace.
#[derive(Debug, thiserror::Error)]
pub enum NetnsError {
    /// Nothing there.
    #[error("the pod's network namespace {path} does not exist: {source}")]
    Missing {
        /// `CNI_NETNS`.
        path: PathBuf,
        /// What open(2) said.
        source: std::io::Error,
    },
    /// It is there, or may be, and cannot be opened.
    #[error("cannot open the pod's network namespace {path}: {source}")]
    Open {
        /// `CNI_NETNS`.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// A file of another kind: the runtime's mount is gone, only its mount point is left.
    #[error("{path} is not a network namespace: {}", what(*kind))]
    NotNamespace {
        /// `CNI_NETNS`.
        path: PathBuf,
        /// What is there.
        kind: FileType,
    },
    /// It can be opened but not entered.
    #[error("cannot enter the network namespace {path}: {errno}")]
    Enter {
        /// `CNI_NETNS`.
        path: PathBuf,
        /// What setns(2) said.
        errno: nix::errno::Errno,
    },
}

impl NetnsError {
    fn of(path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidFilename => {
                Self::Missing { path, source }
            }
            // Links in a circle; the folder of a process that has ended.
            _ if matches!(source.raw_os_error(), Some(libc::ELOOP | libc::ESRCH)) => {
                Self::Missing { path, source }
            }
            _ => Self::Open { path, source },
        }
    }

    /// Whether the kernel has said that there is no namespace at the path. It may as well have had no descriptor or no
    /// memory left: that says nothing of the pod.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::NotNamespace { .. })
    }
}

/// What is at a path in a namespace's place.
fn what(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "it is a folder"
    } else if kind.is_fifo() {
        "it is a named pipe"
    } else if kind.is_socket() {
        "it is a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "it is a device"
    } else {
        "nothing is mounted there"
    }
}

/// What identifies a namespace. A path does not: runtimes reuse `/proc/PID/ns/net`, and so do pods. Nor does the inode of
/// its nsfs file, once it has ended: the kernel gives the lowest free number to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `st_dev`
    pub device: u64,
    /// `st_ino`
    pub inode: u64,
    /// `SO_NETNS_COOKIE` (Linux 5.14), which no other namespace of this boot has. None on older kernels, and in records of
    /// earlier releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cookie: Option<u64>,
}

/// An open network namespace.
pub struct Netns {
    path: PathBuf,
    file: File,
    device: u64,
    inode: u64,
    /// Where to come back to, opened when it is first needed.
    home: OnceCell<File>,
    /// Opened inside when it is first needed.
    socket: OnceCell<RouteSocket>,
}

impl Netns {
    /// Opens the namespace at `path`, a bind mount or `/proc/PID/ns/net`.
    pub fn open(path: &Path) -> std::result::Result<Self, NetnsError> {
        let unusable = |source: std::io::Error| NetnsError::of(path, source);
        // Only looked at until it is known to be a namespace: to open a named pipe waits for its other end, and to
        // open a device may set it going.
        let found = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_PATH)
            .open(path)
            .map_err(unusable)?;
        let status = fstatfs(&found).map_err(|errno| unusable(errno.into()))?;
        let metadata = found.metadata().map_err(unusable)?;
        if status.filesystem_type() != NSFS {
            return Err(NetnsError::NotNamespace {
                path: path.to_owned(),
                kind: metadata.file_type(),
            });
        }
        let file =
            File::open(format!("/proc/self/fd/{}", found.as_raw_fd())).map_err(|source| {
                NetnsError::Open {
                    path: path.to_owned(),
                    source,
                }
            })?;
        Ok(Self {
            path: path.to_owned(),
            file,
            device: metadata.dev(),
            inode: metadata.ino(),
            home: OnceCell::new(),
            socket: OnceCell::new(),
        })
    }

    /// The namespace of this thread.
    pub fn current() -> std::result::Result<Self, NetnsError> {
        Self::open(Path::new("/proc/thread-self/ns/net"))
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its identity.
    ///
    /// # Errors
    ///
    /// As [`Self::socket`].
    pub fn identity(&self) -> Result<Identity> {
        Ok(Identity {
            device: self.device,
            inode: self.inode,
            cookie: self.socket()?.netns_cookie(),
        })
    }

    /// Whether it is the namespace that had this identity when it was recorded. It is only entered where all but the
    /// cookie agrees.
    ///
    /// # Errors
    ///
    /// As [`Self::socket`].
    pub fn is(&self, recorded: &Identity) -> Result<bool> {
        if (self.device, self.inode) != (recorded.device, recorded.inode) {
            return Ok(false);
        }
        let Some(cookie) = recorded.cookie else {
            return Ok(true);
        };
        Ok(self
            .socket()?
            .netns_cookie()
            .is_none_or(|own| own == cookie))
    }

    /// Whether both are one namespace: as both are open, neither has ended.
    pub fn is_same_as(&self, other: &Self) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Its inode, by which `/proc` names it.
    pub(super) fn inode(&self) -> u64 {
        self.inode
    }

    /// Runs `action` inside and comes back on every way out.
    ///
    /// # Panics
    /// When the thread cannot return to its own namespace: going on would do the
    /// host's work in the pod.
    pub fn inside<T>(&self, action: impl FnOnce() -> T) -> Result<T> {
        struct Return<'a>(&'a File);
        impl Drop for Return<'_> {
            fn drop(&mut self) {
                setns(self.0, CloneFlags::CLONE_NEWNET)
                    .expect("return to the host's network namespace");
            }
        }
        let home = match self.home.get() {
            Some(home) => home,
            None => {
                let current = Self::current()?.file;
                self.home.get_or_init(|| current)
            }
        };
        let home = Return(home);
        setns(&self.file, CloneFlags::CLONE_NEWNET).map_err(|errno| NetnsError::Enter {
            path: self.path.clone(),
            errno,
        })?;
        let result = action();
        drop(home);
        Ok(result)
    }

    /// An rtnetlink socket inside.
    ///
    /// # Errors
    ///
    /// When the kernel does not let this process in, or has no socket left.
    pub fn socket(&self) -> Result<&RouteSocket> {
        match self.socket.get() {
            Some(socket) => Ok(socket),
            None => {
                let socket = self.inside(RouteSocket::open)??;
                Ok(self.socket.get_or_init(|| socket))
            }
        }
    }

    /// An RDMA netlink socket inside; none when the kernel has no RDMA subsystem.
    pub fn rdma_socket(&self) -> Result<Option<RdmaSocket>> {
        self.inside(RdmaSocket::open)?
    }

    /// The devices as they are seen inside.
    pub fn sysfs(&self) -> Result<Sysfs> {
        self.inside(Sysfs::mounted)?
    }
}

impl AsFd for Netns {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
