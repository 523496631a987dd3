//! The addresses of pods that are gone without a DEL.
//!
//! That the API server has a pod no more proves nothing: one that was deleted by force may run on, and its interface be on
//! the wire. What proves that an interface is gone is the end of its network namespace. The record of the attachment has
//! the number that the node gave to the namespace, which no other one gets, and the kernel tells everybody whether it
//! stands for one. So a lease ends when its pod is not one of this node's any more **and** its namespace has ended.
//!
//! All else that the record speaks of is left to plumb: to the DEL that is to come, a GC, or the next ADD that needs it.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use plumb_kernel::{Boot, PodNetns, RouteSocket};
use plumb_leases::{Lease, Leases, Owner, Pod};
use plumb_values::names::{is_identifier, link_name_problem};
use serde::Deserialize;

use crate::calls::is_at;
use crate::gathered::entries;
use crate::lease_store::LeaseStore;

/// Most bytes of a record's first line that are read: a whole network configuration may be in it.
const HEADER_LIMIT: u64 = 8 << 20;

/// A record's first line, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Line {
    header: Header,
}

#[derive(Debug, Deserialize)]
struct Header {
    boot: Boot,
    attachment: Owner,
    netns: PodNetns,
}

/// Ends the leases of pods that are gone: not among `pods`, which are all of this node, and their namespaces have ended.
/// `records` is the folder of the attachments' records. What was released.
///
/// # Errors
///
/// The lease store or the kernel could not be asked.
pub fn release(
    leases: &LeaseStore,
    records: &Path,
    pods: &BTreeSet<Pod>,
) -> Result<Vec<Lease>, String> {
    let Some(store) = leases.existing().map_err(|error| error.to_string())? else {
        return Ok(Vec::new());
    };
    let leases = store.leases().map_err(|error| error.to_string())?;
    // Of a lease without a pod, as podman's, nobody knows whether that is gone.
    let is_missing = |lease: &&Lease| lease.pod.as_ref().is_some_and(|pod| !pods.contains(pod));
    let missing: BTreeSet<&Owner> = leases
        .iter()
        .filter(is_missing)
        .map(|lease| &lease.owner)
        .collect();
    let mut released = Vec::new();
    if missing.is_empty() {
        return Ok(released);
    }
    let host = RouteSocket::open().map_err(|error| error.to_string())?;
    for owner in missing {
        // Nobody else works on the attachment until they are dropped.
        let Some(locked) = lock_all(records, owner) else {
            continue;
        };
        let is_over = |(_, header): &(File, Header)| {
            let over = header.netns.has_surely_ended(&header.boot, &host);
            over.unwrap_or_else(|error| {
                tracing::warn!("look whether a pod's network namespace has ended: {error}");
                false
            })
        };
        if locked.iter().all(is_over) {
            released.extend(store.release(owner).map_err(|error| error.to_string())?);
        }
    }
    Ok(released)
}

/// The records of an attachment, locked. None where there is none, or one that cannot be understood, or that a call is
/// working on.
fn lock_all(records: &Path, owner: &Owner) -> Option<Vec<(File, Header)>> {
    let is_name = is_identifier(&owner.network)
        && is_identifier(&owner.container_id)
        && link_name_problem(&owner.interface_name).is_none();
    if !is_name {
        return None;
    }
    let folder = records.join(&owner.network).join(&owner.container_id);
    let locked: Vec<_> = entries(&folder)
        .iter()
        .filter(|path| is_of(path, &owner.interface_name))
        .map(|path| lock(path, owner))
        .collect::<Option<_>>()?;
    (!locked.is_empty()).then_some(locked)
}

/// Whether a record is of this interface: `net1`, or `net1:PLUGIN` of a plugin that works on another one's.
fn is_of(record: &Path, interface: &str) -> bool {
    let name = record.file_name().and_then(|name| name.to_str());
    name.and_then(|name| name.split(':').next()) == Some(interface)
}

/// As plumb locks a record for a call, but without waiting.
fn lock(path: &Path, owner: &Owner) -> Option<(File, Header)> {
    let mut file = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(path)
        .ok()?;
    file.try_lock().ok()?;
    // Whoever had it locked may have removed it.
    if !is_at(&file, path) {
        return None;
    }
    let mut line = String::new();
    BufReader::new((&mut file).take(HEADER_LIMIT))
        .read_line(&mut line)
        .ok()?;
    let Line { header } = serde_json::from_str(&line).ok()?;
    (header.attachment == *owner).then_some((file, header))
}

#[cfg(test)]
mod tests;
