//! The kernel: the only place that opens a netlink socket, reads sysfs or enters a
//! network namespace.
//!
//! A namespace is a value: its sockets are opened inside once and then used from
//! outside, so no code runs in the wrong namespace by accident.

use std::cell::OnceCell;

pub mod address;
mod answers;
pub mod bond;
mod boot;
pub mod bridge;
pub mod clock;
pub mod create_link;
pub mod ethtool;
mod explanation;
pub mod link;
mod lock_holders;
pub mod module;
mod namespace_number;
mod namespaces;
pub mod neighbour;
pub mod netns;
pub mod nftables;
mod nldev;
pub mod packet;
pub mod pci;
pub mod physical_function;
mod pod_netns;
pub mod random;
pub mod rdma;
pub mod rdma_port;
pub mod route;
mod route_answer;
pub mod route_lookup;
pub mod rule;
pub mod socket;
pub mod sysctl;
pub mod sysfs;
pub mod tcx;
pub mod veth;
pub mod virtual_function;

pub use boot::Boot;
pub use lock_holders::{LockHolder, LockHolders};
pub use namespaces::Namespaces;
pub use netns::Netns;
pub use pod_netns::{PodNetns, Whereabouts};
pub use socket::RouteSocket;
pub use sysfs::Sysfs;

/// Why the kernel could not be asked, or what it answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A netlink request was refused.
    #[error("{what}: {errno}{}", explanation.as_ref().map(|text| format!(" ({text})")).unwrap_or_default())]
    Netlink {
        /// What was tried, on which object.
        what: String,
        /// The kernel's answer.
        errno: nix::errno::Errno,
        /// The kernel's own words, where it gave some (extended acknowledgement).
        explanation: Option<String>,
    },
    /// A socket or file could not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was tried, on which object.
        what: String,
        /// The kernel's answer.
        source: std::io::Error,
    },
    /// The answer could not be understood.
    #[error("{what}: the kernel's answer cannot be decoded: {reason}")]
    Decode {
        /// What was asked.
        what: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// A link that must exist does not.
    #[error("no interface named {name:?} in {place}; there are: {}", present.join(", "))]
    NoLink {
        /// The name that was looked for.
        name: String,
        /// `the host` or the path of the pod's namespace.
        place: String,
        /// The names that exist.
        present: Vec<String>,
    },
    /// A network namespace cannot be used.
    #[error(transparent)]
    Netns(#[from] netns::NetnsError),
}

impl Error {
    /// The errno of the kernel's answer, if it was one.
    pub fn errno(&self) -> Option<nix::errno::Errno> {
        match self {
            Self::Netlink { errno, .. } => Some(*errno),
            Self::Io { source, .. } => source.raw_os_error().map(nix::errno::Errno::from_raw),
            _ => None,
        }
    }
}

/// The result of asking the kernel.
pub type Result<T> = std::result::Result<T, Error>;

/// The node's side of the kernel: a socket in the namespace where the plugin was
/// started, and where sysfs is.
pub struct Kernel {
    /// Socket in the host's network namespace.
    pub host: RouteSocket,
    /// The host's view of the devices.
    pub sysfs: Sysfs,
    namespaces: OnceCell<Namespaces>,
}

impl Kernel {
    /// Opens the node's socket.
    pub fn open() -> Result<Self> {
        Ok(Self {
            host: RouteSocket::open()?,
            sysfs: Sysfs::host(),
            namespaces: OnceCell::new(),
        })
    }

    /// All namespaces of the machine that /proc shows, looked for once in a call.
    pub fn namespaces(&self) -> &Namespaces {
        self.namespaces.get_or_init(Namespaces::look)
    }
}
