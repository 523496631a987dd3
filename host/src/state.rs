//! The state folder: what plumb knows of the node between two calls.
//!
//! | below it | what | whose |
//! |---|---|---|
//! | `attachments/` | what each attachment did to the machine | the journal |
//! | `functions/` | who has which PCI function, and what it was like | the holds |
//! | `corrupt/` | files that could not be read, for a person to look at | all |
//! | `rdma.lock` | one process at a time makes RDMA devices again | the holds |
//! | `rule.lock` | the same of the node's rule for routes to pods | an operation |
//! | `links.lock` | the same of VLANs and bonds that pods share | two operations |
//! | `calls` | a line for each call that has ended; the agent makes and takes it | [`calls`](crate::calls) |
//!
//! The lease store lies beside them, with `imported/` for leases of pods that another product attached, and is opened by its
//! own crate. Folders are for root alone: records hold whole network configurations.

mod aside;

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::kernel::LockHolders;

/// Why something below the state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder refused.
    #[error("cannot {what} {path}: {source}{}", hint(source))]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// Another process works on it.
    #[error("another call has been working on {path} for {seconds} s: try again later; {holders}")]
    Busy {
        /// The file.
        path: PathBuf,
        /// How long this call waited.
        seconds: u64,
        /// The other call.
        holders: LockHolders,
    },
    /// A file that cannot be understood.
    #[error("the record {path} cannot be read ({reason}): it was set aside as {aside}")]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line and what is wrong with it.
        reason: String,
        /// Where it is now.
        aside: PathBuf,
    },
}

impl Error {
    /// For `map_err`: what was tried on which file.
    pub fn io<'a>(what: &'static str, path: &'a Path) -> impl Fn(std::io::Error) -> Self + use<'a> {
        move |source| Self::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }
}

impl Error {
    /// Whether the file system has no room.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Io { source, .. } if is_full(source))
    }
}

/// Whether an error says that the file system has no room, for a block or for another file.
pub fn is_full(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded
    )
}

/// What would help against an error of the file system.
fn hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        _ if is_full(error) => ": free some space there, or a file where there are too many",
        ErrorKind::ReadOnlyFilesystem => {
            ": it is mounted read-only; folders.state of the node's policy names another one"
        }
        _ => "",
    }
}

/// The folder of a node's state, which need not exist yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFolder {
    path: PathBuf,
}

impl StateFolder {
    /// The state below `path`.
    pub fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The journal's part of it.
    pub fn attachments(&self) -> PathBuf {
        self.path.join("attachments")
    }

    /// The holds' part of it.
    pub fn functions(&self) -> PathBuf {
        self.path.join("functions")
    }

    /// Where files are kept that could not be read.
    pub fn corrupt(&self) -> PathBuf {
        self.path.join("corrupt")
    }

    /// The lock of those who make RDMA devices again.
    pub fn rdma_lock(&self) -> PathBuf {
        self.path.join("rdma.lock")
    }

    /// The lock of the node's rule for routes to pods.
    pub fn rule_lock(&self) -> PathBuf {
        self.path.join("rule.lock")
    }

    /// The lock of those who make or remove links that pods share.
    pub fn links_lock(&self) -> PathBuf {
        self.path.join("links.lock")
    }
}

/// Makes a folder and those above it, for root alone.
///
/// # Errors
///
/// [`Error::Io`] when that fails.
pub fn create_folder(folder: &Path) -> Result<(), Error> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(Error::io("create the folder", folder))
}

/// Removes a file; one that is not there is removed.
///
/// # Errors
///
/// [`Error::Io`] when it stays.
pub fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Whether there is something at a path; a link counts, wherever it leads.
///
/// # Errors
///
/// [`Error::Io`] where the kernel does not say.
pub fn exists(path: &Path) -> Result<bool, Error> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if is_absence(&error) => Ok(false),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}

/// The names in a folder in order; none when there is no such folder.
///
/// # Errors
///
/// [`Error::Io`] where it cannot be read: what is in it is not known then.
pub fn entries(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absence(&error) => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("list", folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(Error::io("list", folder))?.file_name();
        // Ours are texts.
        names.extend(name.into_string());
    }
    names.sort();
    Ok(names)
}

/// Whether an error says that nothing is there. Any other one says nothing of what is there.
fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// What to do about a file to lock that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Make it, and the folders above it.
    Create,
    /// There is nothing to lock.
    Ignore,
}

/// How long one waits for a process that is stopped. One that works may need longer: it ends by itself.
const STOPPED_PATIENCE: Duration = Duration::from_secs(2);

/// How often a lock is tried while another process has it.
const LOCK_INTERVAL: Duration = Duration::from_millis(5);

/// Opens and locks a file for this process alone, waiting for up to `patience`. It is a
/// flock(2), so the kernel drops it when its holder dies. None when there is no such file.
///
/// The last holder may have removed the file: then the lock is on one that nobody finds any
/// more, and it is tried again.
///
/// # Errors
///
/// [`Error::Busy`] after `patience`; [`Error::Io`] when the file cannot be used.
pub fn lock(path: &Path, missing: Missing, patience: Duration) -> Result<Option<File>, Error> {
    let begin = Instant::now();
    let mut look = STOPPED_PATIENCE;
    loop {
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(missing == Missing::Create)
            .truncate(false)
            .mode(0o600)
            // A named pipe in its place is refused below.
            .custom_flags(nix::libc::O_NONBLOCK)
            .open(path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                if missing == Missing::Ignore {
                    return Ok(None);
                }
                // Either the first of its folder, or the last one was just removed.
                match path.parent().map(create_folder) {
                    // A DEL removed a folder above it at this moment.
                    Some(Err(Error::Io { source, .. })) if source.kind() == ErrorKind::NotFound => {
                    }
                    Some(made) => made?,
                    None => {}
                }
                if begin.elapsed() > patience {
                    return Err(Error::io("create", path)(error));
                }
                continue;
            }
            // DEL can still undo what the file says; only the file itself stays.
            Err(error)
                if error.kind() == ErrorKind::ReadOnlyFilesystem && missing == Missing::Ignore =>
            {
                File::open(path).map_err(Error::io("open", path))?
            }
            Err(error) => return Err(Error::io("open", path)(error)),
        };
        match file.try_lock() {
            Ok(()) if is_at(&file, path)? => return Ok(Some(file)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let waited = begin.elapsed();
                if waited > look.min(patience) {
                    let holders = LockHolders::of([path]);
                    if waited > patience || holders.is_any_stopped() {
                        return Err(Error::Busy {
                            path: path.to_owned(),
                            seconds: waited.as_secs(),
                            holders,
                        });
                    }
                    look = waited + STOPPED_PATIENCE;
                }
                std::thread::sleep(LOCK_INTERVAL);
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
        }
    }
}

/// Whether an open file is still the one at its path.
fn is_at(file: &File, path: &Path) -> Result<bool, Error> {
    let held = file.metadata().map_err(Error::io("read", path))?;
    if !held.is_file() {
        let reason = std::io::Error::new(ErrorKind::InvalidInput, "it is not a regular file");
        return Err(Error::io("use", path)(reason));
    }
    match fs::metadata(path) {
        Ok(there) => Ok(there.ino() == held.ino() && there.dev() == held.dev()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::io("look at", path)(error)),
    }
}
