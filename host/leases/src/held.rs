//! What this node may give out of pools that are shared: runs of addresses, which somebody else hands to the node and
//! takes back.

use std::net::IpAddr;

use rusqlite::Connection;

use crate::claim::{check_owner, check_pod};
use crate::conflict;
use crate::entries;
use crate::error::{Error, Fault};
use crate::keys::{self, Kind};
use crate::lease::{Lease, Owner, Pod};
use crate::memory;
use crate::read;
use crate::runs::{self, Set};

/// First and last address, both included.
type Range = (IpAddr, IpAddr);

/// A space, and what of it is held: first and last address.
pub type HeldRange = (String, (IpAddr, IpAddr));

/// For whom an address is, among what a node gets to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The address.
    pub address: IpAddr,
    /// The network's name.
    pub network: String,
    /// The interface's name in the pod.
    pub interface: String,
    /// The pod.
    pub pod: Pod,
    /// Which of the addresses of its family that the interface asks for, from 0.
    pub ordinal: u8,
}

impl Kept {
    /// Refuses what the store cannot hold.
    pub(crate) fn check(&self) -> Result<(), Error> {
        check_owner(&self.owner())?;
        check_pod(&self.pod)
    }

    /// A memory is of no container.
    fn owner(&self) -> Owner {
        Owner {
            network: self.network.clone(),
            container_id: String::new(),
            interface_name: self.interface.clone(),
        }
    }
}

/// Adds ranges, and remembers addresses for pods as if these had gone away.
pub(crate) fn hold(
    db: &Connection,
    space: &str,
    ranges: &[Range],
    kept: &[Kept],
) -> Result<(), Fault> {
    for range in ranges {
        runs::add_range(db, Set::Held, space, *range)?;
    }
    for kept in kept {
        let v4 = kept.address.is_ipv4();
        let key = keys::memory(&kept.owner(), &kept.pod, v4, kept.ordinal);
        memory::remember_resting(db, &key, space, kept.address)?;
    }
    Ok(())
}

/// Takes a range out, and forgets for whom its addresses are kept; or returns a lease on one of them, and changes nothing.
pub(crate) fn give_back(
    db: &Connection,
    space: &str,
    range: Range,
    now: u64,
) -> Result<Option<Lease>, Fault> {
    // What somebody was found to have long ago keeps no range.
    conflict::offer_again(db, now)?;
    if let Some((first, _)) = runs::within(db, Set::Leased, space, range)?.first() {
        let lease = read::lease_on(db, space, *first)?;
        return lease
            .map(Some)
            .ok_or_else(|| Fault::Damaged(format!("{first} counts as leased but has no lease")));
    }
    runs::remove_range(db, Set::Held, space, range)?;
    memory::forget_resting(db, space, range)?;
    Ok(None)
}

/// Takes a range out, whatever of it is leased: leases and what is remembered stay.
pub(crate) fn withdraw(db: &Connection, space: &str, range: Range) -> Result<(), Fault> {
    runs::remove_range(db, Set::Held, space, range)
}

/// The addresses of a range that are remembered for a pod, leased or not.
pub(crate) fn remembered_within(
    db: &Connection,
    space: &str,
    (first, last): Range,
) -> Result<Vec<IpAddr>, Fault> {
    let from = keys::place(Kind::Keeper, space, first);
    // The first key behind that of `last`.
    let mut to = keys::place(Kind::Keeper, space, last);
    to.push(0);
    let mut remembered = Vec::new();
    entries::scan(db, &from, &to, |key, _| {
        let (_, address) = keys::read_place(key).ok_or_else(|| entries::not_a_key(key))?;
        remembered.push(address);
        Ok(())
    })?;
    Ok(remembered)
}

/// All that is held, by space and address.
pub(crate) fn all(db: &Connection) -> Result<Vec<HeldRange>, Fault> {
    let mut held = Vec::new();
    entries::all(db, Kind::Held, |key, value| {
        held.push(runs::run(key, value)?);
        Ok(())
    })?;
    Ok(held)
}

/// Holds nothing any more.
pub(crate) fn drop_all(db: &Connection) -> Result<(), Fault> {
    for (space, (first, _)) in all(db)? {
        entries::delete(db, &keys::place(Kind::Held, &space, first))?;
    }
    Ok(())
}

/// What is held of a space, by address.
pub(crate) fn of_space(db: &Connection, space: &str) -> Result<Vec<Range>, Fault> {
    let held = all(db)?.into_iter();
    Ok(held
        .filter_map(|(of, range)| (of == space).then_some(range))
        .collect())
}

/// The leases on addresses of a range, by address.
pub(crate) fn leases_within(
    db: &Connection,
    space: &str,
    (first, last): Range,
) -> Result<Vec<Lease>, Fault> {
    let from = keys::place(Kind::Lease, space, first);
    // The first key behind that of `last`.
    let mut to = keys::place(Kind::Lease, space, last);
    to.push(0);
    let mut leases = Vec::new();
    entries::scan(db, &from, &to, |key, value| {
        leases.push(read::lease(key, value)?);
        Ok(())
    })?;
    Ok(leases)
}
