//! What can go wrong, in words for the operator.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use super::{Lease, Owner};

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
    /// The store has reached the size it is built for; nothing has been changed.
    #[error("{doing} {}: the store is full, it cannot grow beyond {size} bytes: remove leases that are no longer used", path.display())]
    StoreFull {
        /// What was tried.
        doing: &'static str,
        /// The store's file.
        path: PathBuf,
        /// Its fixed size in bytes.
        size: u64,
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
        found: String,
        /// The layout number that this program reads and writes.
        known: u32,
    },
    /// Other processes did not let go of the store in time.
    #[error("{doing} {}: other processes still have it open after {seconds} s", path.display())]
    Busy {
        /// What was tried.
        doing: &'static str,
        /// The store's file.
        path: PathBuf,
        /// How long was waited.
        seconds: u64,
    },
    /// LMDB failed for a reason that is none of the above.
    #[error("{doing} {}: {source}", path.display())]
    Engine {
        /// What was tried.
        doing: &'static str,
        /// The store's file.
        path: PathBuf,
        /// What LMDB said.
        source: heed::Error,
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
    /// A name contains a NUL byte, which separates names in the store.
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
}

impl fmt::Display for PoolUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "pool {} ({} of {} addresses taken)",
            self.pool, self.taken, self.size
        )
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

fn list(addresses: &[IpAddr]) -> String {
    let addresses: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    addresses.join(", ")
}

fn holder(lease: &Lease) -> String {
    let Owner {
        network,
        container_id,
        interface_name,
    } = &lease.owner;
    let pod = match &lease.pod {
        Some(pod) => format!("pod {pod}"),
        None => "a container without a pod name".to_owned(),
    };
    let since = utc(lease.since);
    format!(
        "{pod} (container {container_id}, interface {interface_name}, network {network}, since {since})"
    )
}

/// Seconds since 1970 as RFC 3339 text.
fn utc(seconds: u64) -> String {
    let (mut days, second) = (seconds / 86_400, seconds % 86_400);
    let mut year: u64 = 1970;
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    // A damaged clock must not turn an error text into a long loop.
    if days > 3_000_000 {
        return format!("{seconds} s");
    }
    while days >= 365 + u64::from(leap(year)) {
        days -= 365 + u64::from(leap(year));
        year += 1;
    }
    let lengths = [
        31,
        28 + u64::from(leap(year)),
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let mut month = 0;
    while days >= lengths[month] {
        days -= lengths[month];
        month += 1;
    }
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!(
        "{year:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z",
        month + 1,
        days + 1
    )
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn a_time_is_readable() {
        // From `date -u -d @... +%FT%TZ`.
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(951_868_799), "2000-02-29T23:59:59Z");
        assert_eq!(utc(1_767_225_600), "2026-01-01T00:00:00Z");
        assert_eq!(utc(u64::MAX), "18446744073709551615 s");
    }
}
