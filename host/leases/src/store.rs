//! The store: one LMDB file on this node, opened by as many processes as like.

pub(super) mod engine;
mod leases;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use heed::{Env, RoTxn, RwTxn, WithoutTls};

use super::file::{self, FILE_NAME, Lock, Mode, SetAside};
use super::tables::{self, Fault, LAYOUT, Tables};
use super::{Error, Lease, check, release};

/// How often to begin anew when other processes create, replace or set aside the file at the same moment.
const ATTEMPTS: usize = 100;

/// The leases of one node.
///
/// Open it for one CNI call and drop it: opening costs some tens of microseconds. LMDB allows one `Store` for
/// a file in a process, and none may be used across a `fork`. All processes must be linked with the same C
/// library, whose mutexes lie in the shared lock file.
#[derive(Debug)]
pub struct Store {
    pub(super) environment: Env<WithoutTls>,
    tables: Tables,
    path: PathBuf,
    /// Holds [`Lock::InUse`] until it is closed; after `environment`, so that it is closed last.
    file: File,
}

enum Attached {
    Ready(Store),
    Missing,
    /// Another process has replaced the file meanwhile.
    Moved,
    Damaged(File, String),
}

impl Store {
    /// Opens the store in `folder`, which must exist, and makes it where there is none.
    ///
    /// A damaged store is set aside and an empty one made; then the second value says so. It is to be shown to
    /// the operator, and the addresses of running pods are to be taken up with [`Store::restore`].
    ///
    /// # Errors
    ///
    /// [`Error::Layout`] for a sound store of another version, which stays in place; [`Error::FolderFull`]
    /// and others where the file cannot be made or opened.
    pub fn open(folder: &Path) -> Result<(Self, Option<SetAside>), Error> {
        let path = folder.join(FILE_NAME);
        let mut report = None;
        for _ in 0..ATTEMPTS {
            match attach(&path)? {
                Attached::Ready(store) => return Ok((store, report)),
                Attached::Missing => file::create(&path)?,
                Attached::Moved => {}
                Attached::Damaged(file, reason) => {
                    report = file::set_aside(&file, &path, &reason)?.or(report);
                }
            }
        }
        Err(Error::Corrupt {
            path,
            reason: format!("it was replaced {ATTEMPTS} times while it was opened"),
        })
    }

    /// Opens the store in `folder` if there is one, and changes nothing in the folder where there is none.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] for a damaged store, which stays in place; otherwise as for [`Store::open`].
    pub fn open_existing(folder: &Path) -> Result<Option<Self>, Error> {
        let path = folder.join(FILE_NAME);
        for _ in 0..ATTEMPTS {
            match attach(&path)? {
                Attached::Ready(store) => return Ok(Some(store)),
                Attached::Missing => return Ok(None),
                Attached::Moved => {}
                Attached::Damaged(_, reason) => return Err(Error::Corrupt { path, reason }),
            }
        }
        Err(Error::Corrupt {
            path,
            reason: format!("it was replaced {ATTEMPTS} times while it was opened"),
        })
    }

    /// Sets this store aside and opens an empty one: for a store whose damage showed only in use
    /// ([`Error::Corrupt`] from another call). The report is `None` where another process was quicker.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] when other processes keep the store open; otherwise as for [`Store::open`].
    pub fn set_aside(self, reason: &str) -> Result<(Self, Option<SetAside>), Error> {
        let Self {
            environment,
            path,
            file,
            ..
        } = self;
        drop(environment);
        let report = file::set_aside(&file, &path, reason)?;
        drop(file);
        let (store, another) = Self::open(path.parent().unwrap_or(Path::new(".")))?;
        Ok((store, report.or(another)))
    }

    /// Takes up leases that another record proves, after a damaged store was set aside. Those that are known
    /// already stay; those whose address another owner holds are returned.
    ///
    /// # Errors
    ///
    /// [`Error`] when the store cannot be written; then none is taken up.
    pub fn restore(&self, leases: &[Lease]) -> Result<Vec<Lease>, Error> {
        leases.iter().try_for_each(release::check_lease)?;
        self.write("take up leases in", |tables, txn| {
            release::restore(tables, txn, leases)
        })
    }

    /// Reads the whole store and compares its tables with each other. Returns how many leases there are.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] with the first contradiction.
    pub fn check(&self) -> Result<u64, Error> {
        self.read("check", check::check)
    }

    /// Where the store's file is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn write<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Tables, &mut RwTxn<'_>) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        self.transact(work)
            .map_err(|fault| engine::error(&self.path, doing, fault))
    }

    pub(super) fn read<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Tables, &RoTxn<'_>) -> Result<T, Fault>,
    ) -> Result<T, Error> {
        let read = || work(&self.tables, &*self.environment.read_txn()?);
        read().map_err(|fault| engine::error(&self.path, doing, fault))
    }

    fn transact<T>(
        &self,
        work: impl FnOnce(&Tables, &mut RwTxn<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut txn = self.environment.write_txn()?;
        let done = work(&self.tables, &mut txn)?;
        txn.commit()?;
        Ok(done)
    }
}

fn attach(path: &Path) -> Result<Attached, Error> {
    let Some(file) = file::open(path)? else {
        return Ok(Attached::Missing);
    };
    file::lock(&file, path, Lock::Opening, Mode::Exclusive)?;
    file::lock(&file, path, Lock::InUse, Mode::Shared)?;
    if !file::is_at(&file, path)? {
        return Ok(Attached::Moved);
    }
    if let Some(reason) = file::damage(&file) {
        return Ok(Attached::Damaged(file, reason));
    }
    file::ensure_lock_file(path)?;
    let (environment, tables, layout) = match open(path) {
        Ok(opened) => opened,
        Err(fault) => match engine::error(path, "open", fault) {
            Error::Corrupt { reason, .. } => return Ok(Attached::Damaged(file, reason)),
            error => return Err(error),
        },
    };
    if layout != LAYOUT.to_string() {
        return Err(Error::Layout {
            path: path.to_owned(),
            found: layout,
            known: LAYOUT,
        });
    }
    file::lock(&file, path, Lock::Opening, Mode::Unlocked)?;
    Ok(Attached::Ready(Store {
        environment,
        tables,
        path: path.to_owned(),
        file,
    }))
}

fn open(path: &Path) -> Result<(Env<WithoutTls>, Tables, String), Fault> {
    let environment = engine::open(path, heed::EnvFlags::empty())?;
    // Left behind by processes that were killed while they read; they would keep old pages from being reused.
    environment.clear_stale_readers()?;
    let tables = tables::open(&environment)?;
    let layout = tables.layout(&*environment.read_txn()?)?;
    Ok((environment, tables, layout))
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs())
}
