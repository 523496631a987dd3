//! Giving addresses back, and taking up those that another record knows of.

use rusqlite::Connection;

use crate::address::{POOL_LIMIT, check_name, check_text};
use crate::claim::{check_owner, take};
use crate::entries;
use crate::error::{Error, Fault};
use crate::keys::{self, Kind};
use crate::lease::{Lease, Owner};
use crate::memory;
use crate::read::{held, held_by, lease_on};
use crate::runs::{self, Set};

/// Ends all leases of `owner` and returns them in the order claimed.
pub(crate) fn release(db: &Connection, owner: &Owner) -> Result<Vec<Lease>, Fault> {
    let released = held_by(db, owner)?;
    let mut rests = false;
    for lease in &released {
        rests |= end(db, lease)?;
    }
    if !released.is_empty() {
        entries::delete(db, &keys::owner(owner))?;
    }
    if rests {
        memory::forget_oldest(db, memory::RESTING_LIMIT)?;
    }
    Ok(released)
}

/// Ends a lease, all but its entry in that of its owner; whether its address rests now.
pub(crate) fn end(db: &Connection, lease: &Lease) -> Result<bool, Fault> {
    let (space, address) = (&lease.space, lease.address);
    entries::delete(db, &keys::place(Kind::Lease, space, address))?;
    runs::remove(db, Set::Leased, space, address)?;
    let rests = memory::rest(db, space, address)?;
    if !rests {
        runs::remove(db, Set::Reserved, space, address)?;
    }
    Ok(rests)
}

/// Takes up `leases` as they are; returns those whose address another owner holds.
pub(crate) fn restore(db: &Connection, leases: &[Lease]) -> Result<Vec<Lease>, Fault> {
    let mut refused = Vec::new();
    for lease in leases {
        match lease_on(db, &lease.space, lease.address)? {
            Some(known) if known.owner == lease.owner => {}
            Some(_) => refused.push(lease.clone()),
            None => take(db, lease, &mut held(db, &lease.owner)?, None)?,
        }
    }
    Ok(refused)
}

/// Refuses a lease that the store cannot hold.
pub(crate) fn check_lease(lease: &Lease) -> Result<(), Error> {
    check_name("space", &lease.space)?;
    check_text("pool", &lease.pool, POOL_LIMIT)?;
    check_owner(&lease.owner)
}
