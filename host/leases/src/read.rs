//! Looking things up.

use std::net::IpAddr;

use rusqlite::Connection;

use crate::address::size;
use crate::entries;
use crate::error::Fault;
use crate::keys::{self, Kind, Place};
use crate::lease::{Lease, Owner, Pod, Usage};
use crate::runs::{self, Set};
use crate::values::{Parts, Value};

/// What `owner` holds, in the order claimed.
pub(crate) fn held(db: &Connection, owner: &Owner) -> Result<Vec<Place>, Fault> {
    match entries::get(db, &keys::owner(owner))? {
        Some(value) => places(&value),
        None => Ok(Vec::new()),
    }
}

/// The value of an owner's entry.
fn places(value: &[u8]) -> Result<Vec<Place>, Fault> {
    let mut parts = Parts::new("owners", value);
    let mut places = Vec::new();
    while places.is_empty() || !parts.is_empty() {
        let place = (parts.text()?, parts.address()?);
        if places.contains(&place) {
            return Err(Fault::Damaged(format!("{} has its owner twice", place.1)));
        }
        places.push(place);
    }
    Ok(places)
}

/// The inverse of [`places`].
pub(crate) fn of_places(places: &[Place]) -> Value {
    let value = Value::default();
    places.iter().fold(value, |value, (space, address)| {
        value.text(space).address(*address)
    })
}

/// The lease on an address.
pub(crate) fn lease_on(
    db: &Connection,
    space: &str,
    address: IpAddr,
) -> Result<Option<Lease>, Fault> {
    let key = keys::place(Kind::Lease, space, address);
    let value = entries::get(db, &key)?;
    value.map(|value| lease(&key, &value)).transpose()
}

pub(crate) fn held_by(db: &Connection, owner: &Owner) -> Result<Vec<Lease>, Fault> {
    let mut leases = Vec::new();
    for (space, address) in held(db, owner)? {
        let lease = lease_on(db, &space, address)?.filter(|lease| lease.owner == *owner);
        leases.push(lease.ok_or_else(|| {
            Fault::Damaged(format!(
                "container {} has no lease on its {address}",
                owner.container_id
            ))
        })?);
    }
    Ok(leases)
}

/// All leases, by space and address.
pub(crate) fn leases(db: &Connection) -> Result<Vec<Lease>, Fault> {
    let mut leases = Vec::new();
    entries::all(db, Kind::Lease, |key, value| {
        leases.push(lease(key, value)?);
        Ok(())
    })?;
    Ok(leases)
}

/// All owners, by network, container and interface.
pub(crate) fn owners(db: &Connection) -> Result<Vec<Owner>, Fault> {
    let mut owners = Vec::new();
    entries::all(db, Kind::Owner, |key, _| {
        owners.push(keys::read_owner(key).ok_or_else(|| entries::not_a_key(key))?);
        Ok(())
    })?;
    Ok(owners)
}

/// How many leases there are.
pub(crate) fn count(db: &Connection) -> Result<u64, Fault> {
    let mut count = 0;
    entries::all(db, Kind::Lease, |_, _| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// How full `ranges` are, which must have been checked.
pub(crate) fn usage(
    db: &Connection,
    space: &str,
    ranges: &[(IpAddr, IpAddr)],
) -> Result<Usage, Fault> {
    let mut usage = Usage::none_of(ranges);
    for range in without_overlap(ranges) {
        let taken = runs::count(db, Set::Leased, space, range)?;
        usage.taken = usage.taken.saturating_add(taken);
        for held in runs::within(db, Set::Held, space, range)? {
            let taken = runs::count(db, Set::Leased, space, held)?;
            usage.held = usage.held.saturating_add(size(held));
            usage.held_taken = usage.held_taken.saturating_add(taken);
        }
    }
    Ok(usage)
}

impl Usage {
    /// That of `ranges`, which must have been checked, where nothing is leased or held.
    pub fn none_of(ranges: &[(IpAddr, IpAddr)]) -> Self {
        let sizes = without_overlap(ranges).into_iter().map(size);
        Self {
            size: sizes.fold(0, u128::saturating_add),
            ..Self::default()
        }
    }
}

/// The same addresses in ranges that do not overlap.
fn without_overlap(ranges: &[(IpAddr, IpAddr)]) -> Vec<(IpAddr, IpAddr)> {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    let mut merged: Vec<(IpAddr, IpAddr)> = Vec::new();
    for (first, last) in sorted {
        match merged.last_mut() {
            Some(before) if first <= before.1 => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

/// An entry that is a lease.
pub(crate) fn lease(key: &[u8], value: &[u8]) -> Result<Lease, Fault> {
    let (space, address) = keys::read_place(key).ok_or_else(|| entries::not_a_key(key))?;
    let mut parts = Parts::new("leases", value);
    let lease = Lease {
        space,
        address,
        since: parts.number()?,
        pool: parts.text()?,
        owner: Owner {
            network: parts.text()?,
            container_id: parts.text()?,
            interface_name: parts.text()?,
        },
        pod: if parts.is_empty() {
            None
        } else {
            Some(Pod {
                namespace: parts.text()?,
                name: parts.text()?,
            })
        },
    };
    parts.end()?;
    Ok(lease)
}

/// The inverse of [`lease`], without what is in the key.
pub(crate) fn of_lease(lease: &Lease) -> Value {
    let value = Value::default()
        .number(lease.since)
        .text(&lease.pool)
        .text(&lease.owner.network)
        .text(&lease.owner.container_id)
        .text(&lease.owner.interface_name);
    match &lease.pod {
        Some(pod) => value.text(&pod.namespace).text(&pod.name),
        None => value,
    }
}
