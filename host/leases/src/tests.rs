//! Tests on real files in a folder of their own.

mod astray;
mod claims;
mod conflicts;
mod damage;
mod held;
mod kept;
mod keys;
mod model;
mod processes;
mod renewed;
mod threads;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::Connection;

use crate::error::Fault;
use crate::keys::Kind;
use crate::{Candidate, Claimed, FILE_NAME, Leases, Owner, Pod, SetAside, Store};

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        // In memory, as the state folder is by default: thousands of commits need not wait for a disk.
        let memory = Path::new("/dev/shm");
        let in_memory = std::env::var_os("TMPDIR").is_none() && memory.is_dir();
        let base = if in_memory {
            memory.to_owned()
        } else {
            std::env::temp_dir()
        };
        let path = base.join(format!("plumb-leases-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).expect("make a folder for a test");
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    /// Opens the store, which must not be damaged.
    fn store(&self) -> Store {
        let (store, set_aside) = open(&self.0);
        assert_eq!(set_aside, None);
        store
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE_NAME)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Opens the store, made without leases where there is none or a damaged one, which is the second value.
fn open(folder: &Path) -> (Store, Option<SetAside>) {
    let (store, renewed) = Store::open(folder, || Ok(Vec::new())).expect("open the store");
    (store, renewed.and_then(|renewed| renewed.set_aside))
}

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address in a test")
}

fn pool(name: &str, ranges: &[(&str, &str)]) -> Candidate {
    let ranges = ranges
        .iter()
        .map(|(first, last)| (ip(first), ip(last)))
        .collect();
    Candidate {
        pool: name.to_owned(),
        ranges,
        shared: false,
    }
}

fn owner(container: impl ToString) -> Owner {
    Owner {
        network: "rail0".to_owned(),
        container_id: container.to_string(),
        interface_name: "net1".to_owned(),
    }
}

fn pod(name: &str) -> Pod {
    Pod {
        namespace: "training".to_owned(),
        name: name.to_owned(),
    }
}

fn addresses(claimed: &[Claimed]) -> Vec<IpAddr> {
    claimed.iter().map(|one| one.address).collect()
}

/// Claims one address without a pod.
fn claim_one(store: &Store, container: impl ToString, candidate: &Candidate) -> IpAddr {
    let claims = [vec![candidate.clone()]];
    let claimed = store
        .claim("", &owner(container), None, &claims, false)
        .expect("claim an address");
    assert_eq!(claimed.len(), 1);
    claimed[0].address
}

/// Writes to the store's table what the store would not.
#[track_caller]
fn change(store: &Store, change: impl FnOnce(&Connection) -> Result<(), Fault>) {
    store.write("test", change).expect("change the table");
}

/// Removes all entries of a kind but its marker.
#[track_caller]
fn remove_all(store: &Store, kind: Kind) {
    let marker = kind.marker();
    let delete = "DELETE FROM entries WHERE substr(key, 1, 1)=?1 AND key<>?1";
    change(store, |db| {
        db.execute(delete, [&marker])?;
        Ok(())
    });
}

/// Numbers that look random and are the same in every run (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
