//! The store's file on disk: made whole, checked before LMDB maps it, set aside when it is damaged.

mod header;
mod lock;

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use nix::libc;

use lock::set_lock;

use super::Error;
use super::store::{engine, now};
use super::tables::{self, Fault};

pub(super) use header::damage;
pub(super) use lock::{Lock, Mode, lock};

/// The store's name in the state folder; LMDB's lock file is beside it, with `-lock` behind.
pub const FILE_NAME: &str = "leases.mdb";
/// The file's length, from its creation on, and the most it can hold. The file is sparse: what is not used
/// costs neither disk nor, on tmpfs, memory. A lease costs about 0.8 KiB with all that belongs to it, so this
/// is room for some 300,000, where a node has a few hundred; and little enough to map in a small container.
pub(super) const MAP_SIZE: u64 = 256 * 1024 * 1024;
/// LMDB's table of readers, 64 bytes each: about 1,000 processes may read at one moment.
const LOCK_LENGTH: usize = 64 * 1024;
/// How long to wait until the other processes have left a damaged store. They live for well under a second.
const PATIENCE: Duration = Duration::from_secs(2);

/// A damaged store was put out of the way and an empty one made.
///
/// The addresses of running pods are unknown to the new store: take them up again
/// ([`Store::restore`](super::Store::restore)) before anything is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where the damaged file is now.
    pub path: PathBuf,
    /// What was wrong with it.
    pub reason: String,
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the lease store was damaged ({}) and is now {}: began an empty one",
            self.reason,
            self.path.display()
        )
    }
}

/// Opens the file at `path` if there is one. Never follows a link: the state folder is root's, a link in it
/// is not ours.
pub(super) fn open(path: &Path) -> Result<Option<File>, Error> {
    let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC;
    match OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(flags)
        .open(path)
    {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(Error::Io {
            doing: "open",
            path: path.to_owned(),
            source,
        }),
    }
}

/// Whether `path` still names `file`.
pub(super) fn is_at(file: &File, path: &Path) -> Result<bool, Error> {
    let error = |source| Error::Io {
        doing: "look at",
        path: path.to_owned(),
        source,
    };
    let ours = file.metadata().map_err(error)?;
    match fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(false),
        Err(source) => Err(error(source)),
    }
}

/// Makes an empty store at `path`, unless another process is quicker. What appears at `path` is complete.
pub(super) fn create(path: &Path) -> Result<(), Error> {
    let temporary = temporary(path);
    let made = build(&temporary)
        .map_err(|fault| engine::error(path, "create", fault))
        .and_then(|()| publish(&temporary, path));
    made.and(remove(&temporary))
}

/// Makes LMDB's lock file with its blocks. LMDB would make it sparse, and on a full file system the first
/// write to the mapping would then kill the process (SIGBUS) instead of failing.
pub(super) fn ensure_lock_file(path: &Path) -> Result<(), Error> {
    let lock = beside(path, "-lock");
    if fs::symlink_metadata(&lock).is_ok() {
        return Ok(());
    }
    // Never at its final path: closing a descriptor of LMDB's lock file drops the locks LMDB holds on it.
    let temporary = temporary(&lock);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary);
    let written = written.and_then(|file| file.write_all_at(&[0; LOCK_LENGTH], 0));
    let made = written
        .map_err(|error| failed("create", &lock, error))
        .and_then(|()| publish(&temporary, &lock));
    made.and(remove(&temporary))
}

fn build(temporary: &Path) -> Result<(), Fault> {
    {
        // Nobody else knows the name, so there is nothing to lock and no lock file to clean away.
        let environment = engine::open(temporary, heed::EnvFlags::NO_LOCK)?;
        tables::create(&environment)?;
        environment.force_sync()?;
    }
    let file = OpenOptions::new()
        .write(true)
        .open(temporary)
        .map_err(heed::Error::Io)?;
    file.set_len(MAP_SIZE)
        .and_then(|()| file.sync_all())
        .map_err(heed::Error::Io)?;
    Ok(())
}

/// A name that nobody else uses, also where two processes have one number in containers of their own.
fn temporary(path: &Path) -> PathBuf {
    let clock = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos();
    beside(path, &format!(".new-{}-{clock}", std::process::id()))
}

/// Gives a finished file its name, if the name is free. A link and not a rename, which would replace.
fn publish(temporary: &Path, path: &Path) -> Result<(), Error> {
    match fs::hard_link(temporary, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(|error| failed("create", path, error)),
    }
}

/// Puts the damaged `file` out of the way, once nobody uses it. `None` where another process has done so.
pub(super) fn set_aside(file: &File, path: &Path, reason: &str) -> Result<Option<SetAside>, Error> {
    // Own use must end first: two that wait for each other's would wait for ever.
    lock(file, path, Lock::InUse, Mode::Unlocked)?;
    lock(file, path, Lock::Opening, Mode::Exclusive)?;
    let start = Instant::now();
    while let Err(source) = set_lock(file, Lock::InUse, Mode::Exclusive, false) {
        if source.kind() != ErrorKind::WouldBlock && source.kind() != ErrorKind::PermissionDenied {
            return Err(Error::Io {
                doing: "lock",
                path: path.to_owned(),
                source,
            });
        }
        if start.elapsed() > PATIENCE {
            return Err(Error::Busy {
                doing: "set aside",
                path: path.to_owned(),
                seconds: PATIENCE.as_secs(),
            });
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    if !is_at(file, path)? {
        return Ok(None);
    }
    let mut aside = beside(path, &format!(".corrupt-{}-{}", now(), std::process::id()));
    let mut count = 1;
    while fs::symlink_metadata(&aside).is_ok() {
        count += 1;
        aside = beside(
            path,
            &format!(".corrupt-{}-{}-{count}", now(), std::process::id()),
        );
    }
    // The lock file first: a new store must not be opened with the old one's.
    match fs::rename(beside(path, "-lock"), beside(&aside, "-lock")) {
        Err(source) if source.kind() != ErrorKind::NotFound => {
            return Err(Error::Io {
                doing: "set aside the lock file of",
                path: path.to_owned(),
                source,
            });
        }
        _ => {}
    }
    fs::rename(path, &aside).map_err(|source| Error::Io {
        doing: "set aside",
        path: path.to_owned(),
        source,
    })?;
    Ok(Some(SetAside {
        path: aside,
        reason: reason.to_owned(),
    }))
}

fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != ErrorKind::NotFound => Err(Error::Io {
            doing: "remove",
            path: path.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> Error {
    match source.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::FolderFull {
            doing,
            path: path.to_owned(),
        },
        _ => Error::Io {
            doing,
            path: path.to_owned(),
            source,
        },
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}
