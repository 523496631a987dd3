//! Addresses that a claim got and that somebody on the wire has all the same: a machine that knows of no pool, or a pod
//! of another node.
//!
//! Such an address is set aside: a lease whose owner is the hardware address that answered for it, in no network, so that
//! nobody gets the address and no container's release gives it back. After [`SET_ASIDE`] seconds it is offered again.

use rusqlite::Connection;

use crate::address::check_name;
use crate::claim::{self, Request};
use crate::entries;
use crate::error::{ClaimError, Error, Fault};
use crate::keys::{self, Kind};
use crate::lease::{Claimed, Lease, Owner};
use crate::memory;
use crate::read;
use crate::release::end;

/// How long nobody gets an address that somebody was found to have, in seconds.
pub const SET_ASIDE: u64 = 600;

impl Owner {
    /// What holds an address that is set aside. Networks of CNI have a name.
    fn of_conflict(hardware_address: &str) -> Self {
        Self {
            network: String::new(),
            container_id: hardware_address.to_owned(),
            interface_name: String::new(),
        }
    }

    /// The hardware address that was found to have the addresses of this owner.
    fn hardware_address(&self) -> Option<&str> {
        self.network
            .is_empty()
            .then_some(self.container_id.as_str())
    }
}

impl Lease {
    /// The hardware address that answered for the address, where that is why nobody gets it.
    #[must_use]
    pub fn in_use_by(&self) -> Option<&str> {
        self.owner.hardware_address()
    }

    /// When an address that is set aside is offered again, in seconds since 1970.
    #[must_use]
    pub fn set_aside_until(&self) -> u64 {
        self.since.saturating_add(SET_ASIDE)
    }
}

/// Refuses what is no hardware address's text.
pub(crate) fn check_hardware_address(text: &str) -> Result<(), Error> {
    check_name("hardware address", text)
}

/// Sets the address of claim `index` aside and takes another one for it. As the inner error: there is no other, and the
/// address is set aside.
pub(crate) fn exchange(
    db: &Connection,
    request: &Request<'_>,
    index: usize,
    hardware_address: &str,
    now: u64,
) -> Result<Result<Claimed, ClaimError>, Fault> {
    let mut held = read::held_by(db, request.owner)?;
    if index >= held.len() || index >= request.claims.len() {
        return Err(Fault::Damaged(format!(
            "container {} holds {} addresses, and not as many as it claimed",
            request.owner.container_id,
            held.len()
        )));
    }
    let taken = held.remove(index);
    set_aside(db, &taken, hardware_address, now)?;
    let mut places: Vec<_> = held
        .into_iter()
        .map(|lease| (lease.space, lease.address))
        .collect();
    let outcome = claim::one(db, request, index, now, &mut places)?;
    if outcome.is_ok()
        && let Some(last) = places.pop()
    {
        // It is written as the last, and is to be the one at this place.
        places.insert(index, last);
    }
    put_places(db, request.owner, &places)?;
    Ok(outcome)
}

fn put_places(db: &Connection, owner: &Owner, places: &[keys::Place]) -> Result<(), Fault> {
    match places {
        [] => entries::delete(db, &keys::owner(owner)),
        places => entries::put(db, &keys::owner(owner), read::of_places(places).bytes()),
    }
}

/// Makes of a lease one of the hardware address that was found to have it.
fn set_aside(
    db: &Connection,
    lease: &Lease,
    hardware_address: &str,
    now: u64,
) -> Result<(), Fault> {
    let owner = Owner::of_conflict(hardware_address);
    let mut places = read::held(db, &owner)?;
    places.push((lease.space.clone(), lease.address));
    put_places(db, &owner, &places)?;
    // A pod that comes back is not to look for it there.
    memory::forget(db, &lease.space, lease.address)?;
    let aside = Lease {
        owner,
        pod: None,
        since: now,
        ..lease.clone()
    };
    let key = keys::place(Kind::Lease, &aside.space, aside.address);
    entries::put(db, &key, read::of_lease(&aside).bytes())
}

/// Offers again what was set aside long enough ago; how many addresses.
pub(crate) fn offer_again(db: &Connection, now: u64) -> Result<usize, Fault> {
    let mut count = 0;
    for owner in read::owners(db)? {
        if owner.hardware_address().is_none() {
            continue;
        }
        let (over, rest): (Vec<_>, Vec<_>) = read::held_by(db, &owner)?
            .into_iter()
            // One of the future was set aside before the clock was set back.
            .partition(|lease| lease.set_aside_until() <= now || lease.since > now);
        for lease in &over {
            end(db, lease)?;
        }
        count += over.len();
        let rest: Vec<_> = rest
            .into_iter()
            .map(|lease| (lease.space, lease.address))
            .collect();
        put_places(db, &owner, &rest)?;
    }
    Ok(count)
}
