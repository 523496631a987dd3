//! The database: its table, how it is opened, and its errors in our words.
//!
//! The file need not survive a power cut whole (what is damaged is made again), only a process that is killed, so
//! nothing is forced to disk (`synchronous=OFF`): what a process has written is the kernel's when it dies. What it left
//! half done is in the rollback journal beside the file, from which the next one to open it goes back.
//!
//! The library is built with the settings of `.cargo/config.toml`. Without them it works the same, but is larger and
//! slower: most of a call's time goes into what SQLite allocates and parses before the first row.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use crate::connection::{self, first_bytes};
use crate::entries;
use crate::error::{Error, Fault};
use crate::keys::Kind;

/// The number of the layout that `keys` and `values` describe. Raise it with any change to a key or a value. 1 was five
/// tables.
pub(crate) const LAYOUT: u32 = 3;
/// The layout that is this one without [`Kind::Held`].
const LAYOUT_WITHOUT_HELD: u32 = 2;
/// In the header beside the layout's number (SQLite, "Database File Format", "Application ID"): "plb", so
/// that one flipped bit makes a damaged file and not one of another version.
const APPLICATION: u32 = u32::from_be_bytes(*b"plb\0");
/// How long to wait for another process's transaction, which takes well under a millisecond. The runtimes wait for a
/// CNI call for two minutes or more, so a call that gives up has time to undo what it did.
pub(crate) const PATIENCE: Duration = Duration::from_secs(4);

/// One table, whatever an entry is: each call parses what is here, and prepares its statements, before the first row.
const SCHEMA: &str = "CREATE TABLE entries(key PRIMARY KEY, value) WITHOUT ROWID";

/// Which file a name means: device and inode.
pub type FileId = (u64, u64);

pub(crate) fn id(metadata: &fs::Metadata) -> FileId {
    (metadata.dev(), metadata.ino())
}

/// What is at a path.
pub(crate) enum Found {
    Nothing,
    Database(FileId, connection::Database),
    /// One of an earlier layout, which is not read.
    Former(FileId),
    Damaged(FileId, String),
}

/// Opens the database at `path` if there is one. A link is not followed: the state folder is root's, a link in it is
/// not ours.
pub(crate) fn open(path: &Path) -> Result<Found, Error> {
    let failed = |doing| {
        move |source| Error::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    };
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        found => found.map_err(failed("look at"))?,
    };
    let id = id(&metadata);
    if !metadata.is_file() {
        return Ok(Found::Damaged(id, "it is not a regular file".to_owned()));
    }
    let header = first_bytes(path, 100).map_err(failed("read"))?;
    if let Some(reason) = damage(&header) {
        return Ok(Found::Damaged(id, reason));
    }
    let layout = word(&header, 60);
    match layout {
        LAYOUT | LAYOUT_WITHOUT_HELD => {}
        ..LAYOUT => return Ok(Found::Former(id)),
        found => {
            return Err(Error::Layout {
                path: path.to_owned(),
                found,
                known: LAYOUT,
            });
        }
    }
    let connect = || {
        let connection = connect(path)?;
        if layout == LAYOUT_WITHOUT_HELD {
            add_held(&connection, path)?;
        }
        Ok(connection)
    };
    match connect() {
        Ok(connection) => Ok(Found::Database(id, connection)),
        Err(fault) => match error(path, "open", fault) {
            Error::Corrupt { reason, .. } => Ok(Found::Damaged(id, reason)),
            error => Err(error),
        },
    }
}

/// What is wrong with the first bytes of a file ("Database File Format", "The Database Header"). SQLite checks more,
/// but would open a file that claims to have a write-ahead log with one, whose index it maps into memory.
fn damage(header: &[u8]) -> Option<String> {
    if header.len() < 100 {
        return Some(format!("it has only {} bytes", header.len()));
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Some("it does not begin as an SQLite database".to_owned());
    }
    if header[18..20] != [1, 1] {
        return Some("its header asks for a write-ahead log".to_owned());
    }
    if word(header, 68) != APPLICATION | word(header, 60) {
        return Some("its header does not say which layout it has".to_owned());
    }
    None
}

