//! What surrounds the claims of a node: time, chance, its pools, and people.

use std::future::Future;
use std::net::IpAddr;
use std::time::Duration;

use crate::Range;

/// A pool that the cluster shares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// Its name.
    pub name: String,
    /// The space of its addresses, as the lease store has it (`""`).
    pub space: String,
    /// The addresses that it gives out: `ips` without `excludeIPs` and reserved ones.
    pub ranges: Vec<Range>,
    /// Whether it is being deleted: what is idle is given back at once, and nothing is kept for anybody.
    pub is_ending: bool,
}

/// Addresses that two nodes may be using, which only a change from outside can bring about: data of the API server that was
/// lost or put back, or a block that was freed under a node that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The block's name.
    pub block: String,
    /// The node that has it now.
    pub node: String,
    /// The addresses of it that are leased here, and to whom.
    pub leased: Vec<(IpAddr, String)>,
}

/// The agent around the claims.
pub trait Agent: Send + Sync {
    /// The node's name.
    fn node(&self) -> &str;

    /// Time since some moment before; it never goes back.
    fn now(&self) -> Duration;

    /// Milliseconds since 1970-01-01 UTC by the node's clock, which may be wrong.
    fn unix(&self) -> u64;

    /// Ends after this time.
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;

    /// A random number.
    fn random(&self) -> u64;

    /// The pools that the cluster shares, as this node last heard of them; it has heard of all before the first look at
    /// the API server.
    fn pools(&self) -> Vec<Pool>;

    /// Tells of conflicts: all there are now, empty where there are none. Called after each look at the API server.
    fn conflicts(&self, conflicts: &[Conflict]);

    /// Tells what a person may want to know, one sentence.
    fn note(&self, sentence: &str);
}
