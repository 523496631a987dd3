//! The keys of the store's entries, whose order is that of their bytes.
//!
//! A key begins with its kind. A name in it ends with NUL, which no name contains, so no key of one space or owner
//! lies among those of another. An address is as `address` has it.

use std::net::IpAddr;

use crate::address::{from_bytes, to_bytes};
use crate::lease::{Owner, Pod};

/// An address in a space.
pub(crate) type Place = (String, IpAddr);

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Space, first and last address of a pool -> the address that it handed out last.
    Cursor = b'c',
    /// Place -> the end of the run of addresses that begins there and that this node may give out, of pools that are shared.
    Held = b'h',
    /// Place -> the memory that has it.
    Keeper = b'k',
    /// Place -> who holds it (see `read`).
    Lease = b'l',
    /// A pod's interface -> its place, and when that began to rest (see `memory`).
    Memory = b'm',
    /// Owner -> its places, in the order claimed.
    Owner = b'o',
    /// Place -> the end of the run of leased addresses that begins there.
    Leased = b'r',
    /// Place -> the end of the run of leased or remembered addresses that begins there.
    Reserved = b's',
    /// When a place began to rest -> the memory that has it.
    Rest = b't',
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Cursor,
        Self::Held,
        Self::Keeper,
        Self::Lease,
        Self::Memory,
        Self::Owner,
        Self::Leased,
        Self::Reserved,
        Self::Rest,
    ];

    /// The key of the empty entry that a kind begins with.
    pub(crate) fn marker(self) -> [u8; 1] {
        [self as u8]
    }
}

/// Of a lease, a keeper, or a run.
pub(crate) fn place(kind: Kind, space: &str, address: IpAddr) -> Vec<u8> {
    let mut key = names(kind, &[space]);
    key.extend_from_slice(&to_bytes(address));
    key
}

/// The inverse of [`place`]; none for bytes that it does not make.
pub(crate) fn read_place(key: &[u8]) -> Option<Place> {
    let (names, address) = key.split_at_checked(key.len().checked_sub(17)?)?;
    let [space] = read_names(names)?;
    Some((space, from_bytes(address)?))
}

pub(crate) fn cursor(space: &str, first: IpAddr, last: IpAddr) -> Vec<u8> {
    let mut key = place(Kind::Cursor, space, first);
    key.extend_from_slice(&to_bytes(last));
    key
}

pub(crate) fn owner(owner: &Owner) -> Vec<u8> {
    names(
        Kind::Owner,
        &[&owner.network, &owner.container_id, &owner.interface_name],
    )
}

/// The inverse of [`owner`]; none for bytes that it does not make.
pub(crate) fn read_owner(key: &[u8]) -> Option<Owner> {
    let [network, container_id, interface_name] = read_names(key)?;
    Some(Owner {
        network,
        container_id,
        interface_name,
    })
}

/// Of the `ordinal`th address of one family that a pod's interface asks for.
pub(crate) fn memory(owner: &Owner, pod: &Pod, v4: bool, ordinal: u8) -> Vec<u8> {
    let mut key = names(
        Kind::Memory,
        &[
            &owner.network,
            &pod.namespace,
            &pod.name,
            &owner.interface_name,
        ],
    );
    key.extend_from_slice(&[if v4 { 4 } else { 6 }, ordinal]);
    key
}

/// Of a rest, by its number.
pub(crate) fn rest(number: u64) -> Vec<u8> {
    [&Kind::Rest.marker()[..], &number.to_be_bytes()].concat()
}

/// The inverse of [`rest`]; none for bytes that it does not make.
pub(crate) fn read_rest(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(1..)?.try_into().ok()?))
}

fn names(kind: Kind, names: &[&str]) -> Vec<u8> {
    let mut key = kind.marker().to_vec();
    for name in names {
        key.extend_from_slice(name.as_bytes());
        key.push(0);
    }
    key
}

fn read_names<const COUNT: usize>(key: &[u8]) -> Option<[String; COUNT]> {
    let names = std::str::from_utf8(key.get(1..)?)
        .ok()?
        .strip_suffix('\0')?;
    let names: Vec<String> = names.split('\0').map(str::to_owned).collect();
    names.try_into().ok()
}
