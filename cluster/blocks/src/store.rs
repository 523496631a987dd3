//! The node's lease store, as claims need it.

use std::net::IpAddr;

use crate::{BoundTo, Failure, Range};

/// Why the lease store did not do what it was asked for; nothing has changed, or all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StoreError(pub String);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(format!("the lease store: {error}"))
    }
}

/// What became of a range that was to be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GaveBack {
    /// No address of it is held any more, or none was.
    GaveBack,
    /// Nothing was changed, because this address of it is leased.
    Leased(IpAddr),
}

/// A leased address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// The address.
    pub address: IpAddr,
    /// Who has it, for messages: `namespace/name net1`.
    pub holder: String,
    /// For whom it is kept, where it is remembered for a pod.
    pub kept_for: Option<BoundTo>,
}

/// What an agent of this node last knew of the API server, to recognise one whose data is older, or another's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// [`crate::Api::cluster`].
    pub cluster: String,
    /// The largest `resourceVersion`.
    pub resource_version: u64,
}

/// The lease store of the node, which CNI calls use at the same time. Each call is one transaction.
///
/// The calls block, for milliseconds as a rule: that there is no point between a decision and its effect at which the
/// agent's work could be dropped is part of the proof. One agent of a node may use it at a time: the agent holds a lock
/// on the node while it lives.
///
/// `space` is the lease store's name of it: `""` is the nodes' own.
pub trait Store: Send + Sync {
    /// Adds a range to the held runs: from now on CNI calls give its addresses out. Nothing new where they are held.
    ///
    /// # Errors
    ///
    /// It may be held or not.
    fn hold(&self, space: &str, range: Range) -> Result<(), StoreError>;

    /// Takes a range out of the held runs, unless an address of it is leased.
    ///
    /// # Errors
    ///
    /// It may be held or not.
    fn give_back(&self, space: &str, range: Range) -> Result<GaveBack, StoreError>;

    /// Takes a range out of the held runs even where addresses of it are leased: the leases stay, and nothing new is
    /// given out.
    ///
    /// # Errors
    ///
    /// It may be held or not.
    fn withdraw(&self, space: &str, range: Range) -> Result<(), StoreError>;

    /// All held runs, by space.
    ///
    /// # Errors
    ///
    /// The lease store cannot be read.
    fn held(&self) -> Result<Vec<(String, Range)>, StoreError>;

    /// The leases in a range, by address; with those that a conflict on the wire set aside.
    ///
    /// # Errors
    ///
    /// The lease store cannot be read.
    fn leases(&self, space: &str, range: Range) -> Result<Vec<Leased>, StoreError>;

    /// Remembers the address for a pod, so that its next claim with `keep` gets it.
    ///
    /// # Errors
    ///
    /// It may be remembered or not.
    fn remember(&self, space: &str, address: IpAddr, bound: &BoundTo) -> Result<(), StoreError>;

    /// What [`Store::set_seen`] was last told; need not outlive a reboot.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    fn seen(&self) -> Result<Option<Seen>, StoreError>;

    /// Keeps what is known of the API server (a file beside the lease store serves).
    ///
    /// # Errors
    ///
    /// It may be kept or not.
    fn set_seen(&self, seen: &Seen) -> Result<(), StoreError>;
}
