//! A connection to the database, beside which this process may have others.
//!
//! SQLite locks the file by POSIX locks, and closing *any* descriptor of a file ends all of them that the process has on it
//! (fcntl(2)): a transaction of another thread would go on without its lock, while other processes write. SQLite keeps its
//! own descriptors until nobody needs a lock; the one by which the header is read is kept here in the same way. It is
//! nothing to a CNI call, which has one connection at a time; the agent of a cluster has several.

use std::fs::File;
use std::io::{self, Read};
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, Result};

/// What this process has open, of whatever file.
#[derive(Debug)]
struct Open {
    connections: usize,
    /// Files that are closed when there is no connection any more.
    kept: Vec<File>,
}

static OPEN: Mutex<Open> = Mutex::new(Open {
    connections: 0,
    kept: Vec::new(),
});

fn lock() -> MutexGuard<'static, Open> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection, which counts until it is closed.
#[derive(Debug)]
pub(crate) struct Database {
    // Closed before it counts no more.
    connection: Connection,
    _counted: Counted,
}

impl Database {
    pub(crate) fn open(path: &Path, flags: OpenFlags) -> Result<Self> {
        let counted = Counted::begin();
        Ok(Self {
            connection: Connection::open_with_flags(path, flags)?,
            _counted: counted,
        })
    }
}

impl Deref for Database {
    type Target = Connection;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl DerefMut for Database {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

#[derive(Debug)]
struct Counted;

impl Counted {
    fn begin() -> Self {
        lock().connections += 1;
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = lock();
        open.connections -= 1;
        if open.connections == 0 {
            open.kept.clear();
        }
    }
}

/// The first `count` bytes of a file that may be a database in use.
pub(crate) fn first_bytes(path: &Path, count: u64) -> io::Result<Vec<u8>> {
    // No connection begins to count, and so none has a lock, between the question whether there is one and the closing.
    let mut open = lock();
    let mut bytes = Vec::new();
    let mut file = File::open(path)?;
    let read = file.by_ref().take(count).read_to_end(&mut bytes);
    if open.connections > 0 {
        open.kept.push(file);
    }
    read.map(|_| bytes)
}
