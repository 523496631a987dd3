//! Giving addresses back, and taking up those that another record knows of.

use heed::RwTxn;

use super::address::{NAME_LIMIT, POOL_LIMIT, Place, check_name, number};
use super::claim::{check_owner, take};
use super::memory;
use super::read::{Held, held, owner_key};
use super::store::now;
use super::tables::{self, Fault, Tables};
use super::{Error, Lease, Owner};

/// Ends all leases of `owner` and returns them in the order claimed.
pub(super) fn release(
    tables: &Tables,
    txn: &mut RwTxn<'_>,
    owner: &Owner,
) -> Result<Vec<Lease>, Fault> {
    let mut released = Vec::new();
    for held in held(tables, txn, owner)? {
        let place = held.place();
        let (line, number) = (place.line(), number(place.address));
        let lease: Option<Lease> = tables::get(tables.leases, txn, &place.key())?;
        let Some(lease) = lease.filter(|lease| lease.owner == *owner) else {
            let (container, address) = (&owner.container_id, place.address);
            return Err(Fault::Damaged(format!(
                "container {container} has no lease on its {address}"
            )));
        };
        tables.leases.delete(txn, &place.key())?;
        tables.taken.remove(txn, &line, number)?;
        match memory::keeper(tables, txn, &place)? {
            Some(key) => memory::rest(tables, txn, &key, now())?,
            None => tables.reserved.remove(txn, &line, number)?,
        }
        released.push(lease);
    }
    tables.owners.delete(txn, &owner_key(owner))?;
    memory::forget_oldest(tables, txn, memory::RESTING_LIMIT)?;
    Ok(released)
}

/// Takes up `leases` as they are; returns those whose address another owner holds.
pub(super) fn restore(
    tables: &Tables,
    txn: &mut RwTxn<'_>,
    leases: &[Lease],
) -> Result<Vec<Lease>, Fault> {
    let mut refused = Vec::new();
    for lease in leases {
        let place = Place::new(&lease.space, lease.address);
        match tables::get::<Lease>(tables.leases, txn, &place.key())? {
            Some(known) if known.owner == lease.owner => {}
            Some(_) => refused.push(lease.clone()),
            None => {
                take(tables, txn, lease, None)?;
                let mut places = held(tables, txn, &lease.owner)?;
                places.push(Held::new(&lease.space, lease.address));
                tables::put(tables.owners, txn, &owner_key(&lease.owner), &places)?;
            }
        }
    }
    Ok(refused)
}

/// Refuses a lease that the store cannot hold.
pub(super) fn check_lease(lease: &Lease) -> Result<(), Error> {
    check_name("space", &lease.space, NAME_LIMIT)?;
    check_name("pool", &lease.pool, POOL_LIMIT)?;
    check_owner(&lease.owner)
}