fn word(header: &[u8], at: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&header[at..at + 4]);
    u32::from_be_bytes(bytes)
}

/// Makes the table, and the markers in it, in the empty file at `path`.
pub(crate) fn create(path: &Path) -> Result<connection::Database, Fault> {
    let connection = connect(path)?;
    // Nobody finds it before it is complete.
    connection.execute_batch(&format!("PRAGMA journal_mode=MEMORY; {SCHEMA}"))?;
    write_layout(&connection)?;
    for kind in Kind::ALL {
        entries::put(&connection, &kind.marker(), &[])?;
    }
    Ok(connection)
}

fn write_layout(db: &Connection) -> Result<(), Fault> {
    let application = APPLICATION | LAYOUT;
    Ok(db.execute_batch(&format!(
        "PRAGMA application_id={application}; PRAGMA user_version={LAYOUT}"
    ))?)
}

/// Makes of a store without [`Kind::Held`] one of this layout, which holds nothing.
fn add_held(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let add = || {
        let behavior = TransactionBehavior::Immediate;
        let transaction = Transaction::new_unchecked(connection, behavior)?;
        entries::put(&transaction, &Kind::Held.marker(), &[])?;
        write_layout(&transaction)?;
        Ok(transaction.commit()?)
    };
    match add() {
        // Whoever takes something out needs no room for this, and asks for nothing that is held.
        Err(Fault::Engine(error))
            if is_full(path) || error.sqlite_error_code() == Some(ErrorCode::DiskFull) =>
        {
            Ok(())
        }
        added => added,
    }
}

fn connect(path: &Path) -> Result<connection::Database, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = connection::Database::open(path, flags)?;
    // SQLite's own waits become longer and longer, so that the last of many waits longest.
    connection.busy_handler(Some(|tries: i32| {
        std::thread::sleep(INTERVAL);
        u128::from(tries.unsigned_abs()) * INTERVAL.as_millis() < PATIENCE.as_millis()
    }))?;
    // The journal is emptied and not removed at the end of a transaction: half the cost, and nothing stays in it
    // that could be taken for one to go back from.
    connection.execute_batch(
        "PRAGMA cell_size_check=ON; PRAGMA synchronous=OFF; PRAGMA journal_mode=TRUNCATE",
    )?;
    Ok(connection)
}

/// How long to wait before the next try.
const INTERVAL: Duration = Duration::from_millis(1);

/// What was tried, on which file, and what came of it.
pub(crate) fn error(path: &Path, doing: &'static str, fault: Fault) -> Error {
    let path = path.to_owned();
    let source = match fault {
        Fault::Damaged(reason) => return Error::Corrupt { path, reason },
        Fault::Engine(source) => source,
    };
    let code = source.sqlite_error_code();
    // SQLite does not say why. The kernel does, to one who opens something as well: not the file itself, see `open`.
    if code == Some(ErrorCode::CannotOpen)
        && let Err(source) = fs::File::open(path.parent().unwrap_or(&path))
    {
        return Error::Io {
            doing,
            path,
            source,
        };
    }
    match code {
        Some(ErrorCode::DiskFull) => Error::FolderFull { doing, path },
        // A journal that cannot be made or grow says only that.
        Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) if is_full(&path) => {
            Error::FolderFull { doing, path }
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy {
            doing,
            path,
            seconds: PATIENCE.as_secs(),
        },
        Some(
            ErrorCode::CannotOpen
            | ErrorCode::SystemIoFailure
            | ErrorCode::PermissionDenied
            | ErrorCode::ReadOnly
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport,
        ) => Error::Engine {
            doing,
            path,
            source,
        },
        // Our statements are right where the table is ours: one that is not there is damage as well.
        _ => Error::Corrupt {
            path,
            reason: source.to_string(),
        },
    }
}

fn is_full(path: &Path) -> bool {
    const ALMOST_NOTHING: u64 = 64 * 1024;
    let folder = path.parent().unwrap_or(path);
    statvfs(folder).is_ok_and(|folder| {
        let no_file = folder.files() > 0 && folder.files_available() == 0;
        no_file || folder.blocks_available() * folder.fragment_size() < ALMOST_NOTHING
    })
}
