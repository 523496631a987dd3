//! Looking things up.

use std::net::IpAddr;

use heed::RoTxn;
use serde::{Deserialize, Serialize};

use super::address::{Line, Place, number, size};
use super::tables::{self, Fault, Tables};
use super::{Lease, Owner, Usage};

/// One address in an owner's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) space: String,
    pub(super) address: IpAddr,
}

impl Held {
    pub(super) fn new(space: &str, address: IpAddr) -> Self {
        Self {
            space: space.to_owned(),
            address,
        }
    }

    pub(super) fn place(&self) -> Place {
        Place::new(&self.space, self.address)
    }
}

/// What `owner` holds, in the order claimed.
pub(super) fn held(tables: &Tables, txn: &RoTxn<'_>, owner: &Owner) -> Result<Vec<Held>, Fault> {
    Ok(tables::get(tables.owners, txn, &owner_key(owner))?.unwrap_or_default())
}

pub(super) fn held_by(
    tables: &Tables,
    txn: &RoTxn<'_>,
    owner: &Owner,
) -> Result<Vec<Lease>, Fault> {
    let mut leases = Vec::new();
    for held in held(tables, txn, owner)? {
        let lease = tables::get(tables.leases, txn, &held.place().key())?;
        leases.push(lease.ok_or_else(|| {
            Fault::Damaged(format!("{} has an owner but no lease", held.address))
        })?);
    }
    Ok(leases)
}

/// All leases, in the order of their keys.
pub(super) fn leases(tables: &Tables, txn: &RoTxn<'_>) -> Result<Vec<Lease>, Fault> {
    let mut leases = Vec::new();
    for entry in tables.leases.iter(txn)? {
        let (key, value) = entry?;
        let (place, lease) = (Place::from_key(key)?, tables::decode::<Lease>(key, value)?);
        if (&place.space, place.address) != (&lease.space, lease.address) {
            let (key, address) = (key.escape_ascii(), lease.address);
            return Err(Fault::Damaged(format!(
                "record {key} is a lease on {address}"
            )));
        }
        leases.push(lease);
    }
    Ok(leases)
}

/// All owners, in the order of their keys.
pub(super) fn owners(tables: &Tables, txn: &RoTxn<'_>) -> Result<Vec<Owner>, Fault> {
    let mut owners = Vec::new();
    for entry in tables.owners.iter(txn)? {
        let (key, _) = entry?;
        let parts = std::str::from_utf8(key)
            .ok()
            .map(|key| key.split('\0').collect::<Vec<_>>());
        let Some([network, container_id, interface_name]) = parts.as_deref() else {
            return Err(Fault::Damaged(format!(
                "key {} is no owner",
                key.escape_ascii()
            )));
        };
        owners.push(Owner {
            network: (*network).to_owned(),
            container_id: (*container_id).to_owned(),
            interface_name: (*interface_name).to_owned(),
        });
    }
    Ok(owners)
}

/// How full `ranges` are, which must have been checked.
pub(super) fn usage(
    tables: &Tables,
    txn: &RoTxn<'_>,
    space: &str,
    ranges: &[(IpAddr, IpAddr)],
) -> Result<Usage, Fault> {
    let mut usage = Usage::none_of(ranges);
    for (first, last) in without_overlap(ranges) {
        let line = Line::new(space, first);
        let taken = tables
            .taken
            .count(txn, &line, number(first), number(last))?;
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

pub(super) fn owner_key(owner: &Owner) -> Vec<u8> {
    [&owner.network, &owner.container_id, &owner.interface_name]
        .map(String::as_str)
        .join("\0")
        .into_bytes()
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
