//! The store's file in the state folder: shared while it is used, replaced when nobody uses it.
//!
//! A store that is missing, damaged or of an earlier layout is made from what the caller knows of leases, which is the
//! journal. A process that has claimed an address and has not written it there yet must not be overlooked: so all who
//! use the store hold a shared lock on the folder until they end, and who replaces it holds an exclusive one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::database::{self, FileId, Found, PATIENCE};
use crate::database_files::{SetAside, beside, failed, remove, set_aside};
use crate::error::Error;
use crate::former;
use crate::lease::Lease;
use crate::release;

/// The store's name in the state folder. SQLite's rollback journal is beside it, with `-journal` behind.
pub const FILE_NAME: &str = "leases.db";

/// What came of making a store: to be shown to the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renewed {
    /// The damaged one that it replaces.
    pub set_aside: Option<SetAside>,
    /// Whether the store of an earlier build was there, and was removed: `leases.mdb`, or one of an earlier layout.
    pub former: bool,
    /// How many leases are in it.
    pub restored: usize,
    /// The known leases that are not in it, because another owner holds the address.
    pub refused: Vec<Lease>,
}

/// A lock on the state folder, which ends with its value, also when the process is killed.
#[derive(Debug)]
pub(crate) struct Use(#[expect(dead_code, reason = "is held for its lock")] File);

/// There is no store, and nobody makes one, until this is dropped.
#[derive(Debug)]
pub struct Discarded(#[expect(dead_code, reason = "is held for its lock")] Use);

/// See [`crate::Store::discard`].
pub(crate) fn discard(folder: &Path, seen: Option<FileId>) -> Result<Option<Discarded>, Error> {
    let path = folder.join(FILE_NAME);
    let Some(lock) = own(folder, seen)? else {
        return Ok(None);
    };
    match database::open(&path)? {
        Found::Database(there, _) if Some(there) != seen => return Ok(None),
        _ => remove(&path)?,
    }
    // What a process left behind that was killed while it made one.
    remove(&beside(&path, ".new"))?;
    Ok(Some(Discarded(lock)))
}

/// Locks `folder` for one who uses the store in it.
pub(crate) fn share(folder: &Path) -> Result<Use, Error> {
    let path = folder.join(FILE_NAME);
    let file = open(folder, &path)?;
    wait(&path, "use", || match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(source)) => Err(source),
        Ok(()) => Ok(Some(())),
    })?;
    Ok(Use(file))
}

/// Locks `folder` for one who replaces the store that was `seen` in it. None where another process has done so:
/// among many that come, there need not be a moment without one that uses the new store.
fn own(folder: &Path, seen: Option<FileId>) -> Result<Option<Use>, Error> {
    let path = folder.join(FILE_NAME);
    let file = open(folder, &path)?;
    let is_replaced = || {
        let there = fs::symlink_metadata(&path).ok();
        there.is_some_and(|there| Some(database::id(&there)) != seen)
    };
    let is_locked = wait(&path, "replace", || match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(is_replaced().then_some(false)),
        Err(TryLockError::Error(source)) => Err(source),
        Ok(()) => Ok(Some(true)),
    })?;
    Ok(is_locked.then_some(Use(file)))
}

fn open(folder: &Path, path: &Path) -> Result<File, Error> {
    File::open(folder).map_err(|source| failed("open the folder of", path, source))
}

/// Tries until there is an answer.
fn wait<T>(
    path: &Path,
    doing: &'static str,
    attempt: impl Fn() -> io::Result<Option<T>>,
) -> Result<T, Error> {
    let begin = Instant::now();
    loop {
        match attempt().map_err(|source| failed(doing, path, source))? {
            Some(answer) => return Ok(answer),
            None if begin.elapsed() > PATIENCE => {
                return Err(Error::Busy {
                    doing,
                    path: path.to_owned(),
                    seconds: PATIENCE.as_secs(),
                });
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// A store that is to be replaced.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) id: FileId,
    /// What is wrong with it; none for a store of an earlier layout.
    pub(crate) damage: Option<String>,
}

/// Makes the store in `folder` with the leases that are `known`, in place of the one that was `seen`, once
/// nobody uses it. None where another process has done so.
pub(crate) fn renew(
    folder: &Path,
    seen: Option<Seen>,
    known: impl FnOnce() -> io::Result<Vec<Lease>>,
) -> Result<Option<Renewed>, Error> {
    let path = folder.join(FILE_NAME);
    let Some(_lock) = own(folder, seen.as_ref().map(|seen| seen.id))? else {
        return Ok(None);
    };
    match (database::open(&path)?, &seen) {
        (Found::Nothing, _) => {}
        (
            Found::Damaged(there, _) | Found::Database(there, _) | Found::Former(there),
            Some(seen),
        ) if there == seen.id => {}
        _ => return Ok(None),
    }
    let former = wait(&path, "replace", || match former::lock(folder) {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        former => former.map(Some),
    })?;
    let mut renewed = Renewed::default();
    // Made in full before anything is put away: on a full file system all stays as it is.
    let made = beside(&path, ".new");
    remove(&made)?;
    let mut known =
        known().map_err(|source| failed("read what the journal knows for", &path, source))?;
    // What the store refuses was never claimed from it.
    known.retain(|lease| release::check_lease(lease).is_ok());
    renewed.refused = fill(&made, &known)?;
    renewed.restored = known.len() - renewed.refused.len();
    match seen.map(|seen| seen.damage) {
        Some(Some(reason)) => renewed.set_aside = set_aside(&path, &reason)?,
        Some(None) => renewed.former = true,
        None => {}
    }
    // A journal without its database is left where a process was killed at this point. The new database must not
    // be rolled back by it.
    remove(&path)?;
    fs::rename(&made, &path).map_err(|source| failed("create", &path, source))?;
    if let Some(former) = former {
        former::remove(folder, former)
            .map_err(|source| failed("remove the former store beside", &path, source))?;
        renewed.former = true;
    }
    Ok(Some(renewed))
}

/// Makes a database with the leases that can be taken up; returns the others.
fn fill(path: &Path, known: &[Lease]) -> Result<Vec<Lease>, Error> {
    // Not by SQLite, which would let others read it.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(|source| failed("create", path, source))?;
    let fill = || {
        let mut connection = database::create(path)?;
        let transaction = connection.transaction()?;
        let refused = release::restore(&transaction, known)?;
        transaction.commit()?;
        Ok(refused)
    };
    let filled = fill().map_err(|fault| database::error(path, "create", fault));
    if filled.is_err() {
        remove(path)?;
    }
    filled
}
