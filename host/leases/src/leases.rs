//! What the host asks of a store of leases.

use std::net::IpAddr;

use crate::claim::Request;
use crate::error::{ClaimError, Error};
use crate::lease::{Candidate, Claimed, Lease, Owner, Pod, Usage};

/// A store of leases: the one in a file on this node ([`Store`]), or one that a cluster shares.
pub trait Leases {
    /// Takes one address for each entry of `claims`, all of them or none.
    ///
    /// An entry lists its candidates by preference: the address comes from the first that has a free one,
    /// beginning after the address that was last handed out there, so that a released one rests for as long
    /// as possible (peers may still have it in their neighbour tables).
    ///
    /// With `keep` and a `pod` the address is remembered for this pod's name, namespace, network and
    /// interface, and a later claim gets it again if a candidate still has it and nobody holds it. Others get
    /// a remembered address only when nothing else is free.
    ///
    /// # Errors
    ///
    /// [`ClaimError`] for each way to be refused; nothing has been taken then.
    fn claim(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError>;

    /// The same by a request, which says beside whether those who share pools have been asked.
    ///
    /// # Errors
    ///
    /// As for [`Leases::claim`].
    fn fulfil(&self, request: &Request<'_>) -> Result<Vec<Claimed>, ClaimError>;

    /// Closes what is open, for one who waits for something else: it is opened again when it is needed. Only for one
    /// whose claims are all in the journal.
    fn let_go(&self) {}

    /// What [`Leases::claim`] would answer now. Takes nothing.
    ///
    /// # Errors
    ///
    /// As for [`Leases::claim`].
    fn peek(
        &self,
        space: &str,
        owner: &Owner,
        pod: Option<&Pod>,
        claims: &[Vec<Candidate>],
        keep: bool,
    ) -> Result<Vec<Claimed>, ClaimError>;

    /// Sets an address aside that `owner` has claimed and somebody else was found to have, for [`crate::SET_ASIDE`]
    /// seconds, and takes another one in its place. The request is that of the claim, `index` says which of its
    /// addresses, and `hardware_address` is the one that answered, as text.
    ///
    /// # Errors
    ///
    /// As for [`Leases::claim`]; when there is no other address, the one is set aside all the same, unless others are to be
    /// asked first ([`ClaimError::NotHeld`] of a request that they were not asked for): then nothing has changed.
    fn exchange(
        &self,
        request: &Request<'_>,
        index: usize,
        hardware_address: &str,
    ) -> Result<Claimed, ClaimError>;

    /// Offers again what was set aside long enough ago; how many addresses.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be written.
    fn offer_again(&self) -> Result<usize, Error>;

    /// What others hold of the addresses that are remembered for a pod's interface: an earlier sandbox of the pod, which
    /// ended without a release, or a pod that has got one of them since.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    fn remembered(&self, owner: &Owner, pod: &Pod) -> Result<Vec<Lease>, Error>;

    /// Gives back all that `owner` holds and returns it, in the order claimed. An owner that holds nothing is
    /// no error: CNI asks for DEL until it succeeds.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be written.
    fn release(&self, owner: &Owner) -> Result<Vec<Lease>, Error>;

    /// The leases of `owner`, in the order claimed.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    fn held_by(&self, owner: &Owner) -> Result<Vec<Lease>, Error>;

    /// All leases, by space and address, IPv4 before IPv6.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    fn leases(&self) -> Result<Vec<Lease>, Error>;

    /// All owners that hold something, by network, container and interface. What GC compares with the
    /// runtime's list of valid attachments.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    fn owners(&self) -> Result<Vec<Owner>, Error>;

    /// How many leases there are.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read.
    fn count(&self) -> Result<u64, Error>;

    /// Compares all that there is with each other, for one who misses what must be there. How many leases there are.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] with the first contradiction.
    fn check(&self) -> Result<u64, Error>;

    /// How full `ranges` are in `space`. An address in two of the ranges counts once. The cost grows with the
    /// number of runs of taken addresses, so this is for STATUS, not for ADD.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be read or a range is none.
    fn usage(&self, space: &str, ranges: &[(IpAddr, IpAddr)]) -> Result<Usage, Error>;
}
