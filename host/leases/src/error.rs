//! What can go wrong, in words for the operator.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use plumb_values::Utc;

use crate::lease::{Lease, Owner};

/// The store cannot do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A system call on a file of the store failed.
    #[error("{doing} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: `create`, `lock`.
        doing: &'static str,
        /// The file it was tried on.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The file system has no room for the change; nothing has been changed.
    #[error("{doing} {}: the file system of the state folder is full: free some space there", path.display())]
    FolderFull {
        /// What was tried.
        doing: &'static str,
        /// The store's file.
        path: PathBuf,
    },
    /// The file is not, or no longer, a lease store.
    #[error("lease store {} is damaged: {reason}", path.display())]
    Corrupt {
        /// The store's file.
        path: PathBuf,
        /// What was found and what would be right.
        reason: String,
    },
    /// The store was written by another version of plumb that lays it out differently.
    #[error("lease store {} has layout {found}, this version reads layout {known}: run the version that wrote it, or remove the file once no pod holds an address", path.display())]
    Layout {
        /// The store's file.
        path: PathBuf,
        /// The layout number in the file.
        found: u32,
        /// The layout number that this program reads and writes.
        known: u32,
    },
    /// Other processes did not let go of the store in time.
    #[error("{doing} {}: other plumb calls have kept it in use for {seconds} s: try again, and look for one that hangs (ps -C plumb)", path.display())]
    Busy {
        /// What was tried.
        doing: &'static str,
        /// The store's file.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// SQLite failed for a reason that is none of the above.
    #[error("{doing} {}: {source}", path.display())]
    Engine {
        /// What was tried.
        doing: &'static str,
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// A name does not fit into the store.
    #[error("{what} {value:?} has {} bytes: at most {limit} fit into the lease store", value.len())]
    TooLong {
        /// Which name.
        what: &'static str,
        /// The name.
        value: String,
        /// The most bytes it may have.
        limit: usize,
    },
    /// A name contains a NUL byte, which ends a name in a key.
    #[error("{what} {value:?} contains a NUL byte: use a name without one")]
    Nul {
        /// Which name.
        what: &'static str,
        /// The name.
        value: String,
    },
    /// A range that is none.
    #[error(
        "range {first}-{last}: both ends must be of one family and the first not above the last"
    )]
    Range {
        /// The first address.
        first: IpAddr,
        /// The last address.
        last: IpAddr,
    },
    /// More addresses at once than the store writes for one owner.
    #[error("{asked} addresses for one interface: at most {limit} can be claimed at once")]
    TooMany {
        /// How many were asked for.
        asked: usize,
        /// The most that may be.
        limit: usize,
    },
}

/// What may fail inside a transaction; `database::error` turns it into an [`Error`].
#[derive(Debug)]
pub(crate) enum Fault {
    /// SQLite failed.
    Engine(rusqlite::Error),
    /// What was read is not what was written.
    Damaged(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

/// A claim was refused. Nothing has been taken.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// This attachment has addresses already: an earlier ADD that was not followed by a DEL.
    #[error("container {}, interface {} already holds {} in network {}: DEL it before ADD", owner.container_id, owner.interface_name, list(addresses), owner.network)]
    OwnerHasLeases {
        /// Who asked.
        owner: Owner,
        /// What it holds, in the order claimed.
        addresses: Vec<IpAddr>,
    },
    /// No candidate has a free address.
    #[error("{}", exhausted(pools))]
    Exhausted {
        /// Which of the claims: an index into the list that was passed in.
        claim: usize,
        /// The candidates of that claim, in their order.
        pools: Vec<PoolUsage>,
    },
    /// No candidate has a free address that may be given out without asking: a pool that is shared comes first, and this
    /// node holds no address of it that serves. Whoever shares the pools out can be asked for some ([`Request::asked`]).
    ///
    /// [`Request::asked`]: crate::Request::asked
    #[error("{}", not_held(pools, *remembered))]
    NotHeld {
        /// Which of the claims: an index into the list that was passed in.
        claim: usize,
        /// The candidates of that claim, in their order.
        pools: Vec<PoolUsage>,
        /// The pod's own address, where that is what this node does not hold.
        remembered: Option<IpAddr>,
    },
    /// A certain address was asked for and somebody holds it.
    #[error("address {address} is held by {}", holder(lease))]
    Taken {
        /// The address.
        address: IpAddr,
        /// The lease on it.
        lease: Box<Lease>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// How full a pool is, in addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolUsage {
    /// The candidate's pool name.
    pub pool: String,
    /// How many addresses it offers.
    pub size: u128,
    /// How many of them are leased.
    pub taken: u128,
    /// How many of them this node holds, where the pool is shared.
    pub held: Option<u128>,
}

impl fmt::Display for PoolUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            pool, size, taken, ..
        } = self;
        match self.held {
            None => write!(f, "pool {pool} ({taken} of {size} addresses taken)"),
            Some(held) => write!(
                f,
                "pool {pool} (of {size} addresses this node holds {held}, {taken} are taken)"
            ),
        }
    }
}

fn exhausted(pools: &[PoolUsage]) -> String {
    if pools.is_empty() {
        return "no pool offers an address: name one that matches this pod".to_owned();
    }
    let pools: Vec<String> = pools.iter().map(PoolUsage::to_string).collect();
    format!(
        "no free address left in {}: enlarge a pool or name another",
        pools.join(", ")
    )
}

fn not_held(pools: &[PoolUsage], remembered: Option<IpAddr>) -> String {
    let pools: Vec<String> = pools.iter().map(PoolUsage::to_string).collect();
    let pools = pools.join(", ");
    match remembered {
        Some(address) => {
            format!("this node does not hold {address}, which the pod had before, of {pools}")
        }
        None => format!("this node holds no free address of {pools}"),
    }
}

fn list(addresses: &[IpAddr]) -> String {
    let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    addresses.join(", ")
}

fn holder(lease: &Lease) -> String {
    if let Some(hardware_address) = lease.in_use_by() {
        let until = Utc(Duration::from_secs(lease.set_aside_until()));
        return format!(
            "the machine with the hardware address {hardware_address}, which answered for it on the wire; it is offered \
             again at {until}"
        );
    }
    let Owner {
        network,
        container_id,
        interface_name,
    } = &lease.owner;
    let pod = match &lease.pod {
        Some(pod) => format!("pod {pod}"),
        None => "a container without a pod name".to_owned(),
    };
    let since = Utc(Duration::from_secs(lease.since));
    format!(
        "{pod} (container {container_id}, interface {interface_name}, network {network}, since {since})"
    )
}
