//! Looking things up.

use std::net::IpAddr;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::address::size;
use crate::database::{Fault, Stored, address};
use crate::lease::{Lease, Owner, Pod, Usage};
use crate::runs::{self, Set};

/// An address in a space.
pub(crate) type Place = (String, IpAddr);

/// The columns that [`lease`] reads.
const LEASE: &str = "SELECT space, address, pool, network, container, interface, namespace, name, since FROM leases";

/// What `owner` holds, in the order claimed.
pub(crate) fn held(db: &Connection, owner: &Owner) -> Result<Vec<Place>, Fault> {
    let mut select = db.prepare_cached(
        "SELECT space, address FROM owners WHERE network=?1 AND container=?2 AND interface=?3 ORDER BY position",
    )?;
    let owner = params![owner.network, owner.container_id, owner.interface_name];
    let mut rows = select.query(owner)?;
    let mut held = Vec::new();
    while let Some(row) = rows.next()? {
        let place = (row.get(0)?, address(row, 1)?);
        if held.contains(&place) {
            return Err(Fault::Damaged(format!("{} has its owner twice", place.1)));
        }
        held.push(place);
    }
    Ok(held)
}

/// The lease on an address.
pub(crate) fn lease_on(
    db: &Connection,
    space: &str,
    address: IpAddr,
) -> Result<Option<Lease>, Fault> {
    let mut select = db.prepare_cached(&format!("{LEASE} WHERE space=?1 AND address=?2"))?;
    Ok(select
        .query_row(params![space, Stored(address)], lease)
        .optional()?)
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
    let mut select = db.prepare_cached(&format!("{LEASE} ORDER BY space, address"))?;
    let mut rows = select.query([])?;
    let mut leases: Vec<Lease> = Vec::new();
    while let Some(row) = rows.next()? {
        let lease = lease(row)?;
        let place = |lease: &Lease| (lease.space.clone(), lease.address);
        // In order, so that pages which lead in circles come to an end.
        if leases
            .last()
            .is_some_and(|last| place(last) >= place(&lease))
        {
            return Err(out_of_order("leases", lease.address));
        }
        leases.push(lease);
    }
    Ok(leases)
}

/// All owners, by network, container and interface.
pub(crate) fn owners(db: &Connection) -> Result<Vec<Owner>, Fault> {
    let mut select = db.prepare_cached(
        "SELECT network, container, interface, position FROM owners ORDER BY network, container, interface, position",
    )?;
    let mut rows = select.query([])?;
    let mut owners: Vec<Owner> = Vec::new();
    let mut last = None;
    while let Some(row) = rows.next()? {
        let owner = Owner {
            network: row.get(0)?,
            container_id: row.get(1)?,
            interface_name: row.get(2)?,
        };
        let position: i64 = row.get(3)?;
        let key = (owner.clone(), position);
        if last.as_ref().is_some_and(|last| *last >= key) {
            return Err(out_of_order("owners", &owner.container_id));
        }
        last = Some(key);
        if owners.last() != Some(&owner) {
            owners.push(owner);
        }
    }
    Ok(owners)
}

/// How many leases there are.
pub(crate) fn count(db: &Connection) -> Result<i64, Fault> {
    Ok(db.query_row("SELECT count(*) FROM leases", [], |row| row.get(0))?)
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
    }
    Ok(usage)
}

impl Usage {
    /// That of `ranges`, which must have been checked, where nothing is leased.
    pub fn none_of(ranges: &[(IpAddr, IpAddr)]) -> Self {
        let sizes = without_overlap(ranges).into_iter().map(size);
        Self {
            size: sizes.fold(0, u128::saturating_add),
            taken: 0,
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

fn lease(row: &Row<'_>) -> rusqlite::Result<Lease> {
    let name: Option<String> = row.get(7)?;
    Ok(Lease {
        space: row.get(0)?,
        address: address(row, 1)?,
        pool: row.get(2)?,
        owner: Owner {
            network: row.get(3)?,
            container_id: row.get(4)?,
            interface_name: row.get(5)?,
        },
        pod: match name {
            Some(name) => Some(Pod {
                namespace: row.get(6)?,
                name,
            }),
            None => None,
        },
        since: row.get::<_, i64>(8)?.unsigned_abs(),
    })
}

fn out_of_order(what: &str, at: impl std::fmt::Display) -> Fault {
    Fault::Damaged(format!("its {what} are out of order at {at}"))
}
