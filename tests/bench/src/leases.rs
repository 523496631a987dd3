//! Fills the stores of addresses, so that an ADD meets a pool in use.

use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};
use plumb::leases::{Lease, Leases, Owner, Store};

use crate::candidates::INTERFACE;
use crate::error::Error;

/// Leases of the growth case: what a large cluster takes from one shared range, or a
/// node that leaks.
pub const COUNT: u32 = 20_000;

/// The node's own space: networks share their addresses where its policy names no wires.
pub const SPACE: &str = "";

/// Takes the addresses in plumb's store in this state folder, for a network.
///
/// In a child, because the memory that it needs would show up as that of every program
/// measured afterwards: see `Report::memory_floor`.
pub fn fill_plumb(folder: &Path, network: &str, count: u32) -> Result<(), Error> {
    // SAFETY: this process has no other thread between its cases, so the child finds
    // no lock held.
    match unsafe { fork() }.map_err(Error::system("fork to fill the store of leases"))? {
        ForkResult::Child => match fill(folder, network, count) {
            Ok(()) => std::process::exit(0),
            Err(error) => {
                eprintln!("plumb-bench: {error}");
                std::process::exit(1);
            }
        },
        ForkResult::Parent { child } => {
            match waitpid(child, None).map_err(Error::system("wait for the filled store"))? {
                WaitStatus::Exited(_, 0) => Ok(()),
                status => Err(Error::Fill {
                    folder: folder.to_owned(),
                    reason: format!("{status:?}"),
                }),
            }
        }
    }
}

/// Whether an address, written with its prefix, is among those that were filled in.
pub fn is_taken(address: &str) -> bool {
    addresses(COUNT).any(|taken| address.split('/').next() == Some(taken.to_string().as_str()))
}

/// Takes the same addresses in host-local's store: a file for each, named by the
/// address, with the container and its interface, and one with the last one given out.
pub fn fill_host_local(network: &str) -> Result<(), Error> {
    let folder = Path::new("/var/lib/cni/networks").join(network);
    let write = |name: &str, text: &str| {
        fs::write(folder.join(name), text)
            .map_err(Error::system(format!("write {name} in {folder:?}")))
    };
    fs::create_dir_all(&folder).map_err(Error::system(format!("create {folder:?}")))?;
    let mut last = String::new();
    for (index, address) in addresses(COUNT).enumerate() {
        last = address.to_string();
        write(&last, &format!("{}\r\n{INTERFACE}", container(index)))?;
    }
    write("last_reserved_ip.0", &last)
}

fn fill(folder: &Path, network: &str, count: u32) -> Result<(), Error> {
    fs::create_dir_all(folder).map_err(Error::system(format!("create {folder:?}")))?;
    let failed = |reason: String| Error::Fill {
        folder: folder.to_owned(),
        reason,
    };
    let leases: Vec<Lease> = addresses(count)
        .enumerate()
        .map(|(index, address)| Lease {
            space: SPACE.to_owned(),
            address: address.into(),
            pool: "p".to_owned(),
            owner: Owner {
                network: network.to_owned(),
                container_id: container(index),
                interface_name: INTERFACE.to_owned(),
            },
            pod: None,
            since: 0,
        })
        .collect();
    let (store, _) =
        Store::open(folder, || Ok(Vec::new())).map_err(|error| failed(error.to_string()))?;
    store
        .restore(&leases)
        .map_err(|error| failed(error.to_string()))?;
    match store.count().map_err(|error| failed(error.to_string()))? {
        found if found == u64::from(count) => Ok(()),
        found => Err(failed(format!("{found} leases in it, {count} are right"))),
    }
}

/// The addresses taken. Each third one is free, as when pods have come and gone: a
/// store that keeps ranges cannot fold them into one.
fn addresses(count: u32) -> impl Iterator<Item = Ipv4Addr> {
    let first = u32::from(Ipv4Addr::new(10, 64, 0, 2));
    (0..count).map(move |index| Ipv4Addr::from(first + index + index / 2))
}

fn container(index: usize) -> String {
    format!("earlier-{index}")
}
